"""The specification's way to `launch`: JSON, flags, files. What C++ reads of it is tested in tests/launcher."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import random
import stat
import string
import typing
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

import pytest

from mlspace.errors import RequestRefused
from mlspace.spec import codec
from mlspace.spec.launch import Env, File, Job, LaunchSpec, Limits, Script, Stdio

LETTERS = string.ascii_letters + string.digits + " \t\n\r'\"\\$`;&|<>/%=,{}[]" + "\0\x1b\x7f" + "éßЖ漢😀\u2028\ufeff" + "\udc80\udcff"
MINIMAL = LaunchSpec("batch", Env("shared"))
JOB = Job(7, "n", "u", "g", 1, 2, "p", "c", "h", "/d", 1, [2], [3])


# Random specifications, and a reader of JSON that knows only the types of launch.py: it shares nothing with the writer.


def some_text(source: random.Random) -> str:
    return "".join(source.choices(LETTERS, k=source.choice((0, 1, 5, 40))))


def some(kind: Any, source: random.Random) -> Any:
    """A random value of a type."""
    if isinstance(kind, UnionType):
        return None if source.random() < 0.3 else some(kind.__args__[0], source)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    size = source.choice((0, 1, 3))
    if origin is not None and len(inner) == 2:
        return {some_key(source): some(inner[1], source) for _ in range(size)}
    if origin is not None:
        return [some(inner[0], source) for _ in range(size)]
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{field.name: some(hints[field.name], source) for field in dataclasses.fields(kind)})  # type: ignore[operator]
    if kind is bool:
        return source.random() < 0.5
    if kind is int:
        return source.randrange(-5, 2**63 - 1)
    assert kind is str, f"no random value of {kind}"
    return some_text(source)


def some_key(source: random.Random) -> str:
    return some_text(source).encode("utf-8", "ignore").decode() + str(source.random())


def read(kind: Any, data: Any) -> Any:
    """A value of a type from its JSON, as docs/protocol.md says it: absent is the default, `in` is `in_`, a text may be {"b64"}."""
    if isinstance(kind, UnionType):
        assert kind.__args__[1] is NoneType
        return None if data is None else read(kind.__args__[0], data)
    inner = typing.get_args(kind)
    if len(inner) == 2:
        return {key: read(inner[1], member) for key, member in data.items()}
    if inner:
        return [read(inner[0], member) for member in data]
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = {field.name.rstrip("_"): field.name for field in dataclasses.fields(kind)}
        return kind(**{names[key]: read(hints[names[key]], member) for key, member in data.items()})  # type: ignore[operator]
    if kind is str and isinstance(data, dict):
        return os.fsdecode(base64.b64decode(data["b64"]))
    assert type(data) is kind
    return data


def as_lists(value: Any) -> Any:
    """The same value with no difference between () and []."""
    return json.dumps(dataclasses.asdict(value))


@pytest.mark.parametrize("seed", range(100))
def test_round_trip(seed: int) -> None:
    spec = some(LaunchSpec, random.Random(seed))
    assert as_lists(read(LaunchSpec, json.loads(codec.encode(spec)))) == as_lists(spec)


def test_round_trip_of_the_minimum() -> None:
    assert codec.encode(MINIMAL) == b'{"role":"batch","env":{"mode":"shared"}}'
    assert read(LaunchSpec, json.loads(codec.encode(MINIMAL))) == MINIMAL


# The JSON.


def test_json_is_compact_utf8_in_the_order_of_the_fields() -> None:
    spec = LaunchSpec("batch", Env("shared", {"B": "ü", "A": "😀"}), script=Script("#!/bin/sh\n", ["a b"], "/x"), work_dir="/данные")
    expected = (
        '{"role":"batch","env":{"mode":"shared","set":{"B":"ü","A":"😀"}},'
        '"script":{"text":"#!/bin/sh\\n","args":["a b"],"name":"/x"},"work_dir":"/данные"}'
    )
    assert codec.encode(spec) == expected.encode()


@pytest.mark.parametrize(
    ("spec", "member", "expected"),
    [
        (LaunchSpec("batch", Env("shared"), stdio=Stdio(in_=File("/a"))), "stdio", {"in": {"path": "/a"}}),
        (LaunchSpec("batch", Env("shared"), stdio=Stdio(out=File("/a", 0, 0))), "stdio", {"out": {"path": "/a", "inode": 0, "owner": 0}}),
        (LaunchSpec("batch", Env("shared"), umask=0), "umask", 0),
        (LaunchSpec("batch", Env("shared"), owner=0), "owner", 0),
        (LaunchSpec("batch", Env("shared"), rlimits={"NOFILE": 2**64 - 1}), "rlimits", {"NOFILE": 2**64 - 1}),
        (LaunchSpec("batch", Env("shared"), limits=Limits(seconds=0, warn=0)), "limits", {"seconds": 0, "warn": 0}),
        (LaunchSpec("batch", Env("shared"), limits=Limits(grace=30, warn=60)), "limits", None),
        (LaunchSpec("batch", Env("shared"), script=Script("")), "script", {"text": ""}),
        (LaunchSpec("tasks", Env("shared"), command=["a", "", "\udcff"]), "command", ["a", "", {"b64": "/w=="}]),
        (LaunchSpec("batch", Env("image", {"A": "a\udc80b", "\udcff": "x"}, named=["A"])), "env",
         {"mode": "image", "set": {"A": {"b64": "YYBi"}}, "named": ["A"]}),
        (LaunchSpec("batch", Env("shared"), job=dataclasses.replace(JOB, nodes=2, restart=1)), "job",
         {"id": 7, "name": "n", "user": "u", "group": "g", "uid": 1, "gid": 2, "partition": "p", "cluster": "c", "submit_host": "h",
          "submit_dir": "/d", "nodes": 2, "cpus_per_node": [2], "tasks_per_node": [3], "restart": 1}),
    ],
)  # fmt: skip
def test_member(spec: LaunchSpec, member: str, expected: Any) -> None:
    """Zero and empty are told where they are not the default; bytes that are no UTF-8 travel as base64, names like that not at all."""
    assert json.loads(codec.encode(spec)).get(member) == expected


def test_encoding_is_the_same_every_time() -> None:
    """The file is looked at again by its checksum after a crash."""
    assert codec.encode(some(LaunchSpec, random.Random(1))) == codec.encode(some(LaunchSpec, random.Random(1)))


def test_line_breaks_of_a_script_stay() -> None:
    text = "#!/bin/sh\r\necho 1\r\n\x00\u2028"
    assert json.loads(codec.encode(dataclasses.replace(MINIMAL, script=Script(text))))["script"]["text"] == text


# The carrier `parts`.


def joined(flags: dict[str, str]) -> bytes:
    return base64.b64decode("".join(flags[f"spec-part-{number}"] for number in range(int(flags["spec-num-parts"]))), validate=True)


def data_of(size: int) -> bytes:
    """JSON of exactly so many bytes."""
    empty = codec.encode(dataclasses.replace(MINIMAL, script=Script("x")))
    return codec.encode(dataclasses.replace(MINIMAL, script=Script("x" * (size - len(empty) + 1))))


@pytest.mark.parametrize(
    ("size", "parts"), [(100, 1), (49_152, 1), (49_153, 2), (codec.INLINE_LIMIT // 4 * 3, 2)], ids=["small", "one-full", "two", "most"]
)
def test_parts(size: int, parts: int) -> None:
    data = data_of(size)
    flags = codec.part_flags(data)
    assert len(data) == size
    assert joined(flags) == data
    assert flags["spec-num-parts"] == str(parts)
    assert sorted(flags) == sorted(["spec-version", "spec-num-parts", "spec-sha256", *(f"spec-part-{number}" for number in range(parts))])
    assert all(len(flags[f"spec-part-{number}"]) <= 65_536 for number in range(parts))
    assert flags["spec-version"] == "1"


@pytest.mark.parametrize("seed", range(10))
def test_checksum_is_of_the_json(seed: int) -> None:
    data = codec.encode(some(LaunchSpec, random.Random(seed)))
    expected = hashlib.sha256(data).hexdigest()
    assert codec.part_flags(data)["spec-sha256"] == expected
    assert codec.file_flags(data, "/f")["spec-sha256"] == expected


def test_flags_need_no_quoting() -> None:
    data = codec.encode(some(LaunchSpec, random.Random(3)))
    allowed = set(string.ascii_letters + string.digits + "+/=-")
    assert all(set(name + value) <= allowed for name, value in codec.part_flags(data).items())


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (dataclasses.replace(MINIMAL, script=Script("x" * 80_000)), ["the script has 80000 characters", "the environment 0"]),
        (
            dataclasses.replace(MINIMAL, env=Env("shared", {"SMALL": "s", "LS_COLORS": "x" * 80_000})),
            ["the script has 0 characters", "the environment 80001, most of it in LS_COLORS; --export=NONE leaves it out"],
        ),
    ],
    ids=["script", "environment"],
)
def test_too_large_for_parts(spec: LaunchSpec, words: list[str]) -> None:
    with pytest.raises(RequestRefused) as caught:
        codec.part_flags(codec.encode(spec))
    error, help_ = caught.value.lines
    assert error.startswith("the job's description is too large for MLSpace: 10")
    assert error.endswith(" characters, 98304 at most")
    assert [word for word in words if word not in help_] == []


def test_largest_size_is_exact() -> None:
    codec.part_flags(data_of(codec.INLINE_LIMIT // 4 * 3))
    with pytest.raises(RequestRefused):
        codec.part_flags(data_of(codec.INLINE_LIMIT // 4 * 3 + 1))


# The carrier `file`.


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "spec with ' and \n.json"
    data = codec.encode(some(LaunchSpec, random.Random(5)))
    old = os.umask(0)
    try:
        codec.write_file(data, str(path))
    finally:
        os.umask(old)
    assert path.read_bytes() == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert codec.file_flags(data, str(path)) == {
        "spec-version": "1",
        "spec-file": str(path),
        "spec-sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_file_takes_the_place_of_an_older_one_in_one_step(tmp_path: Path) -> None:
    """Who has the older one open goes on reading it whole."""
    path = tmp_path / "spec"
    codec.write_file(b"{}", str(path))
    with path.open("rb") as older:
        codec.write_file(b'{"role":"batch"}', str(path))
        assert older.read() == b"{}"
    assert path.read_bytes() == b'{"role":"batch"}'
    assert list(tmp_path.glob("spec*")) == [path]


def test_directory_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        codec.write_file(b"{}", str(tmp_path / "missing" / "spec"))


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "spec").mkdir()  # a file cannot take a directory's name
    with pytest.raises(IsADirectoryError):
        codec.write_file(b"{}", str(tmp_path / "spec"))
    assert [file.name for file in tmp_path.glob("spec*")] == ["spec"]


def test_too_large_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "FILE_LIMIT", 1000)
    codec.write_file(data_of(1000), str(tmp_path / "fits"))
    with pytest.raises(RequestRefused) as caught:
        codec.write_file(data_of(1001), str(tmp_path / "spec"))
    assert caught.value.lines[0] == "the job's description is too large: 1001 bytes, 1000 at most"
    assert "the script has 9" in caught.value.lines[1]
    assert list(tmp_path.glob("spec*")) == []


def test_a_megabyte_of_environment_travels_in_a_file(tmp_path: Path) -> None:
    spec = dataclasses.replace(MINIMAL, env=Env("shared", {f"V{number}": "x" * 1024 for number in range(1024)}))
    codec.write_file(codec.encode(spec), str(tmp_path / "spec"))
    assert read(LaunchSpec, json.loads((tmp_path / "spec").read_bytes())) == spec
