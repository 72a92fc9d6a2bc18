"""`python -m tests.cluster.gateway SETTINGS WORDS…`: the embedded MLSpace with the virtual cluster's executor. Dies with its starter.

SETTINGS is cluster.json (executor.py) without the switch, whose pid is added here. WORDS are those of `python -m mlspace.testing`; without
--state, jobs and their files end with the gateway.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from mlspace.local import processes, scheduler
from mlspace.testing import __main__ as testing
from tests.cluster.namespaces import start_switch

EXECUTOR = "import sys; sys.path.insert(0, sys.argv[1]); from tests.cluster.executor import main; main(sys.argv[2], int(sys.argv[3]), {!r})"


def main(settings: Path, words: list[str]) -> int:
    processes.prctl(processes.PR_SET_PDEATHSIG, signal.SIGTERM)
    switch = start_switch()
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "switch": switch}))
    scheduler.EXECUTOR = EXECUTOR.format(str(settings))
    try:
        return testing.main(words)
    finally:
        os.kill(switch, signal.SIGKILL)


if __name__ == "__main__":
    code = main(Path(sys.argv[1]), sys.argv[2:])
    sys.stdout.flush()
    os._exit(code)  # threads in the middle of an answer are not waited for
