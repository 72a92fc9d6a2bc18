"""The body of POST /jobs: its fields as the vendor's OpenAPI 2.8.1 has them (RunJobRequest), and what we can run of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlspace.local.offers import read_any
from mlspace.local.plan import command_line
from mlspace.local.shape import REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mlspace.local.instance import Instance

TYPES = ("binary", "horovod", "pytorch", "pytorch2", "torchrun", "pytorch_elastic", "nogpu", "binary_exp")
RUNNABLE_TYPES = ("binary", "binary_exp", "nogpu")
"""Types whose `script` is a command line. The others need the platform's own start scripts."""

PRIORITIES = ("shared-low", "shared-medium", "low", "medium", "high")
"""From the lowest to the highest, which preempts the lower ones."""

USUAL_PRIORITY = "medium"
"""Of jobs that name none."""

RETRIES = (3, 100)
"""What max_retry may be, from and to."""

SHM_CLASSES = ("small", "medium", "large")
ALLOCATION, QUEUE = "local", "default"


class Problem(NamedTuple):
    """One error of a body, in the words of the platform's validator."""

    loc: tuple[str | int, ...]
    msg: str
    type: str

    def to_json(self) -> dict[str, Any]:
        return {"loc": list(self.loc), "msg": self.msg, "type": self.type}


