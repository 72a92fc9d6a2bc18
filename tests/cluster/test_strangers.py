"""Who connects to a job's channel over the network and does not belong to it. The strangers sit in a pod of another job."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cluster import namespaces
from tests.cluster.cluster import Cluster, Pod
from tests.conftest import wait_until
from tests.launcher.helpers.channel import (
    AUTH,
    HELLO,
    REFUSED,
    WELCOME,
    Identity,
    auth,
    auth_for,
    connect,
    enter,
    frame,
    proof,
    read_frame,
    read_frames,
    send_last,
    server_nonce,
)

pytestmark = pytest.mark.xdist_group("cluster")

ETH_P_IP = 0x0800
ANOTHER = "this is another job"
FAILED = "authentication failed"


def record_auth(sniffer: socket.socket) -> bytes:
    """The first AUTH frame that passes by."""
    while True:
        packet = sniffer.recv(65536)
        tcp = packet[4 * (packet[0] & 15) :]
        data = tcp[4 * (tcp[12] >> 4) :]
        if data[4:5] == bytes([AUTH]) and len(data) == 5 + int.from_bytes(data[:4], "big"):
            return data


class Place:
    """Where a stranger is, and whom he wants to visit."""

    def __init__(self, here: Pod, first: Pod, who: Identity) -> None:
        self.here = here
        self.first = first
        self.who = who

    def knock(self) -> socket.socket:
        with namespaces.network_of(self.here.pid):
            return connect(self.who.submission, self.first.address)

    def answer(self, data: bytes) -> tuple[list[int], str]:
        """Kinds of the frames that come for these bytes, and why one was refused."""
        with self.knock() as peer:
            send_last(peer, data)
            return kinds(read_frames(peer))


def kinds(frames: Iterator[tuple[int, bytes]]) -> tuple[list[int], str]:
    found = list(frames)
    return [kind for kind, _ in found], "".join(payload[4:].decode() for kind, payload in found if kind == REFUSED)


def identities(state: Path) -> list[Identity]:
    """Of all jobs, in their order; nobody but the user can read them."""
    with closing(sqlite3.connect(state / "registry.sqlite")) as registry:
        return [Identity(*row) for row in registry.execute("SELECT submission, secret FROM submission ORDER BY job_id")]


def test_strangers_are_refused_and_the_job_runs_on(cluster: Cluster, state: Path) -> None:
    waiting = "touch began-$SLURM_JOB_ID; until [ -e go ]; do sleep 0.02; done; srun hostname"
    output = cluster.submit(waiting, "-N2")
    pods = cluster.pods()
    with namespaces.network_of(pods[0].pid), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as sniffer:
        sniffer.settimeout(30)
        recorded = record_auth(sniffer)
    cluster.submit(waiting, "-N2")
    for job in (1, 2):
        wait_until((cluster.cli.directory / f"began-{job}").exists, "both jobs")
    ours, other = identities(state)
    place = Place(cluster.pods()[1], pods[0], ours)
    liar = Identity(ours.submission, other.secret)

    assert place.answer(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")[0] == [HELLO]
    assert place.answer(frame(AUTH, b"")) in (([HELLO], ""), ([HELLO, REFUSED], "this launch speaks channel version 1"))
    assert place.answer(auth(ours.submission, b"")) == ([HELLO, REFUSED], FAILED)
    assert place.answer(auth(ours.submission, bytes(32), b"node", 1)) == ([HELLO, REFUSED], FAILED)
    assert place.answer(recorded) == ([HELLO, REFUSED], FAILED)
    for who, peer, node, why in (
        (other, b"node", 1, ANOTHER),
        (liar, b"node", 1, FAILED),
        (liar, b"client", 0, FAILED),
        (liar, b"owner", 0, FAILED),
        (liar, b"share", 1, FAILED),
    ):
        with place.knock() as peer_socket:
            hello, payload = read_frame(peer_socket)
            send_last(peer_socket, auth_for(payload, who, peer, node))
            assert (hello, *kinds(read_frames(peer_socket))) == (HELLO, [REFUSED], why)
    mirrored = mirror(place)
    assert mirrored == ([REFUSED], FAILED)

    with place.knock() as late:  # a member, but of a node that is here already
        enter(late, ours, b"node", 1)
        assert read_frame(late) == (0, b"")
    (cluster.cli.directory / "go").touch()
    assert cluster.accounted("State") == "COMPLETED"
    assert sorted(output.read_text().splitlines()) == sorted(pod.name for pod in pods)


def mirror(place: Place) -> tuple[list[int], str]:
    """The server's own proof for our nonce, sent back to it on another connection."""
    with place.knock() as first, place.knock() as second:
        _, hello = read_frame(first)
        first.sendall(auth_for(hello, place.who))
        kind, welcome = read_frame(first)
        assert (kind, welcome[4:]) == (WELCOME, proof(place.who, b"server", server_nonce(hello), b"client", 0))
        read_frame(second)
        send_last(second, auth(place.who.submission, welcome[4:]))
        return kinds(read_frames(second))
