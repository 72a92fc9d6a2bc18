"""What Open MPI's mpirun says in boxes, where we say the same: programs, and people, know these by sight.

Source: runs of Open MPI 4.1.4; tests/mpi/test_messages.py runs it again.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 74
FORMAT_WIDTH = 76

TIMEOUT_EXIT = 110
"""ETIMEDOUT: what mpirun ends with when --timeout is over."""


def box(*lines: str, width: int = WIDTH) -> list[str]:
    return ["-" * width, *lines, "-" * width]


def wrong_format(option: str, text: str) -> list[str]:
    return box(
        "Open MPI has detected that a parameter given to a command line",
        "option does not match the expected format:",
        "",
        f"  Option: {option}",
        f"  Param:  {text}",
        "",
        "This is frequently caused by omitting to provide the parameter",
        "to an option that requires one. Please check the command line and try again.",
        width=FORMAT_WIDTH,
    )


def negative_ranks(program: str, ranks: int) -> list[str]:
    return box(
        "mpirun has detected that one or more applications was given a negative",
        "number of processes to run:",
        "",
        f"  Application:  {program}",
        f"  Num procs:    {ranks}",
        "",
        "Please correct this value and try again.",
    )


def unknown_policy(kind: str, text: str) -> list[str]:
    """kind: mapping or binding."""
    return box(
        f"The specified {kind} policy is not recognized:",
        "",
        f"  Policy: {text}",
        "",
        "Please check for a typo or ensure that the option is a supported",
        "one.",
    )


def nothing_to_do() -> list[str]:
    return box(
        "mpirun could not find anything to do.",
        "",
        "It is possible that you forgot to specify how many processes to run",
        'via the "-np" argument.',
    )


def no_executable() -> list[str]:
    return box("No executable was specified on the mpirun command line.", "", "Aborting.")


def no_hostfile(path: str) -> list[str]:
    return box("Open RTE was unable to open the hostfile:", f"    {path}", "Check to make sure the path and filename are correct.")


def no_appfile(path: str) -> list[str]:
    return box("Unable to open the appfile:", "", f"    {path}", "", "Double check that this file exists and is readable.")


def no_slots(ranks: int, program: str, hints: Sequence[str]) -> list[str]:
    """hints: what would work, in our words; Open MPI's own speak of host files."""
    return box(
        f"There are not enough slots available in the system to satisfy the {ranks}",
        "slots that were requested by the application:",
        "",
        f"  {program}",
        "",
        *hints,
    )


def no_variable(name: str) -> str:
    return f'Warning: could not find environment variable "{name}"'


def timeout(seconds: int) -> list[str]:
    return box(
        "The user-provided time limit for job execution has been reached:",
        "",
        f"  Timeout: {seconds} seconds",
        "",
        "The job will now be aborted.  Please check your code and/or",
        "adjust/remove the job execution time limit (as specified by --timeout",
        "command line option or MPIEXEC_TIMEOUT environment variable).",
    )


def aborted() -> list[str]:
    return box(
        "Primary job  terminated normally, but 1 process returned",
        "a non-zero exit code. Per user-direction, the job has been aborted.",
    )


def exited(job_id: int, rank: int, code: int) -> list[str]:
    """job_id stands where Open MPI has the number of its mpirun."""
    return box(
        "mpirun detected that one or more processes exited with non-zero status, thus causing",
        "the job to be terminated. The first process to do so was:",
        "",
        f"  Process name: [[{job_id},1],{rank}]",
        f"  Exit code:    {code}",
    )


def killed(rank: int, node: str, signal: int, description: str) -> list[str]:
    return box(f"mpirun noticed that process rank {rank} with PID 0 on node {node} exited on signal {signal} ({description}).")
