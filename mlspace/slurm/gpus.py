"""GPUs as a request words them: of the job, of each node, socket and task, and what hangs on them. Slurm's arithmetic between these.

Source: sbatch(1); the sentences and their order from Slurm 22.05 (compat/compare_geometry, compat/captures/*/geometry).
"""

from __future__ import annotations

from mlspace.errors import RequestRefused, UsageError
from mlspace.slurm import gres

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.slurm.demand import Demand
    from mlspace.slurm.request import Component

FAILED = "Failed to validate job spec"

NOT_WITH_TASKS_PER_GPU = ("gpus-per-task", "gpus-per-socket", "ntasks-per-node")


class GpuWish:
    """job, node, socket, task: GPUs of each. cpus, memory_mib, tasks: what comes with one GPU. 0 where nothing is said."""

    __slots__ = ("cpus", "job", "memory_mib", "node", "socket", "task", "tasks")

    def __init__(self, component: Component) -> None:
        self.job = gres.count_of("gpu", component["gpus"])
        of_node = component["gres"] if names_gpus(component["gres"]) else component["gpus-per-node"]
        self.node = gres.count_of("gpu", of_node)
        self.socket = gres.count_of("gpu", component["gpus-per-socket"])
        self.task = gres.count_of("gpu", component["gpus-per-task"])
        self.cpus: int = component["cpus-per-gpu"] or 0
        self.memory_mib: int = component["mem-per-gpu"] or 0
        self.tasks: int = component["ntasks-per-gpu"] or 0

    @property
    def any(self) -> bool:
        return bool(self.job or self.node or self.socket or self.task)


def names_gpus(wanted: gres.Gres | None) -> bool:
    """Whether --gres says something of GPUs: --gpus-per-node then says nothing."""
    return any(name == "gpu" for name, _, _ in wanted or ())


def refuse_contradictions(program: str, component: Component) -> None:
    """Options that sbatch itself does not take together. Raises UsageError, with Slurm's fatal line."""
    if component["ntasks-per-gpu"]:
        for option in NOT_WITH_TASKS_PER_GPU:
            if component[option]:
                line = f"{program}: fatal: --{option} is mutually exclusive with --ntasks-per-gpu and SLURM_NTASKS_PER_GPU"
                raise UsageError(line, exit_code=1)


def settle(demand: Demand) -> None:
    """Works tasks, nodes and GPUs out of one another, as far as the request leaves them open. Raises RequestRefused."""
    wish = demand.gpus
    add_tasks_per_gpu(demand)
    if wish.memory_mib and not wish.any:
        raise invalid(f"Requested mem_per_tres=gres:gpu:{wish.memory_mib} but did not request any GPU.")
    if wish.job and max(wish.node, wish.socket, wish.task) > wish.job:
        raise invalid("Failed to ensure --gpus >= --gres=gpu/--gpus-per-node >= --gpus-per-socket")
    if wish.node and max(wish.socket, wish.task) > wish.node:
        raise invalid("Failed to ensure --gpus >= --gpus-per-task")
    if wish.socket:
        check_sockets(demand)
    if wish.job and wish.node:
        check_nodes(demand)
    if wish.cpus and demand.component["cpus-per-task"]:
        raise invalid("--cpus-per-gpu is mutually exclusive with --cpus-per-task")
    if wish.task:
        check_tasks(demand)
    if wish.cpus and wish.task:
        demand.cpus_per_task = wish.cpus * wish.task
    if wish.job:
        if wish.job < demand.low:
            raise invalid(f"{FAILED}, --gpus < -N")
        if demand.said_nodes:
            demand.high = min(demand.high, wish.job)
    if wish.socket and not wish.node:
        wish.node = wish.socket * (demand.shape[0] or 1)


