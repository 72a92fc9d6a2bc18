"""Arrays, holds, dependencies and requeues as a user at a terminal sees them: real commands, real jobs."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Cli, processes, stop_controller, wait_until


def states(cli: Cli, *arguments: str) -> list[str]:
    """ "1_0 CD" for each job that squeue knows."""
    return sorted(cli("squeue", "-h", "-r", "-t", "all", "-o", "%i %t", *arguments).stdout.splitlines())


def test_an_array_runs_element_by_element(cli: Cli) -> None:
    script = 'echo $SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_COUNT $SLURM_JOB_ID; exit $((SLURM_ARRAY_TASK_ID / 4))'
    done = cli("sbatch", "--wait", "--array=0-4:2", "-o", "%A-%a-%j.txt", "--wrap", script)
    assert (done.stdout, done.stderr, done.code) == ("Submitted batch job 1\n", "", 1)
    files = {path.name: path.read_text() for path in cli.directory.glob("*.txt")}
    assert files == {"1-0-2.txt": "1 0 3 2\n", "1-2-3.txt": "1 2 3 3\n", "1-4-1.txt": "1 4 3 1\n"}
    assert states(cli) == ["1_0 CD", "1_2 CD", "1_4 F"]


def test_no_more_of_an_array_run_at_once_than_its_limit(cli: Cli) -> None:
    script = "echo + >>seen; while [ ! -e go ]; do sleep 0.05; done; echo - >>seen"
    cli("sbatch", "--array=1-5%2", "--wrap", script)
    wait_until(lambda: states(cli).count("1_2 R") == 1, "two running elements")
    shown = "1_[3-5%2] (JobArrayTaskLimit)"
    wait_until(lambda: cli("squeue", "-h", "-t", "PD", "-o", "%i %R").stdout.strip() == shown, "the rest to be explained")
    (cli.directory / "go").touch()
    wait_until(lambda: states(cli) == [f"1_{number} CD" for number in range(1, 6)], "the end of all")
    running = most = 0
    for mark in (cli.directory / "seen").read_text().split():
        running += 1 if mark == "+" else -1
        most = max(most, running)
    assert most == 2


def test_hold_keeps_a_job_until_it_is_cancelled(cli: Cli) -> None:
    cli("sbatch", "-H", "--array=1-3", "--wrap", "true")
    assert cli("squeue", "-h", "-o", "%i %t %r %Q").stdout == "1_[1-3] PD JobHeldUser 0\n"
    cli("scancel", "1")
    assert cli("squeue", "-h", "-t", "all", "-o", "%i %t %r").stdout == "1_[1-3] CA JobHeldUser\n"


def test_released_jobs_run(cli: Cli) -> None:
    cli("sbatch", "-H", "--wrap", "true")
    cli("sbatch", "-H", "--array=1-3", "--wrap", "true")
    assert cli("scontrol", "release", "1", "2_[1,3]").code == 0
    wait_until(lambda: states(cli) == ["1 CD", "2_1 CD", "2_2 PD", "2_3 CD"], "all but the one that is still held")
    assert cli("scontrol", "release", "1").stderr == "Job has already finished for job 1\nslurm_suspend error: Job has already finished\n"


def test_a_job_that_mlspace_has_not_started_can_be_held(cli: Cli) -> None:
    cli("sbatch", "-N4", "--exclusive", "--wrap", "while [ ! -e go ]; do sleep 0.05; done")
    wait_until(lambda: states(cli) == ["1 R"], "the one that has all nodes")
    cli("sbatch", "--wrap", "true")
    cli("scontrol", "uhold", "2")
    (cli.directory / "go").touch()
    wait_until(lambda: "1 CD" in states(cli), "room")
    assert states(cli) == ["1 CD", "2 PD"]
    cli("scontrol", "release", "2")
    wait_until(lambda: states(cli) == ["1 CD", "2 CD"], "the end of both")


def test_a_job_requeues_itself(cli: Cli) -> None:
    """As submitit does at the end of its time: the command in the script ends the script, and the job starts again."""
    script = "echo run ${SLURM_RESTART_COUNT-0}; [ $SLURM_RESTART_COUNT ] && exit; scontrol requeue $SLURM_JOB_ID; sleep 600"
    cli("sbatch", "--open-mode=append", "--wrap", script)
    wait_until(lambda: states(cli) == ["1 CD"], "the second run", 60)
    lines = (cli.directory / "slurm-1.out").read_text().splitlines()
    assert [line for line in lines if line.startswith("run")] == ["run 0", "run 1"]
    assert "Restarts=1" in cli("scontrol", "show", "job", "1").stdout


def test_what_cannot_be_requeued(cli: Cli) -> None:
    cli("sbatch", "--no-requeue", "--wait", "--wrap", "true")
    cli("sbatch", "-H", "--wrap", "true")
    assert cli("scontrol", "requeue", "1,2,9").stderr.splitlines() == [
        "Requested operation is presently disabled for job 1",
        "Job is pending execution for job 2",
        "Invalid job id specified for job 9",
    ]


def test_an_ended_job_can_be_requeued_and_held(cli: Cli) -> None:
    cli("sbatch", "--wait", "--wrap", "true")
    assert cli("scontrol", "requeuehold", "1").code == 0
    held = "(job requeued in held state)"
    assert cli("squeue", "-h", "-o", "%i %t %R").stdout == f"1 PD {held}\n"
    cli("scontrol", "release", "1")
    wait_until(lambda: states(cli) == ["1 CD"], "the second run")
    assert cli("scontrol", "requeuehold", "State=SpecialExit", "1").code == 0
    assert cli("squeue", "-h", "-o", "%i %t %R").stdout == f"1 SE {held}\n"
    assert "JobState=SPECIAL_EXIT Reason=job_requeued_in_held_state" in cli("scontrol", "show", "job", "1").stdout
    assert cli("squeue", "-h", "-t", "PD").stdout == ""
    assert cli("scontrol", "requeue", "1").stderr == "Job is pending execution for job 1\n"
    cli("scontrol", "release", "1")
    wait_until(lambda: states(cli) == ["1 CD"], "the third run")
    cli("scontrol", "requeuehold", "State=SpecialExit", "1")
    assert cli("scancel", "1").code == 0
    assert states(cli) == ["1 CA"]


def test_a_chain_of_dependencies(cli: Cli) -> None:
    order = ["sbatch", "--parsable", "-o", "/dev/null"]
    cli(*order, "--wrap", "while [ ! -e go ]; do sleep 0.05; done; echo 1 >>order")
    cli(*order, "-d", "afterok:1", "--wrap", "echo 2 >>order; exit 3")
    cli(*order, "-d", "afternotok:2", "--wrap", "echo 3 >>order")
    cli(*order, "-d", "afterok:2", "--wrap", "echo never >>order")
    cli(*order, "-d", "afterok:2", "--kill-on-invalid-dep=yes", "--wrap", "echo never >>order")
    shown = cli("squeue", "-h", "-t", "PD", "-o", "%i %r %E").stdout.splitlines()
    assert shown[:2] == ["2 Dependency afterok:1(unfulfilled)", "3 Dependency afternotok:2(unfulfilled)"]
    (cli.directory / "go").touch()
    wait_until(lambda: states(cli) == ["1 CD", "2 F", "3 CD", "4 PD", "5 CA"], "the chain to end")
    assert (cli.directory / "order").read_text() == "1\n2\n3\n"
    assert cli("squeue", "-h", "-o", "%i %r %E").stdout == "4 DependencyNeverSatisfied afterok:2(failed)\n"
    cli("scontrol", "update", "JobId=4", "Dependency=afterany:2", "Name=changed")
    wait_until(lambda: states(cli, "-n", "changed") == ["4 CD"], "what was let go by another dependency")


def test_elements_wait_for_those_they_correspond_to(cli: Cli) -> None:
    cli("sbatch", "--array=1-2", "--wrap", "[ $SLURM_ARRAY_TASK_ID = 1 ] && exit; while [ ! -e go ]; do sleep 0.05; done")
    second = cli("sbatch", "--parsable", "--array=1-2", "-d", "aftercorr:1", "--wrap", "true").stdout.strip()
    wait_until(lambda: states(cli) == ["1_1 CD", "1_2 R", f"{second}_1 CD", f"{second}_2 PD"], "the first element of both")
    (cli.directory / "go").touch()
    wait_until(lambda: states(cli) == ["1_1 CD", "1_2 CD", f"{second}_1 CD", f"{second}_2 CD"], "the others")


def test_a_job_begins_when_it_was_told_to(cli: Cli) -> None:
    cli("sbatch", "--begin=now+2", "--wrap", "date +%s")
    begin = cli("squeue", "-h", "-o", "%r %S").stdout.split()
    assert begin[0] == "BeginTime"
    wait_until(lambda: states(cli) == ["1 CD"], "its time")
    told = cli("sacct", "-n", "-X", "-P", "-o", "eligible,start").stdout.strip().split("|")
    assert told[0] == begin[1] <= told[1]


def test_srun_waits_for_its_dependency(cli: Cli) -> None:
    cli("sbatch", "--wrap", "sleep 0.5; echo first >>order")
    assert cli("srun", "-d", "afterany:1", "sh", "-c", "echo second >>order").code == 0
    assert (cli.directory / "order").read_text() == "first\nsecond\n"


def test_a_killed_controller_is_replaced(cli: Cli) -> None:
    cli("sbatch", "--array=1-8%1", "--wrap", "sleep 0.1")
    stop_controller(Path(cli.env["MLSPACE_STATE_DIR"]))
    cli("sbatch", "-o", "none", "--wrap", "true")  # whoever comes next starts another one
    wait_until(lambda: [line[-2:] for line in states(cli)] == ["CD"] * 9, "all elements", 60)


def test_the_controller_knows_nothing_of_who_started_it(cli: Cli) -> None:
    cli("sbatch", "--wrap", "while [ ! -e go ]; do sleep 0.05; done", env={"SECRET_TOKEN": "x", "SLURM_CLUSTERS": ""})
    state_dir = cli.env["MLSPACE_STATE_DIR"]
    (pid,) = wait_until(lambda: [pid for pid, line in processes(state_dir) if "mlspace.controller.background" in line], "it")
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"SECRET_TOKEN" not in environment
    assert b"SLURM_" not in environment
    wait_until(lambda: Path(f"/proc/{pid}/cwd").readlink() == Path("/"), "its directory")
    (cli.directory / "go").touch()
