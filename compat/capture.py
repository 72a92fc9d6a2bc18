"""Run compat/cases.txt on a real Slurm and keep what it says: `python compat/capture.py ORACLE`, as root on a machine that may be spoilt.

ORACLE is the directory of the scripts `up` and `down`, which start and stop a Slurm with accounting in a directory that they are given.
A case becomes compat/captures/VERSION/COMMAND/CASE/{scenario,argv,stdout,stderr,exit,origin}; tests/commands/test_captures.py
replays it here.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases.txt"
WORK = "/tmp/capture"
"""Where the scenario runs: its name is in what the commands print."""


def cases() -> list[tuple[str, str, list[str]]]:
    """Scenario, name, and command line of each case."""
    found = []
    for line in CASES.read_text().splitlines():
        if line and not line.startswith("#"):
            scenario, name, command = line.split(maxsplit=2)
            found.append((scenario, name, shlex.split(command)))
    return found


def main(oracle: Path) -> None:
    for scenario in sorted({scenario for scenario, _, _ in cases()}):
        with tempfile.TemporaryDirectory(prefix="oracle-") as directory:
            subprocess.run(["bash", str(oracle / "up"), directory, "--acct"], check=True, stdout=subprocess.DEVNULL)
            os.environ["SLURM_CONF"] = f"{directory}/slurm.conf"
            version = subprocess.run(["sinfo", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
            shutil.rmtree(WORK, ignore_errors=True)
            os.mkdir(WORK)
            os.chdir(WORK)
            subprocess.run(["bash", str(HERE / "scenarios" / f"{scenario}.sh")], check=True)
            time.sleep(10)  # slurmdbd hears of a job some seconds later
            for of, name, argv in cases():
                if of == scenario:
                    capture(HERE / "captures" / version / name, scenario, argv, version)
            subprocess.run(["bash", str(oracle / "down"), directory], check=True)


def capture(directory: Path, scenario: str, argv: list[str], version: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / "scenario").write_text(scenario + "\n")
    (directory / "argv").write_text("\n".join(argv) + "\n")
    (directory / "stdout").write_text(done.stdout)
    (directory / "stderr").write_text(done.stderr)
    (directory / "exit").write_text(f"{done.returncode}\n")
    (directory / "origin").write_text(f"slurm {version}, {date.today()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
