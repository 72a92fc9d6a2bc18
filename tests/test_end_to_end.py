"""The whole chain, as a user at a terminal sees it: bin/<command>, the embedded MLSpace, launch, real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli, processes, wait_until

EXAMPLES = ROOT / "examples"


def processes_with(word: str) -> list[str]:
    return [line for _, line in processes(word)]


def sleeps(seconds: str) -> list[str]:
    """The tasks that sleep so long; not srun, which has the same words behind its own."""
    return [line for line in processes_with(f"sleep {seconds}") if line.split()[0].endswith("sleep")]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def state_of(cli: Cli, job: str) -> str:
    return cli("sacct", "-X", "-n", "-P", "-j", job, "-o", "State").stdout.strip()


def test_training_over_two_nodes(cli: Cli) -> None:
    (cli.directory / "examples").symlink_to(EXAMPLES)
    done = cli("sbatch", "--wait", "examples/train.sbatch")
    output = (cli.directory / "train-1.out").read_text()
    assert (done.stdout, done.stderr, done.code) == ("Submitted batch job 1\n", "", 0), output
    assert re.findall(r"rank (\d) of 4 on (\S+):", output).__len__() == 4
    assert {node for _, node in re.findall(r"rank (\d) of 4 on (\S+):", output)} == {"n1", "n2"}
    assert output.endswith("all 4 ranks agree\n")


def test_a_sweep_and_what_follows_from_it(cli: Cli) -> None:
    environ = {**cli.env, "PATH": f"{ROOT / 'bin'}:{cli.env['PATH']}"}
    said = subprocess.run([EXAMPLES / "sweep.sh"], cwd=cli.directory, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout
    best = said.split()[1]
    wait_until(lambda: state_of(cli, best) == "COMPLETED", "the last job's end")
    assert (cli.directory / f"best-{best}.out").read_text() == "0.5 0\n"


def test_hello_writes_the_default_output_file(cli: Cli) -> None:
    assert cli("sbatch", "--wait", str(EXAMPLES / "hello.sbatch")).code == 0
    assert (cli.directory / "slurm-1.out").read_text() == "hello from n1, job 1\n"


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 1)])
def test_wait_ends_with_the_jobs_exit_code(cli: Cli, command: str, code: int) -> None:
    assert cli("sbatch", "--wait", "--wrap", command).code == code


def test_parsable_wrap_export_and_script_from_stdin(cli: Cli) -> None:
    done = cli("sbatch", "--parsable", "--wait", "--export=NONE,COLOUR=dark red", "--wrap", 'echo "<$COLOUR> <${SECRET-none}>"')
    assert done.stdout == "1\n"
    assert (cli.directory / "slurm-1.out").read_text() == "<dark red> <none>\n"
    script = b'#!/bin/bash\n#SBATCH --job-name=piped\n#SBATCH -o %x.txt\necho "$SLURM_JOB_NAME" "$@"\n'
    assert cli("sbatch", "--wait", stdin=script).code == 0
    assert (cli.directory / "piped.txt").read_text() == "piped\n"
    path = write(cli.directory / "args.sh", script.decode())
    assert cli("sbatch", "--wait", str(path), "one", "two words", "--three").code == 0
    assert (cli.directory / "piped.txt").read_text() == "piped one two words --three\n"


def test_srun_streams_labels_and_gives_the_highest_exit_code(cli: Cli) -> None:
    done = cli("srun", "-N2", "-l", "--image", "cr.example/job-x:1", "--", "sh", "-c", "hostname; exit $((SLURM_PROCID + 3))")
    assert sorted(done.stdout.splitlines()) == ["0: n1", "1: n2"]
    assert done.code == 4
    assert "srun: error: n2: task 1: Exited with exit code 4" in done.stderr


def test_srun_needs_no_image(cli: Cli) -> None:
    done = cli("srun", "-n4", "hostname")
    assert (sorted(done.stdout.split()), done.stderr, done.code) == (["n1", "n1", "n2", "n2"], "", 0)


def test_srun_starts_several_programs(cli: Cli) -> None:
    (cli.directory / "programs").write_text("0 echo first of %t\n1-2 echo %o behind it\n")
    done = cli("srun", "-n3", "--label", "--multi-prog", "programs")
    assert (sorted(done.stdout.splitlines()), done.stderr, done.code) == (["0: first of 0", "1: 0 behind it", "2: 1 behind it"], "", 0)


def test_srun_shows_output_while_the_program_runs(cli: Cli) -> None:
    with cli.start("srun", "sh", "-c", "echo first; read word; echo $word", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == b"first\n"
        process.stdin.write(b"second\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"second\n"
        process.stdin.close()
    assert process.returncode == 0


def test_srun_passes_binary_data_through(cli: Cli) -> None:
    data = os.urandom(300_000) + bytes(range(256))
    with cli.start("srun", "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        out, _ = process.communicate(data, 60)
    assert out == data


def test_control_c_cancels_the_job(cli: Cli) -> None:
    word = f"31{os.getpid()}7"
    with cli.start("srun", "-N2", "sleep", word, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: len(sleeps(word)) == 2, "two tasks")

        def interrupted() -> bool:  # the first only shows how the tasks are, as with real srun; one more within a second ends them
            process.send_signal(signal.SIGINT)
            return process.poll() is not None

        wait_until(interrupted, "the end of srun")
        assert process.returncode != 0
    wait_until(lambda: not processes_with(word), "the end of all processes")
    wait_until(lambda: state_of(cli, "1").startswith("CANCELLED"), "the job's state")


def test_scancel_leaves_no_process_behind(cli: Cli) -> None:
    word = f"32{os.getpid()}7"
    script = f"#!/bin/bash\n#SBATCH -N2 --ntasks-per-node=2\nsetsid sleep {word} &\nsrun sh -c 'setsid sleep {word} & sleep {word}'\n"
    cli("sbatch", stdin=script.encode())
    wait_until(lambda: len(processes_with(f"sleep {word}")) >= 9, "the job's processes")
    assert cli("scancel", "1").code == 0
    wait_until(lambda: not processes_with(word), "the end of all processes")
    wait_until(lambda: state_of(cli, "1") == f"CANCELLED by {os.getuid()}", "the job's state")
    assert "CANCELLED AT" in (cli.directory / "slurm-1.out").read_text()


def test_many_at_once_get_ids_of_their_own_and_all_finish(cli: Cli) -> None:
    count = 50
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [cli.start("sbatch", "--parsable", "--wrap", f"echo {number} > done-{number}", **pipes) for number in range(count)]
    answers = [process.communicate(timeout=120) for process in started]
    assert [error for _, error in answers] == [b""] * count
    assert sorted(int(out) for out, _ in answers) == list(range(1, count + 1))
    wait_until(lambda: len(list(cli.directory.glob("done-*"))) == count, "all jobs", 120)
    wait_until(lambda: cli("squeue", "-h").stdout == "", "an empty queue", 60)
    states = cli("sacct", "-X", "-n", "-P", "-o", "State", "-j", ",".join(map(str, range(1, count + 1)))).stdout.split()
    assert states == ["COMPLETED"] * count


def test_more_work_than_the_cluster_holds_waits_for_resources(cli: Cli) -> None:
    for _ in range(6):
        cli("sbatch", "-n2", "--wrap", "while [ ! -e go ]; do sleep 0.1; done")
    wait_until(lambda: cli("squeue", "-h", "-t", "R", "-o", "%i").stdout.split() == ["1", "2", "3", "4"], "four running jobs")
    waiting = ["5 (Resources)", "6 (Resources)"]
    wait_until(lambda: cli("squeue", "-h", "-t", "PD", "-o", "%i %R").stdout.splitlines() == waiting, "the platform's reasons")
    assert cli("sinfo", "-h", "-o", "%T %D").stdout.split() == ["allocated", "4"]
    (cli.directory / "go").touch()
    wait_until(lambda: cli("squeue", "-h").stdout == "", "an empty queue")
    assert cli("sinfo", "-h", "-o", "%T %D %N").stdout.split() == ["idle", "4", "n[1-4]"]


def test_the_gateway_may_be_killed_at_any_moment(cli: Cli, state: Path) -> None:
    job = cli("sbatch", "--parsable", "--wrap", "while [ ! -e go ]; do sleep 0.1; done; echo survived").stdout.strip()
    wait_until(lambda: cli("squeue", "-h", "-t", "R", "-o", "%i").stdout.strip() == job, "a running job")
    os.kill(json.loads((state / "local" / "endpoint.json").read_text())["pid"], signal.SIGKILL)
    assert cli("squeue", "-h", "-o", "%i %T").stdout == f"{job} RUNNING\n"
    assert cli("sbatch", "--wait", "--wrap", "true").code == 0
    (cli.directory / "go").touch()
    wait_until(lambda: state_of(cli, job) == "COMPLETED", "the end of the job")
    assert (cli.directory / f"slurm-{job}.out").read_text() == "survived\n"


def test_a_node_that_is_killed_fails_the_job(cli: Cli) -> None:
    """All of its processes end; nobody has cancelled it."""
    job = cli("sbatch", "--parsable", "--no-requeue", "-N2", "--wrap", "srun sleep 7654").stdout.strip()
    wait_until(lambda: len(sleeps("7654")) == 2, "the tasks")  # before that the first node waits minutes for the other one
    launchers = [pid for pid, line in processes("--spec-file") if f"{cli.env['MLSPACE_STATE_DIR']}/specs/" in line]
    second = [pid for pid in launchers if b"OMPI_COMM_WORLD_RANK=1\0" in Path(f"/proc/{pid}/environ").read_bytes()]
    os.kill(second[0], signal.SIGKILL)
    wait_until(lambda: state_of(cli, job) == "NODE_FAIL", "the end of the job")
    wait_until(lambda: not processes_with("sleep 7654"), "the end of its processes")


def test_a_killed_sbatch_loses_no_job(cli: Cli) -> None:
    """Kill sbatch at many moments: every job id that exists in the registry comes to its end, none runs twice."""
    number = 0
    while number < 12 or cli("sacct", "-X", "-n").stdout == "":  # on a slow machine it needs longer to come so far
        process = cli.start("sbatch", "--wrap", f"echo x >> ran-{number}", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.03 * number)
        process.kill()
        process.wait()
        number += 1
    wait_until(lambda: cli("squeue", "-h").stdout == "", "an empty queue", 90)
    states = cli("sacct", "-X", "-n", "-P", "-o", "JobID,State", "-S", "2000-01-01").stdout.split()
    assert states
    assert all(line.endswith("|COMPLETED") for line in states), states
    assert [path.read_text() for path in cli.directory.glob("ran-*")] == ["x\n"] * len(states)


@pytest.mark.parametrize("command", ["scontrol requeue $SLURM_JOB_ID", "scancel $SLURM_JOB_ID"])
def test_a_command_that_ends_its_own_job_says_how_it_went(cli: Cli, command: str) -> None:
    """It gets the job's SIGTERM itself, perhaps before the Gateway has answered it."""
    script = f"""#!/bin/bash
trap : TERM
[ "${{SLURM_RESTART_COUNT:-0}}" = 0 ] || exit 0
{command}; echo $? > code
"""
    cli("sbatch", "--requeue", stdin=script.encode())
    wait_until(lambda: (cli.directory / "code").exists() and (cli.directory / "code").read_text(), "the command's end")
    assert (cli.directory / "code").read_text() == "0\n"
    wait_until(lambda: cli("squeue", "-h").stdout == "", "the job's end")


