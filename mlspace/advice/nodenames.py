"""Scripts that cut a node's name out of the raw list at a hyphen: right for n[1-4], wrong for MLSpace's pods."""

from __future__ import annotations

import re

from mlspace.advice.value import Advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlspace.advice.shell import Line

WHAT = "this cuts node names at a hyphen; on MLSpace they have hyphens (lm-mpi-job-…-mpimaster-0), so what comes out is no host"
BETTER = 'first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)'

VARIABLES = ("SLURM_JOB_NODELIST", "SLURM_NODELIST", "SLURM_STEP_NODELIST", "SLURMD_NODENAME", "HOSTNAME")
COMMANDS = r"scontrol\s+show\s+hostname|(?<![\w/.$-])hostname(?![\w.-]|\s+-[iI]|\s+--(?:ip|all-ip))"
"""Commands that print node names; `hostname -I` prints addresses."""

CUTS = re.compile(
    r"""
      \bcut\s[^|;]*-d\s*(?P<cut>["']?)-(?P=cut)(?=[\s)`]|$)
    | \bcut\s[^|;]*--delimiter[= ](?P<long>["']?)-(?P=long)(?=[\s)`]|$)
    | \bawk\s[^|;]*-F\s*(?P<awk>["']?)(?:-|\[[^\]]*-[^\]]*\])(?P=awk)(?=[\s)`]|$)
    | \bs(?P<sed>[/|,!])(?:-|\[-[^\]]*\]|\\-)\.\*\$?(?P=sed)(?P=sed)     # sed and perl: s/-.*//
    | \.(?:split|partition)\(\s*[rb]?(?P<python>["'])-(?P=python)
    | \bre\.split\(\s*r?["'](?:-|\[[^\]]*-[^\]]*\])["']
    | \bIFS=(?P<ifs>["']?)-(?P=ifs)\s
    | \btr\s+(?P<tr>["']?)-(?P=tr)\s
    """,
    re.VERBOSE,
)
ASSIGNMENT = re.compile(r"(\w+)\s*\+?=(?!=)\s*")


class Names:
    """The variables that hold node names by now, Slurm's own and those that the script made of them."""

    def __init__(self) -> None:
        self.variables = list(VARIABLES)
        self._compile()

    def _compile(self) -> None:
        any_of = "|".join(self.variables)
        used = rf"\$\{{?(?:{any_of})\b"
        self.direct = re.compile(used)
        self.mentioned = re.compile(rf"{used}|(?:{'|'.join(VARIABLES[:-1])})\b|\b(?:{any_of})\b(?=.*\.(?:split|partition)\()|{COMMANDS}")
        self.cut_by_shell = re.compile(rf"\$\{{(?:{any_of})(?:\[[^\]]*\])?(?:%%?-\*|%%?\[-[^\]]*\]\*|##?\*-|//?-)")

    def follow(self, line: str) -> None:
        """Learns from the assignments of a line: names=$SLURM_JOB_NODELIST, first=$(scontrol show hostnames | head -n1)."""
        for found in ASSIGNMENT.finditer(line):
            name, begin = found[1], line[found.end() :].lstrip("( \t\"'")
            holds = self.direct.match(begin) or (begin.startswith(("$(", "`", "os.", "subprocess.")) and self.mentioned.search(begin))
            if holds and name not in self.variables:
                self.variables.append(name)
                self._compile()


def advise(lines: Sequence[Line]) -> Iterator[Advice]:
    names = Names()
    for line in lines:
        if names.cut_by_shell.search(line.text) or (names.mentioned.search(line.text) and CUTS.search(line.text)):
            yield Advice(line.number, WHAT, BETTER)
        names.follow(line.text)
