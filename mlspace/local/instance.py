"""Parametric instance types: what one node gives a job, spelled in its key. Nothing is rounded."""

from __future__ import annotations

import re
from typing import NamedTuple

PATTERN = re.compile(r"(?:cpu|gpu\.(?P<gpus>[1-9]\d{0,3})gpu)\.(?P<cpus>[1-9]\d{0,5})C\.(?P<memory>\d{1,12})M")


class Instance(NamedTuple):
    """CPUs, memory (MiB) and GPUs of one worker. name: its key where that is one of the platform's own."""

    cpus: int
    memory_mib: int
    gpus: int = 0
    name: str = ""

    @property
    def key(self) -> str:
        """`cpu.4C.2048M`, `gpu.2gpu.8C.4096M`."""
        if self.name:
            return self.name
        kind = f"gpu.{self.gpus}gpu" if self.gpus else "cpu"
        return f"{kind}.{self.cpus}C.{self.memory_mib}M"


def read_instance(key: str) -> Instance | None:
    """The instance type of that key; None for a key of another form."""
    match = PATTERN.fullmatch(key)
    if match is None:
        return None
    return Instance(int(match["cpus"]), int(match["memory"]), int(match["gpus"] or 0))