def test_commands_inside_a_job(cli: Cli) -> None:
    """By name, by absolute path, and with SLURM_JOB_ID as the only SLURM_* variable left."""
    bin_directory = ROOT / "bin"
    script = f"""#!/bin/bash
#SBATCH -N2 --ntasks-per-node=1
echo names: $(scontrol show hostnames | tr '\\n' ' ')
echo srun: $(srun hostname | sort | tr '\\n' ' ')
echo absolute: $({bin_directory}/srun -N1 -n1 hostname)
echo queue: $(squeue -h -j $SLURM_JOB_ID -o '%i %T %N')
echo sub: $(sbatch --parsable --wrap 'sleep 300')
scancel 2 && echo cancelled
head -c 100000 /dev/urandom > data; srun -N1 -n1 cat < data | cmp - data && echo same
clean=$(env | sed -n 's/^\\(SLURM[^=]*\\)=.*/\\1/p' | grep -v '^SLURM_JOB_ID$' | sed 's/^/-u /' | tr '\\n' ' ')
bare() {{ env $clean "$@"; }}
echo only-id: $(bare srun hostname | sort | tr '\\n' ' ') $(bare {bin_directory}/srun -N1 -n1 hostname)
echo only-id: $(bare {bin_directory}/squeue -h -j $SLURM_JOB_ID -o %T)
echo id-and-hosts: $(env $clean {bin_directory}/scontrol show hostnames 'a[1-2]' | tr '\\n' ' ')
"""
    done = cli("sbatch", "--wait", stdin=script.encode())
    assert (cli.directory / "slurm-1.out").read_text() == (
        "names: n1 n2\nsrun: n1 n2\nabsolute: n1\nqueue: 1 RUNNING n[1-2]\nsub: 2\ncancelled\nsame\n"
        "only-id: n1 n2 n1\nonly-id: RUNNING\nid-and-hosts: a1 a2\n"
    )
    assert done.code == 0


