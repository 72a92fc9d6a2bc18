"""The block that -v prints: how each value was understood. The rest is in compat/captures/*/{sbatch,srun,salloc}/listed*."""

from __future__ import annotations

import pytest

from mlspace.slurm import getopt, merge
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.verbose import defined_options


def listed(program: str, *argv: str) -> list[str]:
    settings, _ = getopt.parse(program, OPTIONS, argv, stop_at_word=True)
    (component,) = merge.read(program, [[]], {}, [settings])
    lines = defined_options(program, OPTIONS, component, 0, "/here")
    rule = f"{program}: -------------------- --------------------"
    assert (lines[:2], lines[-2:]) == ([f"{program}: defined options", rule], [rule, f"{program}: end of defined options"])
    return [line.removeprefix(f"{program}: ") for line in lines[2:-2]]


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ("--mem=2048M", "mem                 : 2G"),
        ("--mem=0", "mem                 : 0?"),
        ("-t1-2", "time                : 1-02:00:00"),
        ("-t0", "time                : UNLIMITED"),
        ("-N1-1", "nodes               : 1"),
        ("--nice=x", "nice                : 0"),
        ("--priority=top", "priority            : -3"),
        ("--signal=BR:10@3", "signal              : RB:USR1@3"),
        ("--mail-type=all", "mail-type           : INVALID_DEPEND,BEGIN,END,FAIL,REQUEUE,STAGE_OUT"),
        ("--gres=gpu,gres:x:1", "gres                : gres:gpu,gres:x:1"),
        ("--tasks-per-node=2", "ntasks-per-node     : 2"),
        ("--no-requeue", "no-requeue          : no-requeue"),
        ("-ox", "output              : /here/x"),
        ("--chdir=y", "chdir               : /here/y"),
        ("-s", "oversubscribe       : oversubscribe"),
        ("--no-kill=off", "no-kill             : unset"),
        ("--switches=1@5", "switches            : 1@00:05:00"),
        ("--propagate", "propagate           : ALL"),
        ("-H", "hold                : set"),
    ],
)
def test_an_option_is_listed_as_it_was_understood(argv: str, line: str) -> None:
    assert listed("sbatch", argv) == [line]


def test_the_order_is_the_tables_and_files_are_where_the_job_is() -> None:
    lines = listed("sbatch", "-v", "-n1", "-ow", "-D/d", "-Aa", "--error=none")
    assert [line.split()[0] for line in lines] == ["account", "chdir", "error", "ntasks", "output", "verbose"]
    assert lines[2] == "error               : /dev/null"
    assert lines[4] == "output              : /d/w"
    assert listed("srun", "-ow") == ["output              : w"]