class BodyError(Exception):
    """The body does not have the documented form (422)."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


class Refused(Exception):
    """The body is well-formed and cannot be run (`status`, and `code` as its error_code)."""

    def __init__(self, text: str, status: int = 400, code: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.code = status if code is None else code


def text(value: Any) -> str:
    """"" where the value is a text, else what is wrong. Lone surrogates and NUL have no place in argv, environment or files."""
    if not isinstance(value, str):
        return "Input should be a valid string"
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        return "Input should be valid UTF-8 without NUL"
    return ""


def integer(least: int | None = None, most: int | None = None) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            return "Input should be a valid integer"
        if most is not None and value > most:
            return f"Input should be less than or equal to {most}"
        return f"Input should be greater than or equal to {least}" if least is not None and value < least else ""

    return check


def integer_or_default(value: Any) -> str:
    return "" if value == "default" else integer()(value)


def flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "Input should be a valid boolean"


def one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    offered = ", ".join(f"'{word}'" for word in words)
    return lambda value: "" if isinstance(value, str) and value in words else f"Input should be {offered}"


def texts(value: Any) -> str:
    return "" if isinstance(value, list) and not any(text(item) for item in value) else "Input should be a valid list of strings"


def scalars(value: Any) -> str:
    """A dictionary of scalars with usable names."""
    if not isinstance(value, dict):
        return "Input should be a valid dictionary"
    for name, item in value.items():
        if text(name) or not name or "=" in name:
            return f"not a usable name: {name!r}"
        if not (item is None or isinstance(item, (bool, int, float)) or text(item) == ""):
            return f"{name}: Input should be a string, a number or a boolean"
    return ""


def health(value: Any) -> str:
    return "" if isinstance(value, dict) and integer()(value.get("log_period")) == "" else "Input should be valid health parameters"


class Field(NamedTuple):
    """One field: its check, its default, and whether null stands for "not given"."""

    check: Callable[[Any], str]
    default: Any = None
    nullable: bool = False


FIELDS: Mapping[str, Field] = {
    "script": Field(text),
    "base_image": Field(text),
    "instance_type": Field(text),
    "tmp_storage": Field(text, nullable=True),
    "region": Field(one_of(REGIONS), "DGX2-MT"),
    "type": Field(one_of(TYPES), "horovod"),
    "n_workers": Field(integer(1), 1),
    "processes_per_worker": Field(integer_or_default, "default"),
    "job_desc": Field(text, nullable=True),
    "internet": Field(flag, nullable=True),
    "conda_env": Field(text, nullable=True),
    "max_retry": Field(integer(*RETRIES), nullable=True),
    "priority_class": Field(one_of(PRIORITIES), nullable=True),
    "queue_name": Field(text, nullable=True),
    "allocation_name": Field(text, nullable=True),
    "checkpoint_dir": Field(text, nullable=True),
    "logs_dir": Field(text, nullable=True),
    "health_params": Field(health, nullable=True),
    "shm_size_class": Field(one_of(SHM_CLASSES), "medium"),
    "flags": Field(scalars, {}),
    "env_variables": Field(scalars, {}),
    "pytorch_use_env": Field(flag, False),
    "elastic_min_workers": Field(integer_or_default, "default"),
    "elastic_max_workers": Field(integer_or_default, "default"),
    "elastic_max_restarts": Field(integer(), 5),
    "cuda11": Field(flag, False),
    "forbid_s3": Field(flag, False),
    "forbid_internet": Field(flag, False),
    "preflight_check": Field(flag, nullable=True),
    "stop_timer": Field(integer(0), 0),
    "in_communal_cluster": Field(flag, False),
    "include_nodes": Field(texts, []),
    "exclude_nodes": Field(texts, []),
}
REQUIRED = ("script", "base_image", "instance_type")


def read_body(body: Any) -> dict[str, Any]:
    """All fields of the body, defaults filled in. Raises BodyError with every problem there is."""
    if not isinstance(body, dict):
        raise BodyError([Problem(("body",), "Input should be a valid dictionary", "dict_type")])
    problems = [Problem(("body", name), "Field required", "missing") for name in REQUIRED if name not in body]
    for name, value in body.items():
        field = FIELDS.get(name)
        if field is None:
            problems.append(Problem(("body", name), "Extra inputs are not permitted", "extra_forbidden"))
        elif not (value is None and field.nullable) and (wrong := field.check(value)):
            problems.append(Problem(("body", name), wrong, "value_error"))
    if problems:
        raise BodyError(problems)
    return {name: body.get(name, field.default) for name, field in FIELDS.items()}


def read_texts(body: Any, *names: str, only: bool = False) -> list[str]:
    """The values of a body of texts. Raises BodyError with every problem there is; with `only`, others than these are one."""
    if not isinstance(body, dict):
        raise BodyError([Problem(("body",), "Input should be a valid dictionary", "dict_type")])
    problems = [Problem(("body", name), "Field required", "missing") for name in names if name not in body]
    others = [name for name in body if only and name not in names]
    problems += [Problem(("body", name), "Extra inputs are not permitted", "extra_forbidden") for name in others]
    problems += [Problem(("body", name), wrong, "string_type") for name in names if name in body and (wrong := text(body[name]))]
    if problems:
        raise BodyError(problems)
    return [body[name] for name in names]


def read_job(params: Mapping[str, Any], regions: Collection[str]) -> Instance:
    """The instance type of a job that we can run; `regions` are those served. Raises Refused.

    What only concerns containers and their networks (image, shared memory, storage, internet) is taken and has no effect.
    """
    if params["region"] not in regions:
        raise Refused(f"region {params['region']} is not served here; there is {', '.join(regions)}")
    if params["type"] not in RUNNABLE_TYPES:
        raise Refused(f"type {params['type']} is not supported here; what would work: {', '.join(RUNNABLE_TYPES)}")
    if not params["base_image"]:
        message = "The image='' does not exist. The request cannot be submitted. Kindly ensure the image name or path is correct."
        raise Refused(message, 409)
    if params["max_retry"] is not None and params["type"] != "binary":
        raise Refused(f"max_retry is not for jobs of type {params['type']}")
    if params["health_params"] is not None:
        raise Refused("health_params is not supported here")
    if params["allocation_name"] not in (None, ALLOCATION) or params["queue_name"] not in (None, QUEUE):
        raise Refused(f"each region has one allocation here, {ALLOCATION}, with one queue, {QUEUE}")
    if isinstance(params["processes_per_worker"], int) and params["processes_per_worker"] < 1:
        raise Refused("processes_per_worker must be at least 1")
    try:
        words = command_line(params["script"], params["flags"])
    except ValueError as error:
        raise Refused(f"script: {error}") from error
    if not words or not words[0] or not params["script"].strip():
        raise Refused("script is empty")
    instance = read_any(params["instance_type"])
    if instance is None:
        offer = "cpu.<C>C.<M>M or gpu.<G>gpu.<C>C.<M>M with CPUs, memory in MiB and GPUs of one worker"
        raise Refused(f"instance type {params['instance_type']} does not exist; what would work: {offer}")
    return instance
