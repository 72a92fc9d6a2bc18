"""A job's channel as anybody may speak it: frames, handshakes right and wrong, ports. Source: docs/protocol.md §6."""

from __future__ import annotations

import hashlib
import hmac
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from tests.conftest import wait_until

HELLO, AUTH, WELCOME, REFUSED = 1, 2, 3, 4
VERSION = 1
NONCE = b"n" * 16
PATIENCE = 20.0


class Identity(NamedTuple):
    """What makes one a member of a job, or what somebody takes for that. A LaunchSpec has both, too."""

    submission: str
    secret: str


def ports_of(submission: str) -> list[int]:
    digest = hashlib.sha256(submission.encode()).digest()
    return [20000 + int.from_bytes(digest[2 * i : 2 * i + 2], "big") % 9000 for i in range(16)]


def connect(submission: str, address: str) -> socket.socket:
    """To the first node at that address, as soon as it listens."""

    def attempt() -> socket.socket | None:
        for port in ports_of(submission):
            try:
                return socket.create_connection((address, port), timeout=PATIENCE)
            except OSError:
                continue
        return None

    return wait_until(attempt, "the first node's port")  # type: ignore[no-any-return]


def frame(kind: int, payload: bytes) -> bytes:
    return struct.pack(">IB", len(payload), kind) + payload


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def number(value: int) -> bytes:
    return struct.pack(">q", value)


def proof(who: Identity, side: bytes, server_nonce: bytes, peer: bytes, node: int) -> bytes:
    message = text(side) + text(server_nonce) + text(NONCE) + text(peer) + number(node) + text(who.submission.encode())
    return hmac.digest(bytes.fromhex(who.secret), message, "sha256")


def auth(submission: str, mac: bytes, peer: bytes = b"client", node: int = 0) -> bytes:
    return frame(AUTH, number(VERSION) + text(NONCE) + text(mac) + text(peer) + number(node) + text(submission.encode()))


def auth_for(hello: bytes, who: Identity, peer: bytes = b"client", node: int = 0) -> bytes:
    """AUTH with the mac that belongs to the payload of that HELLO."""
    return auth(who.submission, proof(who, b"client", server_nonce(hello), peer, node), peer, node)


def server_nonce(hello: bytes) -> bytes:
    return hello[12:28]


def read_frame(peer: socket.socket) -> tuple[int, bytes]:
    """Kind and payload of the next frame; kind 0 where the other side has closed."""
    try:
        head = peer.recv(5, socket.MSG_WAITALL)
        if len(head) < 5:
            return 0, b""
        length, kind = struct.unpack(">IB", head)
        return kind, peer.recv(length, socket.MSG_WAITALL) if length else b""
    except ConnectionResetError:
        return 0, b""


def read_frames(peer: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Until the other side closes."""
    return iter(lambda: read_frame(peer), (0, b""))


def send_last(peer: socket.socket, data: bytes) -> None:
    """Sends, and says that no more will come; the other side may have closed already."""
    try:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def enter(peer: socket.socket, who: Identity, kind: bytes = b"client", node: int = 0) -> None:
    """The whole handshake of one who belongs to the job."""
    hello, payload = read_frame(peer)
    assert hello == HELLO
    peer.sendall(auth_for(payload, who, kind, node))
    welcome, mac = read_frame(peer)
    assert (welcome, mac) == (WELCOME, text(proof(who, b"server", server_nonce(payload), kind, node)))
