"""How often the platform is asked while many look at the queue, beside one who looks.

    python3 bench/polling.py [--loops 200] [--seconds 60] [--jobs 5]

Jobs run, and wait, over an embedded Gateway that writes down each request; `squeue -i 2` runs so many times at once. What is printed:
requests a minute, all of them and those of one loop alone, and their ratio.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

from gateway import Gateway
from steps import ROOT, Row, show

AIM = 40.0


def asked_per_minute(place: Gateway, record: Path, loops: int, seconds: float) -> float:
    words = [str(ROOT / "bin/squeue"), "-i", "2"]
    running = [
        subprocess.Popen(words, env=place.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(loops)
    ]
    time.sleep(min(10.0, seconds))  # all have started
    before, since = record.read_bytes().count(b"\n"), time.monotonic()
    time.sleep(seconds)
    asked = (record.read_bytes().count(b"\n") - before) * 60 / (time.monotonic() - since)
    for one in running:
        one.kill()
        one.wait()
    return asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loops", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        record = Path(name) / "traffic.jsonl"
        place = Gateway(Path(name), 0, "--record", str(record))
        try:
            for _ in range(given.jobs):
                place.sbatch()
            one = asked_per_minute(place, record, 1, given.seconds)
            many = asked_per_minute(place, record, given.loops, given.seconds)
        finally:
            place.stop()
    show([Row("requests a minute, squeue -i 2", one, ""), Row(f"  {given.loops} of them at once", many, "", one, AIM / one)])


if __name__ == "__main__":
    main()