def test_the_shape_follows_the_environment(cli: Cli) -> None:
    shape = {"MLSPACE_LOCAL_NODES": "8", "MLSPACE_LOCAL_CPUS": "8", "MLSPACE_LOCAL_GPUS": "4", "MLSPACE_LOCAL_MEMORY": "4000"}
    assert cli("sinfo", "-h", "-o", "%D %c %G %N", env=shape).stdout == "8 8 gpu:4 n[1-8]\n"
    done = cli("srun", "-N2", "--gres=gpu:2", "sh", "-c", "echo $CUDA_VISIBLE_DEVICES", env=shape)
    assert done.stdout == "0,1\n0,1\n"


def test_the_older_tools_doors(cli: Cli) -> None:
    module = [sys.executable, "-m", "mlspace"]
    environment = {**cli.env, "PYTHONPATH": str(ROOT)}

    def old(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*module, *arguments], cwd=cli.directory, env=environment, capture_output=True, text=True, timeout=60)

    here = old("-l", "-e", "COLOUR=dark red", "--", "sh", "-c", "echo $COLOUR; exit 5")
    assert (here.stdout, here.returncode) == ("dark red\n", 5)
    dry = old("-i", "cr.example/job-x:1", "-r", "SR006", "-e", "A=b", "-n", "--", "env")
    body = json.loads(dry.stdout)
    assert (dry.returncode, body["base_image"], body["region"], body["type"]) == (0, "cr.example/job-x:1", "SR006", "binary")
    assert cli("squeue", "-h").stdout == ""
    there = old("-i", "cr.example/job-x:1", "-r", "SR006", "-e", "COLOUR=red", "-w", "/tmp", "--", "sh", "-c", "echo $COLOUR; pwd; exit 6")
    assert (there.stdout, there.returncode) == ("red\n/tmp\n", 6)
    shell = old("-i", "cr.example/job-x:1", "-s", "/bin/sh", "--", "echo", "$((40 + 2))")
    assert (shell.stdout, shell.returncode) == ("42\n", 0)
    detached = old("-i", "cr.example/job-x:1", "-d", "--", "sleep", "300")
    assert detached.returncode == 0
    assert cli("scancel", "--me").code == 0
