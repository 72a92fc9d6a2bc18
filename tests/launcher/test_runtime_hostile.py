"""A live job among those who send anything: bytes of chance, frames cut, bent, out of order. It lives on, and serves the others.

The choices are random, and the same in each run; the number of the attempt at which something broke is in the message.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mlspace.spec.launch import LaunchSpec
from tests.conftest import wait_until
from tests.launcher.helpers.channel import (
    AUTH,
    HELLO,
    NONCE,
    VERSION,
    WELCOME,
    Identity,
    auth,
    connect,
    enter,
    frame,
    number,
    read_frame,
    send_last,
    text,
)
from tests.launcher.helpers.runtime import Runtime, batch, processes_of, runtime_directory

FIRST, SECOND = "127.0.0.1", "127.0.0.2"
WAITING = """#!/bin/sh
srun -n2 true
touch $MLSPACE_JOB_DIR/ready
while [ ! -e $MLSPACE_JOB_DIR/go ]; do sleep 0.02; done
srun -n2 printenv SLURMD_NODENAME
"""
CREATE_STEP, STEP_REFUSED, STEP_CREATED, SIGNAL_JOB, STEP_ENDED, TERMINATE = 10, 11, 12, 21, 19, 32
EXTREMES = (0, 1, -1, 2, 255, 65_536, 2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63))
ATTEMPTS = 1000
PEERS = ((b"client", 0), (b"client", -1), (b"node", 2**63 - 1), (b"node", 0), (b"node", 1), (b"share", 1), (b"", 0), (b"king", 7))
"""What a member may say that it is; not the owner, whose going ends the job. Node 1 is there already."""


@contextmanager
def living_job(runtime: Runtime) -> Iterator[LaunchSpec]:
    """A job of two nodes, which must do its work after all that happens to it."""
    spec = batch(WAITING, 2)
    nodes = runtime.start_all(spec)
    wait_until((runtime_directory(spec) / "ready").exists, "both nodes")
    yield spec
    (runtime_directory(spec) / "go").touch()
    assert [node.wait() for node in nodes] == [0, 0], nodes[0].stderr
    assert sorted(nodes[0].stdout.splitlines()) == [FIRST, SECOND]
    assert processes_of(spec.submission) == []


def bend(chance: random.Random, data: bytes) -> bytes:
    """The bytes with one fault."""
    where = chance.randrange(len(data) + 1)
    return chance.choice(
        [
            data[:where],
            data[:where] + chance.randbytes(chance.randrange(1, 20)) + data[where:],
            data[:where] + data[where + chance.randrange(1, 20) :],
            data[:where] + bytes([chance.randrange(256)]) + data[where + 1 :],
            data[:where] + number(chance.choice(EXTREMES)) + data[where + 8 :],
            data[:where] + struct.pack(">I", chance.choice(EXTREMES) % 2**32) + data[where + 4 :],
        ]
    )


def leave(chance: random.Random, peer: socket.socket) -> None:
    """By an end, by a reset, or by neither: the socket is closed when nobody has it any more."""
    if chance.random() < 0.3:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def some_frames(chance: random.Random) -> bytes:
    """Frames of any type and length, the length true or not. SIGNAL_JOB would do what it says, if it were well formed."""
    kinds = [kind for kind in range(1, 48) if kind != SIGNAL_JOB]
    frames = []
    for _ in range(chance.randrange(1, 8)):
        payload = chance.choice([b"", number(chance.choice(EXTREMES)), chance.randbytes(chance.randrange(100)), text(b"x") * 5])
        whole = frame(chance.choice(kinds), payload)
        frames.append(whole if chance.random() < 0.8 else struct.pack(">I", chance.choice(EXTREMES) % 2**32) + whole[4:])
    return b"".join(frames)


def test_strangers_may_send_anything(runtime: Runtime) -> None:
    chance = random.Random(1)
    with living_job(runtime) as spec:
        good = auth(spec.submission, bytes(32), b"node", 1)
        for attempt in range(ATTEMPTS):
            data = chance.choice([chance.randbytes(chance.randrange(1, 9000)), bend(chance, good), some_frames(chance)])
            peer = connect(spec.submission, FIRST)
            assert read_frame(peer)[0] == HELLO, attempt
            if chance.random() < 0.5:
                send_last(peer, data)
                assert read_frame(peer)[0] != WELCOME, (attempt, data)
            else:
                peer.sendall(data[: chance.randrange(len(data) + 1)])
            leave(chance, peer)


def test_members_may_send_anything(runtime: Runtime) -> None:
    """They know the secret, so that launch listens to them longer."""
    chance = random.Random(2)
    with living_job(runtime) as spec:
        who = Identity(spec.submission, spec.secret)
        for _ in range(ATTEMPTS):
            peer = connect(spec.submission, FIRST)
            enter(peer, who, *chance.choice(PEERS))
            send_last(peer, some_frames(chance))
            if chance.random() < 0.5:
                read_frame(peer)
            leave(chance, peer)


@pytest.fixture
def request_of_srun(runtime: Runtime, tmp_path: Path) -> bytes:
    """The payload of CREATE_STEP as srun sends it: what it says to a job directory whose channel is ours."""
    directory = tmp_path / "5.00000000.0"
    directory.mkdir()
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(directory / "channel"))
        server.listen()
        heard: list[bytes] = []

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(frame(HELLO, number(VERSION) + text(NONCE)))
                assert read_frame(peer)[0] == AUTH
                peer.sendall(frame(WELCOME, text(b"")))
                kind, payload = read_frame(peer)
                assert kind == CREATE_STEP
                heard.append(payload)

        thread = threading.Thread(target=serve)
        thread.start()
        runtime.start_command([str(runtime.launch), "srun", f"--mlspace-job-dir={directory}", "-n2", "true"]).wait()
        thread.join(20)
    return heard[0]


def test_requests_may_be_a_little_wrong(runtime: Runtime, request_of_srun: bytes) -> None:
    """A step is made of it, or it is refused with a word; steps that were made end."""
    chance = random.Random(3)
    answers = set()
    with living_job(runtime) as spec:
        who = Identity(spec.submission, spec.secret)
        for attempt in range(ATTEMPTS):
            with connect(spec.submission, FIRST) as peer:
                enter(peer, who)
                peer.sendall(frame(CREATE_STEP, bend(chance, request_of_srun)))
                answer, why = read_frame(peer)
                assert answer in (STEP_REFUSED, STEP_CREATED), (attempt, [node.stderr for node in runtime.nodes])
                answers.add(answer)
                assert answer == STEP_CREATED or len(why) > 4, attempt
                if answer == STEP_CREATED:
                    peer.sendall(frame(TERMINATE, b""))  # it may wait for something that only srun would send
                while answer not in (STEP_REFUSED, STEP_ENDED):
                    answer, _ = read_frame(peer)
                    assert answer, attempt
    assert answers == {STEP_REFUSED, STEP_CREATED}
