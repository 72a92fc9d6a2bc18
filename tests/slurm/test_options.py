"""The table itself: complete, in Slurm's order, and consistent."""

from __future__ import annotations

import pytest

from mlspace.errors import UsageError
from mlspace.slurm import option as rows
from mlspace.slurm.extensions import EXTENSIONS
from mlspace.slurm.getopt import parse
from mlspace.slurm.help import VERSION, answer, render_help, render_usage
from mlspace.slurm.option import Option
from mlspace.slurm.options import OPTIONS

# `sbatch --=x`, `srun --=x` and `salloc --=x` of slurm-wlm 22.05.8 list all long options, in the order of getopt's table.
SLURMS = {
    "sbatch": (
        "account acctg-freq array batch begin bb bbf cluster-constraint chdir cluster clusters comment container context contiguous"
        " constraint core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency distribution error"
        " exclude exclusive export export-file extra-node-info get-user-env gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket"
        " gpus-per-task gres gres-flags help hint hold ignore-pbs input job-name kill-on-invalid-dep licenses mail-type mail-user"
        " mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nice no-kill no-requeue nodefile nodelist nodes ntasks"
        " ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket ntasks-per-tres open-mode output overcommit oversubscribe"
        " parsable partition power prefer priority profile propagate qos quiet reboot requeue reservation signal sockets-per-node"
        " spread-job switches tasks-per-node test-only thread-spec threads-per-core time time-min tmp uid use-min-nodes verbose version"
        " usage wait wait-all-nodes wckey wrap"
    ),
    "srun": (
        "accel-bind account acctg-freq bcast bcast-exclude begin bb bbf cluster-constraint chdir cluster clusters comment compress"
        " container context contiguous constraint core-spec cores-per-socket cpu-bind cpu_bind cpu-freq cpus-per-gpu cpus-per-task"
        " deadline debugger-test delay-boot dependency disable-status distribution epilog error exact exclude exclusive export"
        " extra-node-info gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags help het-group hint"
        " hold immediate input interactive jobid job-name kill-on-bad-exit label licenses mail-type mail-user threads mcs-label mem"
        " mem-bind mem-per-cpu mem-per-gpu mincpus mpi msg-timeout multi-prog network nice no-allocate no-kill nodefile nodelist nodes"
        " ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket ntasks-per-tres open-mode output overcommit overlap"
        " oversubscribe pack-group partition power prefer preserve-env priority profile prolog propagate pty qos quiet"
        " quit-on-interrupt reboot relative reservation resv-ports send-libs signal slurmd-debug sockets-per-node spread-job switches"
        " task-epilog task-prolog tasks-per-node test-only thread-spec threads-per-core time time-min tmp uid unbuffered use-min-nodes"
        " verbose version usage wait wckey whole x11"
    ),
    "salloc": (
        "account acctg-freq begin bell bb bbf cluster-constraint chdir cluster clusters comment container context contiguous constraint"
        " core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency distribution exclude exclusive"
        " extra-node-info get-user-env gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags help hint"
        " hold immediate job-name kill-command licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus"
        " network nice no-bell no-kill no-shell nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node"
        " ntasks-per-socket ntasks-per-tres overcommit oversubscribe partition power prefer priority profile qos quiet reboot"
        " reservation signal sockets-per-node spread-job switches tasks-per-node thread-spec threads-per-core time time-min tmp uid"
        " use-min-nodes verbose version usage wait-all-nodes wckey x11"
    ),
}

# Which of them take an argument only after "=", and which none; the rest need one. Found by giving each `--name --=x` and `--name=1`.
WITHOUT = {
    "sbatch": "contiguous hold ignore-pbs no-requeue overcommit oversubscribe parsable quiet reboot requeue spread-job test-only"
    " use-min-nodes verbose wait help usage version",
    "srun": "contiguous debugger-test disable-status exact hold interactive label multi-prog no-allocate overcommit oversubscribe"
    " preserve-env pty quiet quit-on-interrupt reboot spread-job test-only unbuffered use-min-nodes verbose whole help usage version",
    "salloc": "bell contiguous hold no-bell no-shell overcommit oversubscribe quiet reboot spread-job use-min-nodes verbose help usage"
    " version",
}
AFTER_EQUALS = {
    "sbatch": "exclusive get-user-env nice no-kill propagate",
    "srun": "bcast compress exclusive immediate kill-on-bad-exit nice no-kill overlap propagate resv-ports send-libs x11",
    "salloc": "exclusive get-user-env immediate kill-command nice no-kill x11",
}
PROGRAMS = sorted(SLURMS)


