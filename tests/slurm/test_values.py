"""Single values: good ones with what they mean, bad ones that must be refused. Outcomes are those of sbatch 22.05."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlspace.errors import BadValue
from mlspace.slurm import (
    array,
    binding,
    container,
    count,
    dependency,
    distribution,
    duration,
    frequency,
    gres,
    mailtype,
    reading,
    signal,
    size,
    tres,
)

GOOD: list[tuple[Callable[[str], Any], dict[str, Any]]] = [
    (
        duration.minutes,
        {
            "15": 15,
            "1:00": 1,
            "0:30": 1,
            "48:00": 48,
            "90:30": 91,
            "1:30:00": 90,
            "100:00:00": 6000,
            "00-24:00": 1440,
            "7-00": 10080,
            "24:0:00": 1440,
            "0-2:0": 120,
            "2-12": 3600,
            "2-12:30": 3630,
            "2-12:30:01": 3631,
            "5-": 7200,
            "007": 7,
            "1:99:99": 161,
            "1-25": 2940,
            "0:01": 1,
            "1:60": 2,
            "1-0:0:1": 1441,
            "0": None,
            "0:0": None,
            "0-0": None,
            "-1": None,
            "UNLIMITED": None,
            "infinite": None,
            "Unlimited": None,
        },
    ),
    (
        size.memory,
        {
            "64G": 65536,
            "64g": 65536,
            "500GB": 512000,
            "100": 100,
            "100M": 100,
            "2048K": 2,
            "4KB": 1,
            "1k": 1,
            "0": 0,
            "1T": 1048576,
            "2tb": 2097152,
            "+5": 5,
            " 7": 7,
            "1025K": 2,
        },
    ),
    (
        count.node_range,
        {"1": [1, 1], "1-3": [1, 3], "1-1": [1, 1], "1k": [1024, 1024], "1K-2k": [1024, 2048], "1m": [1 << 20, 1 << 20], "0": [0, 0]}
        | {" 2": [2, 2], "2 ": [2, 2], "+2": [2, 2], "-1": [1, 1], "-3": [1, 3]},
    ),
    (count.positive, {"1": 1, "+3": 3, " 3": 3, "007": 7, "99999999999": 2**31 - 1}),
    (count.natural, {"0": 0, "60": 60}),
    (
        signal.warning,
        {
            "USR1@120": {"signal": 10, "warn": 120, "batch_only": False, "reservation": False},
            "B:SIGUSR1@120": {"signal": 10, "warn": 120, "batch_only": True, "reservation": False},
            "2@60": {"signal": 2, "warn": 60, "batch_only": False, "reservation": False},
            "usr2": {"signal": 12, "warn": 60, "batch_only": False, "reservation": False},
            "R:TERM": {"signal": 15, "warn": 60, "batch_only": False, "reservation": True},
            "rb:HUP@0": {"signal": 1, "warn": 0, "batch_only": True, "reservation": True},
            "BR:64@65535": {"signal": 64, "warn": 65535, "batch_only": True, "reservation": True},
            "USR1@": {"signal": 10, "warn": 0, "batch_only": False, "reservation": False},
            " USR1 @ 5": {"signal": 10, "warn": 5, "batch_only": False, "reservation": False},
        },
    ),
    (
        gres.resources,
        {
            "gpu": [["gpu", "", None]],
            "gpu:2": [["gpu", "", 2]],
            "gpu:0": [["gpu", "", 0]],
            "gpu:A40": [["gpu", "A40", None]],
            "gpu:3g.71gb:1": [["gpu", "3g.71gb", 1]],
            "gpu:v100:4,nvme:100": [["gpu", "v100", 4], ["nvme", "", 100]],
            "gpu:1K": [["gpu", "", 1024]],
            "gres:gpu:2": [["gpu", "", 2]],
            "none": [],
        },
    ),
    (
        gres.gpus,
        {
            "3": [["gpu", "", 3]],
            "a100:2": [["gpu", "a100", 2]],
            "a100": [["gpu", "a100", None]],
            "a:1,b:2": [["gpu", "a", 1], ["gpu", "b", 2]],
            "": [],
        },
    ),
    (
        mailtype.types,
        {"ALL": ["ALL"], "begin": ["BEGIN"], "BEGIN,REQUE": ["BEGIN"], "BEGIN,END,FAIL": ["BEGIN", "END", "FAIL"], "NONE": ["NONE"]},
    ),
    (distribution.method, {"cyclic": "cyclic", "CYCLIC": "cyclic", "*": "block", "plane=4": "plane=4", "block:cyclic": "block:cyclic"}),
    (
        array.specification,
        {
            "1-3": {"ranges": [[1, 3, 1]], "limit": 0},
            "[1-3]": {"ranges": [[1, 3, 1]], "limit": 0},
            "1-3,": {"ranges": [[1, 3, 1]], "limit": 0},
            "01-03": {"ranges": [[1, 3, 1]], "limit": 0},
            "0-0%1": {"ranges": [[0, 0, 1]], "limit": 1},
            "0-15:4,20%2": {"ranges": [[0, 15, 4], [20, 20, 1]], "limit": 2},
        },
    ),
    (reading.open_mode, {"append": "append", "a": "append", "A": "append", "truncate": "truncate", "trash": "truncate"}),
    (reading.exclusive, {"": True, "user": "user", "USER": "user", "mcs": "mcs"}),
    (reading.nice, {"": 100, "5": 5, "-3": -3, "x": 0, "5.5": 5, "4G": 4}),
    (reading.file_name, {"none": "/dev/null", "None": "/dev/null", "x-%j.out": "x-%j.out", "": ""}),
    (reading.switch, {"": 1, "0": 0, "3": 3}),
    (binding.gpus, {text: text for text in ("closest", "verbose,closest", "none", "map_gpu:0,1")}),
]

BAD: list[tuple[Callable[[str], Any], list[str]]] = [
    (
        duration.minutes,
        [
            "",
            "x",
            "1h",
            "30min",
            "60:",
            "1:-5",
            "1:2:3:4",
            "1-2-3",
            "1-:",
            "1-2:",
            ":5",
            "1:2:",
            " 5",
            "5 ",
            "+5",
            "1.5",
            "unlim",
            "INF",
            "--5",
            "1::2",
        ]
        + ["0x5", "1 2", "-2", "１５", "1-1:1:1:1"],
    ),
    (size.memory, ["", "x", "1.5G", "4 G", "-1", "4P", "4KiB", "4BB", "4B", "G", "B", "4GG", "1e3", "٣G", "4G "]),
    (count.node_range, ["", "x", "1x", "1,2", "1.5", "1-", "99999999999", "3-1", "1-2-3", "=2", "1kk", "k", "a-b", "1 2", "½"]),
    (count.positive, ["", "0", "-1", "x", "1k", "1-2", "0x3", "1.0", "3 ", "+", "-", "٣", "1_000"]),
    (count.natural, ["", "-1", "x", "true"]),
    (
        signal.warning,
        [
            "",
            "x",
            "USR1@x",
            "USR1@70000",
            "B:USR1@65536",
            "0",
            "65",
            "999",
            "SEGV",
            "PIPE",
            "CHLD",
            "B:",
            "X:USR1",
            "BB:USR1",
            "B:R:USR1",
            "@60",
        ]
        + ["SIGSIGUSR1", "USR1@-1", "USR1@1@2", "RTMIN"],
    ),
    (signal.step_warning, ["B:USR1@5", "RB:USR1", "x"]),
    (gres.resources, ["", "gpu:x:y", "gpu:-1", "gpu:a:b:1", ":2", "gpu:", "gpu,,gpu", "gpu:x:", "gpu:a:-1", "none,gpu:-2"]),
    (gres.gpus, ["x:y", "-1", "a:b:1", ":1", "a:", "a:1,,b:1", "a:-1", "1.5:x"]),
    (mailtype.types, ["x", "", "BEGINN,ENDD"]),
    (
        distribution.method,
        ["", "x", "cyc", "plane", "plane=0", "plane=x", "block:arbitrary", "block,x", "a:b:c:d", "plane=2:block", "plane=2,pack"],
    ),
    (array.specification, ["", "4-1", "x", "1-x", "1:2", "1-3:0", "0-10001", "1,,2", "1%x", "-1", "1-3%", "[1-3", "%2", "1 2"]),
    (
        dependency.conditions,
        [
            "x",
            "afterok",
            "afterok:",
            "afterok:x",
            "nope:1",
            "afterok:1,afterany:2?after:3",
            "afterok:1+5",
            "after:1+x",
            "1_x",
            "singleton:1",
        ],
    ),
    (reading.open_mode, ["", "x"]),
    (reading.exclusive, ["x", "users"]),
    (reading.nice, ["99999999999", "2147483646"]),
    (reading.priority, ["-1", "4294967294"]),
    (binding.hint, ["x", "", "nomultithread,x"]),
    (reading.off, ["x", "on"]),
    (reading.yes_no, ["x", "1", "", "y"]),
    (reading.switches, ["x", "", "0", "@5"]),
]


def cases(table: Any) -> list[Any]:
    return [
        pytest.param(parse, text, (values[text] if isinstance(values, dict) else None), id=f"{parse.__name__}-{text!a}")
        for parse, values in table
        for text in values
    ]


@pytest.mark.parametrize(("parse", "text", "value"), cases(GOOD))
def test_a_good_value_means(parse: Callable[[str], Any], text: str, value: Any) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(("parse", "text", "_"), cases(BAD))
def test_a_bad_value_is_refused_with_its_text(parse: Callable[[str], Any], text: str, _: None) -> None:
    with pytest.raises(BadValue) as caught:
        parse(text)
    assert caught.value.text == text


def test_a_backward_node_range_has_slurms_own_sentence() -> None:
    with pytest.raises(BadValue) as caught:
        count.node_range("3-1")
    assert caught.value.explained
    assert caught.value.lines == ("Maximum node count 1 is less than minimum node count 3",)


def test_dependency_conditions() -> None:
    assert dependency.conditions("afterok:20:21,afterany:23") == {
        "all": True,
        "conditions": [
            {"type": "afterok", "jobs": [{"job": 20, "task": None, "delay": 0}, {"job": 21, "task": None, "delay": 0}]},
            {"type": "afterany", "jobs": [{"job": 23, "task": None, "delay": 0}]},
        ],
    }
    assert dependency.conditions("after:7+5?singleton") == {
        "all": False,
        "conditions": [{"type": "after", "jobs": [{"job": 7, "task": None, "delay": 5}]}, {"type": "singleton", "jobs": []}],
    }
    assert dependency.conditions("20_*")["conditions"] == [{"type": "afterany", "jobs": [{"job": 20, "task": "*", "delay": 0}]}]
    assert dependency.conditions("") == {}


def test_repeated_mail_types_add_up_until_none() -> None:
    assert mailtype.join(["BEGIN"], ["END", "BEGIN"]) == ["BEGIN", "END"]
    assert mailtype.join(["BEGIN"], ["NONE"]) == ["NONE"]
    assert mailtype.join(["NONE"], ["END"]) == ["END"]


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [
        (0, "0:00", "00:00:00"),
        (31, "0:31", "00:00:31"),
        (725, "12:05", "00:12:05"),
        (3723, "1:02:03", "01:02:03"),
        (93784, "1-02:03:04", "1-02:03:04"),
    ],
)
def test_elapsed_times_are_written_as_squeue_and_scontrol_do(seconds: int, short: str, long: str) -> None:
    assert duration.format_short(seconds) == short
    assert duration.format_long(seconds) == long


def test_time_limits_survive_writing_and_reading() -> None:
    for minutes in (1, 59, 60, 61, 1439, 1440, 1441, 100000):
        assert duration.minutes(duration.format_limit(minutes)) == minutes
        assert duration.minutes(duration.format_limit(minutes, long=True)) == minutes
    assert duration.format_limit(None) == "UNLIMITED"


@pytest.mark.parametrize(("mib", "text"), [(0, "0"), (100, "100M"), (1500, "1500M"), (2048, "2G"), (1048576, "1T"), (1536, "1536M")])
def test_memory_is_written_as_scontrol_does(mib: int, text: str) -> None:
    assert size.format_memory(mib) == text
    assert size.memory(text) == mib


def test_array_indices_fold_and_unfold() -> None:
    ranges = array.specification("1-5:2,9,8%3")["ranges"]
    assert array.indices(ranges) == [1, 3, 5, 8, 9]
    assert array.fold([1, 3, 5, 7, 9]) == "1,3,5,7,9"
    assert array.fold([1, 3, 5, 7, 9, 11], limit=3) == "1-11:2%3"
    assert array.fold([9, 8, 1, 2, 3, 3], limit=2) == "1-3,8-9%2"
    assert array.fold([7]) == "7"
    assert array.fold([]) == ""
    for wanted in ([0], [0, 2, 4, 6], [1, 2, 4, 8], list(range(100, 200))):
        assert array.indices(array.specification(array.fold(wanted))["ranges"]) == wanted
    for wanted in ([], [0], list(range(0, 9999, 7)), [*range(20000), 30000]):
        assert array.unfold(array.fold(wanted, limit=4)) == wanted


def test_gres_counts_types_and_text() -> None:
    wanted = gres.resources("gpu:a100:2,gpu:v100:1,nvme:3")
    assert gres.count_of("gpu", wanted) == 3
    assert gres.count_of("gpu", None) == 0
    assert gres.format_resources(wanted) == "gres:gpu:a100:2,gres:gpu:v100:1,gres:nvme:3"
    assert gres.format_gpus(gres.gpus("a100:2,v100:1")) == "a100:2,v100:1"
    assert gres.format_gpus(gres.gpus("4")) == "4"
    assert gres.format_resources(gres.resources("gpu,gpu:a100")) == "gres:gpu,gres:gpu:a100"
    assert gres.format_gpus(gres.gpus("a100")) == "a100"
    assert gres.count_of("gpu", gres.resources("gpu,gpu:a100:2")) == 3
    assert gres.others(gres.resources("gpu:2,nvme,shard:0,tmp:3")) == ["nvme", "tmp"]


@pytest.mark.parametrize(
    ("parse", "text", "line"),
    [
        (frequency.cpu, "x", 'unrecognized --cpu-freq argument "x"'),
        (frequency.cpu, "high-low", "min cpu-frec (high) must be < max cpu-freq (low)"),
        (frequency.cpu, "low:OnDemand", "gov on cpu-frec (OnDemand) illegal without max"),
        (frequency.cpu, "1-2:x", "illegal governor: x on --cpu-freq"),
        (frequency.cpu, "powersave", "governor of PowerSave is not allowed in slurm.conf"),
        (binding.memory, "local,x", 'unrecognized --mem-bind argument "x"'),
        (binding.memory, "map_mem:x", "Failed to validate number: x, the offending character is x"),
        (binding.cpus, "map_cpu:", 'missing list for "--cpu-bind=map_cpu:<list>"'),
        (binding.cpus, "cores,map_cpu:0,1,x", 'unrecognized --cpu-bind argument "x"'),
        (binding.hint, "nomultithread,x", 'unrecognized --hint argument "x", see --hint=help'),
        (reading.limits, "NOFILE,X", "Bad rlimit name: X"),
        (reading.zero_or_one, "2", "Invalid --wait-all-nodes specification"),
        (reading.switches, "@5", 'Invalid numeric value "" for --switches.'),
        (count.node_range, "1-2-3", '"2-3" is not a valid node count'),
        (distribution.method, "plane=2:block", "Invalid plane size or size not specified"),
    ],
)
def test_a_bad_value_has_slurms_sentence(parse: Callable[[str], Any], text: str, line: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse(text)
    assert caught.value.lines[0] == line


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (frequency.cpu, "low-high:ondemand", "Low-High:OnDemand"),
        (frequency.cpu, "performance", "Performance"),
        (frequency.cpu, "2000000", "2000000"),
        (frequency.gpu, "high,memory=low,verbose", "high,memory=low,verbose"),
        (binding.cpus, "v,mask_cpu:0xff,f0", "v,mask_cpu:0xff,f0"),
        (binding.accelerators, "gvn", "vgn"),
        (reading.limits, "RLIMIT_STACK,CORE", ["STACK", "CORE"]),
        (reading.limits, "NONE", []),
        (reading.profile, "task,energy", ["Energy", "Task"]),
        (reading.priority, "TOP", 4294967293),
        (distribution.method, "*:*", "block:cyclic"),
        (distribution.method, "pack", "pack"),
        (tres.per_task, "cpu=2,gres/gpu:a100=1", {"cpus-per-task": 2, "gpus-per-task": [["gpu", "a100", 1]]}),
        (tres.per_task, "cpu:2,gres/gpu:1", {"cpus-per-task": 2, "gpus-per-task": [["gpu", "", 1]]}),
        (container.image, "docker://cr.example#a/b:1", "cr.example/a/b:1"),
        (container.image, "./x.sqsh", "./x.sqsh"),
    ],
)
def test_words_of_platforms_and_devices(parse: Callable[[str], Any], text: str, value: Any) -> None:
    assert parse(text) == value
