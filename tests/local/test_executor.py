"""What a job's processes get, write and leave; and that nothing survives the end of a job."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.local.conftest import REGION, Client, Gateway, processes_with


def sleepers(word: str) -> list[int]:
    """Processes `sleep <word>` themselves, not those whose script mentions them."""
    found = []
    for pid in processes_with(word):
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\0%s\0" % word.encode():
                found.append(pid)
        except OSError:
            continue
    return found


@pytest.fixture
def word(tmp_path: Path) -> str:
    """A number of seconds that no other test sleeps."""
    return f"{os.getpid()}.{abs(hash(str(tmp_path))) % 10**9}"


def stubborn(word: str) -> str:
    """A tree that ignores TERM, with a part in a session of its own whose parent has gone."""
    return f"bash -c 'trap \"\" TERM; (setsid sleep {word} &); sleep {word} & while true; do sleep {word}; done'"


def test_environment_of_a_rank_is_mpiruns_and_nothing_of_the_starters(client: Client) -> None:
    name = client.submit("env", n_workers=2, processes_per_worker=2, env_variables={"MINE": "a b", "NUMBER": 3, "YES": True})
    assert client.wait(name) == "succeeded"
    written = client.output(name)
    ranks = [dict(line.split("=", 1) for line in written[f"{rank} stdout"].splitlines()) for rank in range(4)]
    assert not any("SECRET" in variable or variable.startswith("MLSPACE") for variable in ranks[0])
    assert (ranks[0]["MINE"], ranks[0]["NUMBER"], ranks[0]["YES"]) == ("a b", "3", "True")
    own = ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "PMIX_RANK", "PMIX_HOSTNAME", "HOSTNAME")
    nodes = client.get(f"/jobs/{name}/nodes")["node_names"]
    assert [tuple(rank[variable] for variable in own) for rank in ranks] == [
        (str(rank), str(rank % 2), str(rank), nodes[rank // 2], nodes[rank // 2]) for rank in range(4)
    ]
    for rank in ranks:
        assert (rank["OMPI_COMM_WORLD_SIZE"], rank["OMPI_COMM_WORLD_LOCAL_SIZE"], rank["OMPI_UNIVERSE_SIZE"]) == ("4", "2", "4")
        assert re.fullmatch(r"\d+\.0;tcp://127\.0\.\d\.1:\d+", rank["OMPI_MCA_orte_hnp_uri"])
    assert {rank["PMIX_NAMESPACE"] for rank in ranks} == {ranks[0]["PMIX_NAMESPACE"]}


def test_arguments_are_the_scripts_words_and_the_flags_in_order(client: Client) -> None:
    script = f"{sys.executable} -c 'import sys; print(sys.argv[1:])' \"two words\" $HOME"
    name = client.submit(script, flags={"z": 1, "long": "x y", "a": "$(id)", "empty": ""})
    client.wait(name)
    expected = str(["two words", "$HOME", "-z", "1", "--long=x y", "-a", "$(id)", "--empty="])
    assert client.output(name)["0 stdout"] == expected + "\n"


def test_log_is_stamped_tagged_whole_lines_and_tail_is_reversed(client: Client) -> None:
    name = client.submit("printf 'one\\ntwo\\nno end'")
    client.wait(name)
    plain, verbose = client.log(name), client.log(name, verbose=True)
    assert plain.startswith(f" \nℹ️ NODES INFO\nNodes: n1.{REGION}\n \nJob {name} (binary) is starting...\n")
    assert plain.endswith("[1,0]<stdout>:one\n[1,0]<stdout>:two\n[1,0]<stdout>:no end\n")
    assert re.search(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \[1,0\]<stdout>:two$", verbose, re.M)
    assert client.log(name, tail=2) == "[1,0]<stdout>:no end\n[1,0]<stdout>:two\n"
    assert len(client.log(name, tail=1000).splitlines()) == len(plain.splitlines()) - 4


def test_binary_output_goes_through_unchanged(client: Client) -> None:
    data = bytes(range(256)) * 4000
    name = client.submit(f"{sys.executable} -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 4000)'")
    client.wait(name)
    log = client.call("GET", f"/jobs/{name}/logs?region={REGION}&verbose=false").content
    lines = [line for line in log.split(b"\n") if line.startswith(b"[1,0]<stdout>:")]
    assert b"\n".join(line.removeprefix(b"[1,0]<stdout>:") for line in lines) == data


def test_a_long_line_is_broken_not_kept(client: Client) -> None:
    name = client.submit(f"{sys.executable} -c 'print(\"x\" * 1000000)'")
    client.wait(name)
    lines = client.output(name)["0 stdout"].splitlines()
    assert len(lines) > 1
    assert "".join(lines) == "x" * 1_000_000


def test_log_of_a_running_job_is_a_stream_that_ends_with_it(client: Client, tmp_path: Path) -> None:
    go = tmp_path / "go"
    name = client.submit(f"bash -c 'echo first; while [ ! -e {go} ]; do sleep 0.02; done; echo last'")
    client.wait(name, "running")
    with client.session.get(f"{client.url}/jobs/{name}/logs?region={REGION}&verbose=False", stream=True, timeout=20) as answer:
        lines = answer.iter_lines()
        while next(lines) != b"[1,0]<stdout>:first":
            pass
        go.touch()
        assert list(lines) == [b"[1,0]<stdout>:last"]
    assert client.wait(name) == "succeeded"


def test_a_missing_program_fails_as_mpirun_says_it(client: Client) -> None:
    name = client.submit("/no/such/program --x")
    assert client.wait(name) == "failed"
    log = client.log(name)
    assert "mpirun was unable to launch the specified application as it could not access\nor execute an executable:" in log
    assert "Executable: /no/such/program\nNode: n1\n" in log


def test_a_failed_rank_ends_the_others(client: Client, word: str) -> None:
    name = client.submit(f"bash -c '[ $OMPI_COMM_WORLD_RANK = 1 ] && exit 3; exec sleep {word}'", n_workers=3)
    assert client.wait(name) == "failed"
    assert sleepers(word) == []
    assert "mpirun: rank 1 on node n2 exited with code 3" in client.log(name)


def test_what_a_job_leaves_behind_ends_with_it(client: Client, word: str) -> None:
    assert client.wait(client.submit(f"bash -c '(setsid sleep {word} &); setsid sleep {word} & true'")) == "succeeded"
    assert sleepers(word) == []


def test_delete_ends_a_stubborn_tree(client: Client, word: str) -> None:
    name = client.submit(stubborn(word), n_workers=2, processes_per_worker=2)
    wait_until(lambda: len(sleepers(word)) == 12, "all sleepers")
    client.delete(name)
    assert client.state(name) in ("completing", "deleted")
    assert client.wait(name) == "deleted"
    assert sleepers(word) == []
    assert client.wait(client.submit("true", n_workers=3, instance_type="cpu.2C.1000M")) == "succeeded", "its nodes are free again"


def test_delete_lets_a_program_end_by_itself(client: Client, word: str) -> None:
    name = client.submit(f"bash -c 'trap \"echo bye; exit 0\" TERM; sleep {word} & wait'")
    wait_until(lambda: sleepers(word), "the program")
    client.delete(name)
    assert client.wait(name) == "deleted"
    assert client.output(name)["0 stdout"] == "bye\n"


def test_delete_of_a_waiting_job(client: Client, word: str) -> None:
    holding = client.submit(f"sleep {word}", n_workers=3, instance_type="cpu.2C.1M")
    waiting = client.submit("true")
    assert client.state(waiting) == "pending"
    assert client.log(waiting) == f"Job {waiting} in queue. Try later"
    client.delete(waiting)
    assert client.state(waiting) == "deleted"
    client.delete(holding)
    client.wait(holding)


@pytest.mark.parametrize("victim", ["guardian", "supervisor"])
def test_a_killed_executor_ends_its_job(serve: Callable[..., Gateway], word: str, victim: str) -> None:
    gateway = serve("--quick", "--kill-grace", "0.5")
    client = gateway.client()
    name = client.submit(stubborn(word), n_workers=2)
    wait_until(lambda: len(sleepers(word)) == 6, "all sleepers")
    os.kill(json.loads((gateway.state / "jobs" / name / "status.json").read_text())[victim], signal.SIGKILL)
    assert client.wait(name) == "failed"
    assert sleepers(word) == []
    assert client.wait(client.submit("true", n_workers=3, instance_type="cpu.2C.1000M")) == "succeeded"


def test_a_job_outlives_a_killed_gateway(serve: Callable[..., Gateway], tmp_path: Path) -> None:
    go = tmp_path / "go"
    gateway = serve("--quick")
    client = gateway.client()
    program = f"bash -c 'echo before; while [ ! -e {go} ]; do sleep 0.02; done; echo after'"
    name = client.submit(program, n_workers=3, instance_type="cpu.2C.1000M")
    ended = client.submit(program, n_workers=1)
    client.wait(name, "running")
    gateway.stop(signal.SIGKILL)
    client = serve("--quick").client()
    assert (client.state(name), client.state(ended)) == ("running", "pending")
    go.touch()
    assert (client.wait(name), client.wait(ended)) == ("succeeded", "succeeded")
    assert client.output(name)["2 stdout"] == "before\nafter\n"


def test_a_job_that_ends_while_no_gateway_runs(serve: Callable[..., Gateway], tmp_path: Path) -> None:
    go = tmp_path / "go"
    gateway = serve("--quick")
    name = gateway.client().submit(f"bash -c 'while [ ! -e {go} ]; do sleep 0.02; done; echo done; exit 4'")
    gateway.client().wait(name, "running")
    gateway.stop(signal.SIGKILL)
    go.touch()
    status = gateway.state / "jobs" / name / "status.json"
    wait_until(lambda: "completed_at" in json.loads(status.read_text()), "the job's end")
    client = serve("--quick").client()
    assert client.state(name) == "failed"
    assert client.output(name)["0 stdout"] == "done\n"


def test_an_adopted_job_can_be_deleted(serve: Callable[..., Gateway], word: str) -> None:
    gateway = serve("--quick", "--kill-grace", "0.3")
    name = gateway.client().submit(stubborn(word))
    wait_until(lambda: len(sleepers(word)) == 3, "all sleepers")
    gateway.stop(signal.SIGKILL)
    client = serve("--quick").client()
    client.delete(name)
    assert client.wait(name) == "deleted"
    assert sleepers(word) == []


def test_what_is_left_half_written_stops_nothing(serve: Callable[..., Gateway]) -> None:
    gateway = serve("--quick")
    name = gateway.client().submit("true")
    gateway.client().wait(name)
    gateway.stop()
    jobs = gateway.state / "jobs"
    (jobs / ".lm-mpi-job-draft").mkdir()
    (jobs / "lm-mpi-job-empty").mkdir()
    (jobs / "lm-mpi-job-torn").mkdir()
    (jobs / "lm-mpi-job-torn" / "job.json").write_text('{"name": "lm-mpi')
    (jobs / "lm-mpi-job-other").mkdir()
    (jobs / "lm-mpi-job-other" / "job.json").write_text('{"name": 1}')
    client = serve("--quick").client()
    assert [job["job_name"] for job in client.get(f"/jobs?region={REGION}")["jobs"]] == [name]
    assert not (jobs / ".lm-mpi-job-draft").exists()


def test_a_deletion_that_a_killed_gateway_did_not_carry_out(serve: Callable[..., Gateway], word: str) -> None:
    gateway = serve("--quick")
    name = gateway.client().submit(f"sleep {word}")
    wait_until(lambda: sleepers(word), "the program")
    gateway.stop(signal.SIGKILL)
    (gateway.state / "jobs" / name / "deleted").touch()
    assert serve("--quick").client().wait(name) == "deleted"
    assert sleepers(word) == []