def served(program: str) -> list[Option]:
    return [option for option in OPTIONS if option.serves(program)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_of_slurm_is_there_in_its_order(program: str) -> None:
    assert [option.long for option in served(program) if not option.own] == SLURMS[program].split()


@pytest.mark.parametrize("program", PROGRAMS)
def test_options_take_arguments_as_in_slurm(program: str) -> None:
    kinds = {option.long: option.argument for option in served(program) if not option.own}
    assert {long for long, kind in kinds.items() if kind == rows.NONE} == set(WITHOUT[program].split())
    assert {long for long, kind in kinds.items() if kind == rows.OPTIONAL} == set(AFTER_EQUALS[program].split())


@pytest.mark.parametrize("program", PROGRAMS)
def test_short_letters_are_unique(program: str) -> None:
    letters = [option.short for option in served(program) if option.short]
    assert len(letters) == len(set(letters))


def test_rows_are_consistent() -> None:
    names = {option.long for option in OPTIONS}
    for option in OPTIONS:
        assert option.support in (rows.HONOURED, rows.APPROXIMATED, rows.IGNORED, rows.REFUSED), option.long
        assert option.on is not None and set(option.on) <= set(PROGRAMS), option.long
        if option.alias_of:
            assert option.alias_of in names, option.long
        if option.support == rows.REFUSED and not option.alias_of:
            assert option.note, f"--{option.long}: a refusal says why"
        if option.support in (rows.IGNORED, rows.REFUSED):
            assert not option.help, f"--{option.long}: its note says why it does nothing"
        elif option.section:
            assert option.help, f"--{option.long}: help has an empty line"


def test_what_slurm_22_05_has_not_is_last_and_has_no_letter() -> None:
    own = [option for option in OPTIONS if option.own]
    assert own == list(EXTENSIONS)
    assert OPTIONS[-len(own) :] == tuple(own)
    assert [option.long for option in own][-5:] == ["image", "region", "instance-type", "hpcx", "endpoint"]
    assert not any(option.short for option in own)


def test_an_abbreviation_means_what_it_means_in_slurm() -> None:
    """--cont is contiguous, container, ... of 22.05, and --re one of its own, whatever later versions and plugins add."""
    with pytest.raises(UsageError, match="possibilities: '--container' '--context' '--contiguous' '--constraint'"):
        parse("sbatch", OPTIONS, ["--con=1"])
    settings, _ = parse("sbatch", OPTIONS, ["--container=x", "--tres-per-task=cpu=2"])
    assert [setting.option.long for setting in settings] == ["container", "tres-per-task"]


# `sbatch --help` and its kin of slurm-wlm 22.05.8 list these, under these headings.
LISTED = {
    "sbatch": (
        "array account bb bbf begin comment cpu-freq cpus-per-task dependency deadline delay-boot chdir error export export-file"
        " get-user-env gid gres gres-flags hold ignore-pbs input job-name no-kill licenses clusters container distribution mail-type"
        " mail-user mcs-label ntasks nice no-requeue ntasks-per-node nodes output overcommit partition parsable power priority profile"
        " propagate qos quiet reboot requeue oversubscribe core-spec signal spread-job switches thread-spec time time-min uid"
        " use-min-nodes verbose wait wckey wrap"
    ),
    "srun": "bcast epilog het-group immediate jobid kill-on-bad-exit label mpi multi-prog pty relative no-allocate exact resv-ports",
    "salloc": "bell kill-command no-bell immediate get-user-env nodefile",
}
HEADINGS = (
    *("Parallel run options:", "Constraint options:", "Consumable resources related options:", "Affinity/Multi-core options:"),
    *("GPU scheduling options:", "MLSpace options:", "Help options:", "Other options:"),
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_lists_what_slurm_lists_and_fits_the_screen(program: str) -> None:
    text = render_help(program, "[OPTIONS...] x", OPTIONS)
    assert text.startswith(f"Usage: {program} [OPTIONS...] x\n")
    assert all(len(line) <= 96 for line in text.split("\n"))
    words = text.replace("=", " ").replace("[", " ").split()
    for long in LISTED[program].split():
        assert f"--{long}" in words, long
    assert [line for line in text.split("\n") if line.endswith(":") and not line.startswith(" ")] == list(HEADINGS)


def test_usage_is_short_and_narrow() -> None:
    text = render_usage("srun", "", OPTIONS)
    assert text.startswith("Usage: srun [") and text.split()[-2:] == ["executable", "[args...]"]
    assert all(len(line) <= 96 for line in text.split("\n"))
    assert "[-N n[-max]]" in text and "[--exclusive[=user]]" in text


@pytest.mark.parametrize(
    ("argv", "start"),
    [(["-h"], "Usage: srun [OPTIONS(0)... [executable(0) [args(0)...]]] [ : "), (["--usage"], "Usage: srun ["), (["-V"], VERSION)],
)
def test_answers(argv: list[str], start: str) -> None:
    settings, _ = parse("srun", OPTIONS, argv, stop_at_word=True)
    text = answer("srun", OPTIONS, settings)
    assert text is not None and text.startswith(start)


def test_no_answer_is_needed() -> None:
    settings, _ = parse("srun", OPTIONS, ["-n2", "env"], stop_at_word=True)
    assert answer("srun", OPTIONS, settings) is None
