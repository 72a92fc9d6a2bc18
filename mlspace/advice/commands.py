"""Commands and paths of other clusters that a job on MLSpace does not have."""

from __future__ import annotations

import re

from mlspace.advice.value import Advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlspace.advice.shell import Line
    from mlspace.advice.value import Facts

MODULE = re.compile(r"(?:^|[;&|(]|\bthen\b|\belse\b|\bdo\b)\s*(?:module\s+(?:-\S+\s+)*(?:load|add|use|purge|swap|restore)|ml\s+(?!-)\w)")
GUARDED = re.compile(r"command\s+-v\s+(?:module|ml)\b|type\s+(?:module|ml)\b|\|\|\s*true\b|2>\s*/dev/null\s*\|\|")

RULES = (
    (
        re.compile(r"\bdirname\s+(?:--\s+)?[\"']?\$(?:0|\{0\}|\{?BASH_SOURCE)|\$\{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\}"),
        "a job runs a copy of its script: the copy's directory is not that of the file you submit",
        'cd "$SLURM_SUBMIT_DIR", or an absolute path',
    ),
    (
        re.compile(r"\$(?:SLURM_TMPDIR\b|\{SLURM_TMPDIR\})"),
        "SLURM_TMPDIR is made by some sites, not by Slurm: it is empty here",
        "${SLURM_TMPDIR:-/tmp}",
    ),
    (
        re.compile(r"/dev/(?:sd[a-z]|nvme\d|md\d|disk/|mapper/)"),
        "a job on MLSpace is a container: the disks of its node are not under /dev",
        "/tmp, or the storage under /home/jovyan",
    ),
    (
        re.compile(r"/dev/shm/\w"),
        "/dev/shm of a job on MLSpace is limited, to 32 GB for each GPU by default",
        "/tmp for large files",
    ),
)
"""What is looked for in a logical line, what is said of it, and what to write instead.

Sources: slurm-usage §2 and §5.12, mlspace-facts §2.
"""


def advise(lines: Sequence[Line], facts: Facts) -> Iterator[Advice]:
    if not facts.modules:
        yield from advise_on_modules(lines)
    for line in lines:
        for pattern, what, better in RULES:
            if pattern.search(line.text):
                yield Advice(line.number, what, better)


def advise_on_modules(lines: Sequence[Line]) -> Iterator[Advice]:
    """One advice for all `module load` of a script, unless it asks first whether there are modules."""
    if any(GUARDED.search(line.text) and "mod" in line.text for line in lines):
        return
    for line in lines:
        if MODULE.search(line.text):
            stops = any(re.match(r"\s*set\s+-\w*e", other.text) for other in lines)
            yield Advice(
                line.number,
                "there are no environment modules in the job: the command is not found"
                + (", and `set -e` ends the script there" if stops else ""),
                "have the software in the image (--image) or in conda; `command -v module && module load …` runs in both worlds",
            )
            return
