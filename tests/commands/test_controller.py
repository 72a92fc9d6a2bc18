"""`mlspace controller`, and what scontrol ping tells of it."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlspace.state.leadership import Leadership, Term
from mlspace.state.registry import Registry
from tests.conftest import ROOT, Cli, Result, wait_until

UNIT = ROOT / "docs/mlspace-controller.service"
WAITS = ("--begin=now+1hour", "-o", "/dev/null", "--wrap", "true")
"""Words of a job that keeps a controller."""


def term(state: Path) -> Term:
    registry = Registry.open(str(state))
    try:
        return Leadership(registry).term()
    finally:
        registry.close()


def leader(state: Path) -> int:
    """Pid of the controller, when there is one."""
    owner = wait_until(lambda: term(state).owner, "a controller")
    return int(owner.split()[1])


def another_host(name: str) -> list[str]:
    """Words before a command that make this host another one for it."""
    words = ["unshare", "--uts", "sh", "-c", f'hostname {name} && exec "$@"', "sh"]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user can have no host name of its own (unshare --uts)")
    return words


def on(host: list[str], cli: Cli, program: str, *arguments: str) -> Result:
    words = [*host, str(ROOT / "bin" / program), *arguments]
    done = subprocess.run(words, cwd=cli.directory, env=cli.env, capture_output=True, text=True, check=False, timeout=120)
    return Result(done.stdout, done.stderr, done.returncode)


def rows(shown: Result) -> dict[str, str]:
    return dict(re.split(r"  +", line, maxsplit=1) for line in shown.stdout.splitlines())


def test_where_nobody_leads(run: Callable[..., Result], state: Path) -> None:
    shown = run("mlspace", "controller", "status")
    files = {"log": str(state / "controller.log"), "registry": str(state / "registry.sqlite")}
    assert rows(shown) == {"controller": "none leads", "waits for": "nothing", "last error": "none", **files}
    assert shown.code == 1
    stopped = run("mlspace", "controller", "stop")
    assert stopped == ("no controller leads the jobs of this registry\n", "", 0)


def test_one_that_is_stopped_leaves_what_waits_to_the_next(cli: Cli, state: Path) -> None:
    cli("sbatch", *WAITS)
    first = leader(state)
    shown = cli("mlspace", "controller", "status")
    assert shown.code == 0
    assert rows(shown)["controller"] == "leads"
    assert rows(shown)["who"] == f"process {first} on {os.uname().nodename}"
    assert rows(shown)["waits for"] == "jobs: 1 here (1 BeginTime)"
    stopped = cli("mlspace", "controller", "stop")
    assert stopped.stdout.startswith(f"the controller, process {first} on {os.uname().nodename}, has ended\njobs that run go on;")
    assert (stopped.stderr, stopped.code) == ("", 0)
    assert term(state).owner == ""
    assert cli("squeue", "-h", "-o", "%i %r").stdout == "1 BeginTime\n"
    assert term(state).owner == "", "looking starts none"
    cli("sbatch", *WAITS)
    assert leader(state) != first


def test_ping_tells_of_the_leader(cli: Cli, state: Path) -> None:
    up, down = (f"Slurmctld(primary) at {os.uname().nodename.split('.')[0]} is {word}\n" for word in ("UP", "DOWN"))
    assert cli("scontrol", "ping") == (up, "", 0)
    cli("sbatch", *WAITS)
    os.kill(leader(state), signal.SIGKILL)
    wait_until(lambda: cli("scontrol", "ping") == (down, "", 1), "its end to be seen")
    assert rows(cli("mlspace", "controller", "status"))["controller"] == "does not answer, or has been killed"


def test_one_that_was_killed_is_followed_when_somebody_looks(cli: Cli, state: Path) -> None:
    cli("sbatch", *WAITS)
    first = leader(state)
    os.kill(first, signal.SIGKILL)
    cli("squeue")
    wait_until(lambda: leader(state) != first, "another one")


def test_in_the_foreground(cli: Cli, state: Path) -> None:
    arguments = ("controller", "run", "--foreground")
    with cli.start("mlspace", *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        assert process.stdout.readline().decode() == f"mlspace controller: leads the jobs of {state}/registry.sqlite\n"
        other = cli("mlspace", *arguments)
        host = os.uname().nodename
        assert (other.stdout, other.code) == ("", 1)
        assert other.stderr.startswith(f"mlspace: error: process {leader(state)} on {host} leads the jobs of this registry\n")
        cli("sbatch", "-H", "-o", "/dev/null", "--wrap", "true")
        assert cli("scontrol", "release", "1").code == 0
        wait_until(lambda: cli("squeue", "-h").stdout == "", "the end of a job that it has started")
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read().decode() == "mlspace controller: ends: it was told to stop\n"
        assert process.wait() == 0
    assert term(state).owner == ""


def test_from_another_host(cli: Cli, state: Path) -> None:
    host = another_host("elsewhere")
    cli("sbatch", *WAITS)
    first, here = leader(state), os.uname().nodename
    assert rows(on(host, cli, "mlspace", "controller", "status"))["who"] == f"process {first} on {here}"
    assert on(host, cli, "scontrol", "ping").stdout == f"Slurmctld(primary) at {here.split('.')[0]} is UP\n"
    stopped = on(host, cli, "mlspace", "controller", "stop")
    assert stopped.stdout.startswith(f"the controller, process {first} on {here}, has ended\n")
    assert term(state).owner == ""


def test_commands_on_another_host_leave_all_to_the_leader(cli: Cli, state: Path) -> None:
    """What they want is in the registry; the leader sends it, deletes it, holds it back, and makes it run again."""
    host = another_host("elsewhere")
    cli("sbatch", *WAITS)
    leader(state)
    go, waits = cli.directory / "go", f"while [ ! -e {cli.directory}/go ]; do sleep 0.05; done"

    def state_of(job_id: str) -> str:
        return on(host, cli, "squeue", "-h", "-t", "all", "-j", job_id, "-o", "%T").stdout.strip()

    for job_id in ("2", "3", "4"):
        sent = on(host, cli, "sbatch", "-N2", "--exclusive", "--requeue", "-o", "/dev/null", "--wrap", waits)
        assert sent == (f"Submitted batch job {job_id}\n", "", 0)
    registry = Registry.open(str(state))
    wait_until(lambda: [state_of(one) for one in "23"] == ["RUNNING"] * 2, "jobs that the leader has sent")
    assert {one.owner for one in registry.submissions()} == {term(state).owner}
    assert state_of("4") == "PENDING"  # there are four nodes
    assert on(host, cli, "scontrol", "hold", "4").code == 0
    wait_until(lambda: not registry.submissions(job_id=4), "a job that the leader has taken back")
    assert on(host, cli, "scancel", "2").code == 0
    wait_until(lambda: state_of("2") == "CANCELLED", "the end of a running job")
    assert on(host, cli, "scontrol", "requeue", "3").code == 0
    wait_until(lambda: registry.jobs(job_ids=[3])[0].restart_count == 1, "the end of a run")
    assert state_of("4") == "PENDING"
    assert on(host, cli, "scancel", "4").code == 0
    assert state_of("4") == "CANCELLED"
    go.touch()
    wait_until(lambda: state_of("3") == "COMPLETED", "the next run of a job")
    registry.close()
    assert term(state).epoch == 1


@pytest.mark.parametrize("words", [(), ("run",), ("stop", "--foreground"), ("begin",)])
def test_what_there_is_not(run: Callable[..., Result], words: tuple[str, ...]) -> None:
    refused = run("mlspace", "controller", *words)
    assert (refused.stdout, refused.code) == ("", 2)
    assert refused.stderr.startswith("mlspace controller: error: ")


def test_the_unit_for_systemd(run: Callable[..., Result], tmp_path: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/bin/mlspace")
    assert run("mlspace", *arguments, "--help").code == 0
    assert unit["Service"]["KillMode"] == "process"  # jobs go on
    if shutil.which("systemd-analyze") is None:
        return
    there = tmp_path / UNIT.name
    there.write_text(UNIT.read_text().replace(program, str(ROOT / "bin/mlspace")))
    checked = subprocess.run(["systemd-analyze", "verify", str(there)], capture_output=True, text=True, check=False, timeout=60)
    assert UNIT.name not in checked.stderr
