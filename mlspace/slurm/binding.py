"""What tasks are bound to: --cpu-bind, --mem-bind, --gpu-bind, --accel-bind, --hint. Read and checked; `launch` binds.

Source: srun(1), sbatch(1); srun and sbatch 22.05, whose sentences these are.
"""

from __future__ import annotations

from mlspace.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VERBOSITY = ("verbose", "v", "quiet", "q")
CPU_WORDS = (*VERBOSITY, "none", "no", "rank", "rank_ldom", "threads", "cores", "sockets", "ldoms", "one_thread")
CPU_LISTS = ("map_cpu", "mask_cpu", "map_ldom", "mask_ldom")
MEM_WORDS = (*VERBOSITY, "none", "no", "rank", "local", "prefer", "p", "sort", "nosort")
MEM_FLAGS = (*VERBOSITY, "prefer", "p", "sort", "nosort")
MEM_LISTS = ("map_mem", "mask_mem")
GPU_LISTS = ("single:", "map_gpu:", "mask_gpu:", "per_task:")
HINTS = ("compute_bound", "memory_bound", "multithread", "nomultithread")

CPU_HELP = """How tasks are bound to CPUs: --cpu-bind=[verbose,|quiet,]WORD
    none, rank, threads, cores, sockets, ldoms, rank_ldom
    map_cpu:LIST, mask_cpu:LIST, map_ldom:LIST, mask_ldom:LIST
A task of a step is bound by no more than what is asked for."""

MEM_HELP = """How tasks are bound to memory: --mem-bind=[verbose,|quiet,][prefer,][sort,]WORD
    none, rank, local, map_mem:LIST, mask_mem:LIST
Here the words are read and checked, and no task is bound."""

HINT_HELP = """What kind of program it is: --hint=WORD
    compute_bound   all cores of each socket
    memory_bound    one core of each socket
    [no]multithread with (without) more threads than one on a core
Tasks of steps are bound by it where the job has all CPUs of the machine."""

HELP_OF_VALUES = {
    ("hint", "help"): (HINT_HELP, 1),
    ("cpu-bind", "help"): (CPU_HELP, 1),
    ("cpu_bind", "help"): (CPU_HELP, 1),
    ("mem-bind", "help"): (MEM_HELP, 255),
    ("gres", "help"): ("Valid gres options are:\ngpu[[:type]:count]", 0),
    ("mpi", "list"): ("MPI plugin types are...\n\tpmix\n\tnone\n\topenmpi", 0),
}
"""Option and value -> the text that it asks for, and what the command then ends with."""

HEXADECIMAL = "0123456789abcdefABCDEF"


def cpus(text: str) -> str:
    return checked("cpu-bind", text, CPU_WORDS, CPU_LISTS, "fatal: Failed to parse --cpu-bind= values.")


def memory(text: str) -> str:
    return checked("mem-bind", text, MEM_WORDS, MEM_LISTS)


def memory_variables(text: str) -> dict[str, str]:
    """SLURM_MEM_BIND* of a job that asked so: "sort,prefer,local" is "prefer,sort,local"."""
    if not text:
        return {}
    words = text.split(",")
    lower = [word.lower() for word in words]
    verbose = any(word in ("verbose", "v") for word in lower)
    flags = {"verbose": verbose, "prefer": "prefer" in lower or "p" in lower, "sort": "sort" in lower}
    rest = [word for word, known in zip(words, lower, strict=True) if known not in MEM_FLAGS]
    found = {
        "SLURM_MEM_BIND": ",".join([*(name for name, is_set in flags.items() if is_set), *rest]),
        "SLURM_MEM_BIND_VERBOSE": "verbose" if verbose else "quiet",
    }
    return found | {"SLURM_MEM_BIND_SORT": "sort"} if flags["sort"] else found


def checked(option: str, text: str, words: Sequence[str], lists: Sequence[str], *last: str) -> str:
    """`text` itself. Raises BadValue that blames the first word which is none of `words`, nor one of `lists` with its list."""
    listing = ""
    for word in text.split(","):
        name, _, rest = word.partition(":")
        if name.lower() in lists:
            listing, word = name, rest
            if not rest:
                raise BadValue(text, f'missing list for "--{option}={name}:<list>"', *last)
        elif listing and word[:1] in (HEXADECIMAL if "mask" in listing else HEXADECIMAL[:10]) and word.lower() not in words:
            pass
        elif word.lower() in words:
            continue
        else:
            raise BadValue(text, f'unrecognized --{option} argument "{word}"', *last)
        check_number(text, word, masks="mask" in listing, last=last)
    return text


def check_number(whole: str, word: str, masks: bool, last: Sequence[str]) -> None:
    """An item of a list: "3", "2*3" (thrice), and with `masks` "0xff"."""
    number, _, times = word.partition("*")
    digits = number[2:] if number[:2].lower() == "0x" else number
    allowed = HEXADECIMAL if masks or digits != number else HEXADECIMAL[:10]
    wrong = next((letter for letter in digits if letter not in allowed), "")
    wrong = wrong or next((letter for letter in times if not letter.isdigit()), "")
    if wrong or not digits:
        raise BadValue(whole, f"Failed to validate number: {word}, the offending character is {wrong}", *last)


def gpus(text: str) -> str:
    """`text` itself: "[verbose,]closest", "none", of which Slurm reads the first letter, or one of GPU_LISTS."""
    kind = text.lower()
    if kind.startswith("verbose,"):
        kind = kind[len("verbose,") :]
    if not kind.startswith(("closest", "n", *GPU_LISTS)):
        raise BadValue(text)
    return text


def accelerators(text: str) -> str:
    """Any of g (GPUs), n (networks), v (say so), as "vgn"."""
    letters = "".join(letter for letter in "vgn" if letter in text.lower())
    if not letters:
        raise BadValue(text)
    return letters


def hint(text: str) -> str:
    """One of HINTS, or several between commas."""
    for word in text.split(","):
        if word.lower() not in HINTS:
            raise BadValue(text, f'unrecognized --hint argument "{word}", see --hint=help')
    return text.lower()
