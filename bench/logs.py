"""Lines per second of the log follower, beside the plainest reader of the same stream, in one run.

    python3 bench/logs.py [--lines 200000] [--runs 5]

A process of its own serves, on loopback and in 64 KiB pieces, the log of a job that has ended, as the platform gives it: 80 characters
a line, four ranks, every tenth line on stderr. The plain reader is requests.iter_lines, which knows no ranks and would not survive a
break. What is printed: lines per second of each (the median of the runs), and the ratio of their times.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests

from mlspace.gateway import logs
from mlspace.gateway.client import Client
from mlspace.gateway.credentials import Credentials
from mlspace.gateway.transport import Transport

NAME = "lm-mpi-job-11111111-2222-4333-8444-555555555555"
STATUS = b'{"job_name": "%s", "status": "completed"}' % NAME.encode()
PIECE = 64 * 1024


def log(lines: int) -> bytes:
    head = " \nℹ️ NODES INFO\nNodes: n1.SR006\n \n".encode()
    return head + b"".join(
        b"[1,%d]<%s>:%s\n" % (number % 4, b"stderr" if number % 10 == 0 else b"stdout", b"%08d " % number * 7) for number in range(lines)
    )


def serve(body: bytes, port: multiprocessing.Queue[int]) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            is_log = "/logs" in self.path
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8" if is_log else "application/json")
            self.send_header(*("Transfer-Encoding", "chunked") if is_log else ("Content-Length", str(len(STATUS))))
            self.end_headers()
            if not is_log:
                self.wfile.write(STATUS)
                return
            for start in range(0, len(body), PIECE):
                piece = body[start : start + PIECE]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    port.put(server.server_port)
    server.serve_forever()


def seconds(read: Callable[[], int], lines: int, runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.monotonic()
        assert read() == lines
        times.append(time.monotonic() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    told = parser.parse_args()
    port: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(log(told.lines), port), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get()}"

    def plain() -> int:
        with requests.get(f"{url}/jobs/{NAME}/logs", stream=True, timeout=60) as response:
            return sum(line.startswith(b"[1,") for line in response.iter_lines(chunk_size=PIECE))

    with tempfile.TemporaryDirectory() as directory:
        client = Client(Transport(url, Credentials("", "", "key", "workspace", "token"), directory))

        def follower() -> int:
            following = logs.follow(client, NAME, "SR006", lambda pause: None, lambda error: None, lambda: True)
            return sum(1 for _ in following)

        times = {
            "requests.iter_lines": seconds(plain, told.lines, told.runs),
            "the follower": seconds(follower, told.lines, told.runs),
        }
    server.terminate()
    base = times["requests.iter_lines"]
    for name, taken in times.items():
        print(f"{name:22s} {told.lines / taken:12,.0f} lines/s {taken / base:6.2f} x")


if __name__ == "__main__":
    main()
