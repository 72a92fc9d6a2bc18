"""The MLSPACE_LOCAL_* variables, and what is said of bad ones."""

from __future__ import annotations

import json

import pytest

from mlspace.errors import ConfigError
from mlspace.local.shape import Shape, fields_set, machine_cpus, machine_memory_mib

SMALL = {"MLSPACE_LOCAL_CPUS": "8", "MLSPACE_LOCAL_MEMORY": "4000"}


def test_defaults_are_four_of_this_machine() -> None:
    shape = Shape.from_environment({})
    assert (shape.nodes, shape.cpus, shape.memory_mib, shape.sockets) == (4, machine_cpus(), machine_memory_mib(), 1)
    (partition,) = shape.partitions
    assert (partition.name, partition.first, partition.last, partition.default, partition.max_time_minutes) == ("debug", 1, 4, True, None)
    assert shape.def_mem_per_cpu_mib == shape.memory_mib // shape.cpus


def test_variables_decide() -> None:
    environment = {
        **SMALL,
        "MLSPACE_LOCAL_NODES": "100",
        "MLSPACE_LOCAL_SOCKETS": "2",
        "MLSPACE_LOCAL_GPUS": "a100:4",
        "MLSPACE_LOCAL_MEMPERCPU": "250",
        "MLSPACE_LOCAL_PARTITIONS": "short=1-10:30,debug=ALL*,one=7",
    }
    shape = Shape.from_environment(environment)
    assert (shape.nodes, shape.cpus, shape.sockets, shape.memory_mib, shape.gpus, shape.gpu_type) == (100, 8, 2, 4000, 4, "a100")
    assert shape.def_mem_per_cpu_mib == 250
    spans = [(each.name, each.first, each.last, each.default, each.max_time_minutes) for each in shape.partitions]
    assert spans == [("short", 1, 10, False, 30), ("debug", 1, 100, True, None), ("one", 7, 7, False, None)]
    assert Shape.from_json(json.loads(json.dumps(shape.to_json()))).to_json() == shape.to_json()
    assert fields_set(environment) == {"nodes", "cpus", "sockets", "memory_mib", "gpus", "gpu_type", "def_mem_per_cpu_mib", "partitions"}


def test_the_first_partition_is_the_default_where_none_is_marked() -> None:
    shape = Shape.from_environment({**SMALL, "MLSPACE_LOCAL_PARTITIONS": "a=1-2,b"})
    assert [(each.name, each.default, each.last) for each in shape.partitions] == [("a", True, 2), ("b", False, 4)]


BAD = [
    ("NODES", "0"),
    ("NODES", "four"),
    ("NODES", "-1"),
    ("NODES", "1.5"),
    ("NODES", "٤"),
    ("NODES", "1000000"),
    ("CPUS", "0"),
    ("SOCKETS", "3"),
    ("SOCKETS", "9"),
    ("MEMORY", "4G"),
    ("MEMPERCPU", "5000"),
    ("GPUS", "a100"),
    ("GPUS", ":4"),
    ("GPUS", "a100:"),
    ("GPUS", "a b:1"),
    ("PARTITIONS", "a,a"),
    ("PARTITIONS", "a*,b*"),
    ("PARTITIONS", "=1-2"),
    ("PARTITIONS", "a=5"),
    ("PARTITIONS", "a=2-1"),
    ("PARTITIONS", "a=0-1"),
    ("PARTITIONS", "a=1-2:"),
    ("PARTITIONS", "a=1-2:1h"),
    ("PARTITIONS", "a=x"),
    ("PARTITIONS", "a,,b"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_values_name_the_variable_and_what_would_work(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Shape.from_environment({**SMALL, f"MLSPACE_LOCAL_{name}": value})
    assert raised.value.lines[0] == f"MLSPACE_LOCAL_{name}={value}: not a valid value"
    assert raised.value.lines[1].startswith("  what would work: ")
