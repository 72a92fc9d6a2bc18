"""The Gateway's socket: HTTP/1.1 with many connections at once, kept alive; answers whole or in pieces."""

from __future__ import annotations

import ipaddress
import json
import select
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from mlspace.local import brokenness
from mlspace.local.call import JSON, TEXT, Answer, HungUp, Request, Stream, Text
from mlspace.local.faults import AFTER, BEFORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlspace.local.api import Api
    from mlspace.local.faults import Fault, Faults
    from mlspace.local.recorder import Recorder

LARGEST_BODY = 64 * 1024 * 1024
"""A body holds at most the parts of a spec of 16 MiB, base64 in JSON: 22 MiB."""

QUICKEST_LOOK, SLOWEST_LOOK = 0.02, 0.25
"""Seconds between looks at a log that does not grow."""

IDLE_CONNECTION_SECONDS = 120


class Activity:
    """When the gateway was last asked something, and how much is being answered now."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.open = 0
        self.last = time.monotonic()

    def change(self, by: int) -> None:
        with self.lock:
            self.open += by
            self.last = time.monotonic()

    def idle_seconds(self) -> float:
        with self.lock:
            return 0.0 if self.open else time.monotonic() - self.last


class Server(ThreadingHTTPServer):
    """Listens from the moment it is made. Raises OSError where the address cannot be had."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, host: str, port: int, api: Api, faults: Faults, recorder: Recorder | None = None) -> None:
        self.api = api
        self.faults = faults
        self.recorder = recorder
        self.activity = Activity()
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.server_name).is_loopback

    def server_bind(self) -> None:
        """Without HTTPServer's look-up of the host's full name, which may ask a slow DNS."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no event; anything else is told on stderr."""
        import sys

        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "embedded-mlspace"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one segment, head and body
    timeout = IDLE_CONNECTION_SECONDS

    def __getattr__(self, name: str) -> Callable[[], None]:
        """`do_GET` and its like, of any method there may be: api.py says which there are."""
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: paths and headers hold names and secrets of jobs."""

    def serve(self) -> None:
        self.server.activity.change(+1)
        self.left: int | None = None
        try:
            body = self.read_body()
            if body is not None:
                path, _, query = self.path.partition("?")
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.respond(Request(self.command, unquote(path), parse_qs(query, keep_blank_values=True), headers, body))
        except HungUp:
            self.close_connection = True  # and no word more: what waits in our buffer is not sent
        finally:
            self.server.activity.change(-1)

    def respond(self, request: Request) -> None:
        """The answer, unless a fault comes between."""
        api = self.server.api
        fault = self.server.faults.strike(request.method, api.template(request.method, request.path))
        time.sleep(fault.delay_seconds)
        if fault.late_seconds is not None:
            later = threading.Timer(fault.late_seconds, api.answer, [request])
            later.daemon = True
            later.start()
            raise HungUp
        if fault.cut == BEFORE:
            raise HungUp
        if fault.expire:
            api.door.expire_tokens()
        instead = failure_of(fault)
        answer: Answer | Text | Stream
        if instead is None or fault.effect:
            answer = api.answer(request)
        if instead is not None:
            answer = instead
        if self.server.recorder is not None:
            self.server.recorder.note(request, answer, is_fault=instead is not None or fault.expire)
        if fault.cut == AFTER and fault.cut_bytes is None:
            raise HungUp
        self.left = fault.cut_bytes
        if isinstance(answer, Stream):
            self.send_pieces(answer)
        elif isinstance(answer, Text):
            self.send_whole(answer.status, answer.kind, answer.data, answer.headers)
        else:
            self.send_json(answer)

    def read_body(self) -> bytes | None:
        """The request's body; None after an error was answered. Bodies in chunks are not taken: no client of the platform sends them."""
        text = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not (text.isascii() and text.isdigit()):
            self.refuse(411, "Length Required")
            return None
        if int(text) > LARGEST_BODY:
            self.refuse(413, "Request Entity Too Large")
            return None
        return self.rfile.read(int(text))

    def refuse(self, status: int, message: str) -> None:
        self.close_connection = True  # the body was not read: what follows is no request
        self.send_json(Answer({"error_code": status, "error_message": message}, status))

    def send_json(self, answer: Answer) -> None:
        self.send_whole(answer.status, JSON, json.dumps(answer.value).encode(), answer.headers)

    def send_whole(self, status: int, kind: str, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.write(b"" if self.command == "HEAD" else data)
        self.wfile.flush()

    def write(self, data: bytes) -> None:
        """A part of the body; as much of it as a fault lets pass."""
        if self.left is not None and len(data) > self.left:
            self.wfile.write(data[: self.left])
            self.wfile.flush()
            raise HungUp
        self.left = None if self.left is None else self.left - len(data)
        self.wfile.write(data)

    def send_pieces(self, answer: Stream) -> None:
        chunked = self.request_version != "HTTP/1.0"
        self.send_response(200)
        self.send_header("Content-Type", TEXT)
        self.send_header(*("Transfer-Encoding", "chunked") if chunked else ("Connection", "close"))
        self.end_headers()
        for piece in self.with_flush(answer.pieces(Patience(self.connection).wait)):
            self.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def with_flush(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        self.wfile.flush()
        for piece in pieces:
            if piece:
                yield piece
                self.wfile.flush()


def failure_of(fault: Fault) -> Answer | Text | None:
    """What is answered instead of the truth."""
    if fault.refuse:
        return brokenness.refusal(fault.refuse, fault.retry_after)
    return brokenness.failure(fault.status, fault.retry_after) if fault.status else None


class Patience:
    """Waits between two looks at a log, longer and longer while nothing comes, and notices when the client goes away."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.seconds = QUICKEST_LOOK

    def wait(self, progress: bool) -> bool:
        self.seconds = QUICKEST_LOOK if progress else min(self.seconds * 1.5, SLOWEST_LOOK)
        poll = select.poll()  # not select(): a file descriptor may be over 1023
        poll.register(self.connection, select.POLLIN | select.POLLRDHUP)
        if not poll.poll(self.seconds * 1000):
            return True
        return self.still_there()

    def still_there(self) -> bool:
        """The client sent something or closed. A pipelined request is left for later."""
        try:
            if self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"":
                return False
        except OSError:
            return False
        time.sleep(self.seconds)
        return True