def add_tasks_per_gpu(demand: Demand) -> None:
    """--ntasks-per-gpu: tasks where GPUs are known, GPUs where tasks or nodes are."""
    wish = demand.gpus
    if not wish.tasks:
        return
    if wish.job:
        demand.tasks = max(demand.tasks or 0, wish.job * wish.tasks)
        if demand.exact_nodes and demand.tasks % demand.low == 0:
            demand.tasks_of_node = demand.tasks // demand.low
    elif wish.node:
        demand.most_tasks_of_node = wish.node * wish.tasks
        if demand.exact_nodes:
            demand.tasks_of_node = demand.most_tasks_of_node
            demand.tasks = demand.low * demand.tasks_of_node
        elif demand.ntasks is None:
            demand.tasks = demand.low * demand.most_tasks_of_node
    elif demand.ntasks is not None and demand.ntasks < wish.tasks:
        name = "gres_job_state_validate: Failed to add generated GRES gres:gpu:0 (via ntasks_per_tres) to gres_list"
        demand.warnings.append(f"error: {name}")
        wish.tasks = 0
    elif demand.ntasks is not None:
        if demand.ntasks % wish.tasks:
            raise invalid(f"{FAILED}, -n/--ntasks has to be a multiple of --ntasks-per-gpu.")
        wish.job = demand.ntasks // wish.tasks
        if demand.exact_nodes and demand.ntasks % demand.low == 0:
            demand.tasks_of_node = demand.ntasks // demand.low
    elif demand.exact_nodes:
        wish.node = 1
        demand.tasks_of_node = wish.tasks
        demand.tasks = demand.low * wish.tasks
    else:
        raise invalid("gres_job_state_validate: --ntasks-per-tres needs either a GRES GPU specification or a node/ntask specification")


def check_sockets(demand: Demand) -> None:
    """--gpus-per-socket: with it go sockets, and GPUs of the node that are theirs."""
    wish = demand.gpus
    if not demand.shape[0]:
        raise invalid("--gpus-per-socket option requires --sockets-per-node specification")
    if wish.node and wish.node % wish.socket:
        raise invalid(f"{FAILED}, --gres=gpu/--gpus-per-node not multiple of --gpus-per-socket.")


def check_nodes(demand: Demand) -> None:
    """--gpus and --gpus-per-node together say how many nodes."""
    wish = demand.gpus
    nodes, rest = divmod(wish.job, wish.node)
    if rest:
        raise invalid(f"{FAILED}, --gpus is not multiple of --gres=gpu/--gpus-per-node")
    if demand.said_nodes and not demand.low <= nodes <= demand.high:
        span = f"min_nodes ({demand.low}) and max_nodes ({demand.high}) boundaries"
        line = f"{FAILED}. Based on --gpu and --gres=gpu/--gpus-per-node required nodes ({nodes}) doesn't fall between {span}."
        raise invalid(line)
    demand.low = demand.high = nodes


def check_tasks(demand: Demand) -> None:
    """--gpus-per-task with --gpus says how many tasks; with --gpus-per-node, how many on each node."""
    wish = demand.gpus
    if wish.job:
        tasks, rest = divmod(wish.job, wish.task)
        if rest:
            raise invalid(f"{FAILED}, --gpus not multiple of --gpus-per-task")
        if demand.tasks not in (None, tasks):
            raise invalid(f"{FAILED}. Based on --gpus and --gpus-per-task number of requested tasks differ from -n/--ntasks.")
        demand.tasks = tasks
    elif demand.tasks is None:
        raise invalid(f"{FAILED}. --gpus-per-task used without either --gpus or -n/--ntasks is not allowed.")
    else:
        wish.job = wish.task * demand.tasks
    if wish.node:
        tasks, rest = divmod(wish.node, wish.task)
        if rest:
            raise invalid(f"{FAILED}, --gres=gpu/--gpus-per-node not multiple of --gpus-per-task.")
        if demand.tasks_of_node not in (None, tasks):
            said = "requested number of tasks per node differ from --ntasks-per-node."
            raise invalid(f"{FAILED}. Based on --gres=gpu/--gpus-per-node and --gpus-per-task {said}")
        demand.tasks_of_node = tasks


def invalid(line: str) -> RequestRefused:
    return RequestRefused(line, gres.INVALID)
