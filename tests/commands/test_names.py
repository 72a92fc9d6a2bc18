"""Names that the cluster does not know, through the door: one line on stderr, and what the job shows afterwards."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import Cli, Result


def test_unknown_names_are_taken_with_one_line(cli: Cli) -> None:
    done = cli("sbatch", "--wait", "-p", "v100", "-A", "team", "--wrap", "echo $SLURM_JOB_PARTITION $SLURM_JOB_ACCOUNT", "-o", "out")
    said = "partition v100 (debug is used), account team (kept with the job)"
    assert done == Result("Submitted batch job 1\n", f"sbatch: warning: this cluster does not know {said}\n", 0)
    assert (cli.directory / "out").read_text() == "v100 team\n"
    assert cli("sacct", "-n", "-X", "-P", "-o", "Partition,Account").stdout == "v100|team\n"
    assert "PartitionName" not in cli("scontrol", "show", "partition", "v100").stdout


def test_they_are_refused_where_the_user_wants_that(run: Callable[..., Result]) -> None:
    done = run("sbatch", "-p", "v100", "--wrap", "true", env={"MLSPACE_UNKNOWN_NAMES": "refuse", "MLSPACE_LOCAL_CPUS": "2"})
    assert (done.stdout, done.code) == ("", 1)
    assert done.stderr.splitlines()[:3] == [
        "sbatch: error: invalid partition specified: v100",
        "sbatch: error: Batch job submission failed: Invalid partition name specified",
        "sbatch: error:   the partitions here are debug",
    ]


def test_a_mistake_in_the_file_is_said_before_anything_is_submitted(cli: Cli) -> None:
    file = cli.directory / "home" / ".config" / "mlspace" / "config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("partitions: {a: {max_nodes: many}}\n")
    file.chmod(0o600)
    done = cli("sbatch", "--wrap", "true", env={"HOME": str(cli.directory / "home")})
    assert done.stderr.splitlines()[0] == f"sbatch: error: {file}: partitions.a.max_nodes: many: not a valid value"
    assert (done.stdout, done.code) == ("", 1)


def test_a_job_in_a_partition_stays_on_its_nodes(cli: Cli) -> None:
    shape = {"MLSPACE_LOCAL_PARTITIONS": "debug=ALL*,last=4", "MLSPACE_LOCAL_NODES": "4"}
    assert cli("srun", "-p", "last", "hostname", env=shape).stdout == "n4\n"
    assert cli("srun", "-w", "n3", "-N2", "--contiguous", "-x", "n4", "-l", "hostname", env=shape).stdout == "0: n2\n1: n3\n"
