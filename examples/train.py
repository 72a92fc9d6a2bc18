"""Data-parallel training in plain Python: what a Slurm job of many ranks does, without any package.

Each rank has its shard of the data; in every step the gradients are summed over all ranks through sockets
(rank 0 collects and answers), so that all ranks take the same step. Rank 0 prints the loss. The program fails
if the loss does not fall, or if the ranks do not end with the very same parameters.

Reads SLURM_PROCID and SLURM_NTASKS, as torch.distributed programs do, and MASTER_ADDR and MASTER_PORT where they are set.
"""

import math
import os
import random
import socket
import struct
import subprocess
import sys
import time

SAMPLES = 960
FEATURES = 8
STEPS = 40
LEARNING_RATE = 0.3


def receive(connection: socket.socket, count: int) -> list[float]:
    """Exactly `count` numbers from a peer; a peer that goes away is an error, not a short answer."""
    data = b""
    while len(data) < 8 * count:
        piece = connection.recv(8 * count - len(data))
        if not piece:
            raise ConnectionError("a rank has gone away")
        data += piece
    return list(struct.unpack(f"!{count}d", data))


def send(connection: socket.socket, numbers: list[float]) -> None:
    connection.sendall(struct.pack(f"!{len(numbers)}d", *numbers))


class Group:
    """All ranks of the job, joined in a star: every rank has one connection to rank 0."""

    def __init__(self, rank: int, size: int, address: str, port: int) -> None:
        self.rank, self.size = rank, size
        self.peers: list[socket.socket] = []
        if size == 1:
            return
        if rank == 0:
            with socket.create_server((address, port), backlog=size) as server:
                server.settimeout(60)
                joined = {}
                while len(joined) < size - 1:
                    connection, _ = server.accept()
                    joined[int(receive(connection, 1)[0])] = connection
            self.peers = [joined[other] for other in range(1, size)]
        else:
            self.peers = [self.join(address, port)]
            send(self.peers[0], [rank])

    @staticmethod
    def join(address: str, port: int) -> socket.socket:
        """Connect to rank 0, which may not listen yet."""
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = socket.create_connection((address, port), timeout=60)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def sum(self, numbers: list[float]) -> list[float]:
        """All-reduce: the element-wise sum over all ranks, bit for bit the same on each."""
        if self.rank != 0:
            send(self.peers[0], numbers)
            return receive(self.peers[0], len(numbers))
        total = list(numbers)
        for peer in self.peers:
            total = [a + b for a, b in zip(total, receive(peer, len(numbers)), strict=True)]
        for peer in self.peers:
            send(peer, total)
        return total

    def gather(self, numbers: list[float]) -> list[list[float]]:
        """Every rank's numbers, on rank 0; nothing elsewhere."""
        if self.rank != 0:
            send(self.peers[0], numbers)
            return []
        return [numbers] + [receive(peer, len(numbers)) for peer in self.peers]


def make_sample(index: int) -> tuple[list[float], float]:
    """A point and its class, 0 or 1, by a rule that the model has to find."""
    source = random.Random(index)
    point = [source.uniform(-1, 1) for _ in range(FEATURES)]
    return point, float(sum((-1) ** i * x for i, x in enumerate(point)) > 0)


def gradient(weights: list[float], shard: list[tuple[list[float], float]]) -> list[float]:
    """Gradient of the logistic loss over the shard, then the loss itself: sums, not means."""
    sums = [0.0] * (FEATURES + 1)
    loss = 0.0
    for point, label in shard:
        score = weights[-1] + sum(w * x for w, x in zip(weights, point, strict=False))
        probability = 1 / (1 + math.exp(-score))
        loss -= math.log(probability if label else 1 - probability)
        for i, x in enumerate(point):
            sums[i] += (probability - label) * x
        sums[-1] += probability - label
    return sums + [loss]


def master() -> tuple[str, int]:
    """Where rank 0 listens: what the script exported, else the first node of the job."""
    job = int(os.environ.get("SLURM_JOB_ID", "0"))
    port = int(os.environ.get("MASTER_PORT", 15000 + job % 10000))
    address = os.environ.get("MASTER_ADDR")
    if address is None and "SLURM_JOB_NODELIST" in os.environ:
        names = subprocess.run(["scontrol", "show", "hostnames"], check=True, capture_output=True, text=True).stdout
        address = names.split()[0]
    return address or "localhost", port


def train() -> int:
    rank, size = int(os.environ.get("SLURM_PROCID", "0")), int(os.environ.get("SLURM_NTASKS", "1"))
    group = Group(rank, size, *master())
    shard = [make_sample(index) for index in range(rank, SAMPLES, size)]
    print(f"rank {rank} of {size} on {socket.gethostname()}: {len(shard)} of {SAMPLES} samples", flush=True)

    weights = [0.0] * (FEATURES + 1)
    losses = []
    for step in range(STEPS):
        *sums, loss = group.sum(gradient(weights, shard))
        weights = [w - LEARNING_RATE * 10 * s / SAMPLES for w, s in zip(weights, sums, strict=True)]
        losses.append(loss / SAMPLES)
        if rank == 0 and step % 8 == 0:
            print(f"step {step:3d}  loss {losses[-1]:.4f}", flush=True)

    everyone = group.gather(weights)
    if rank == 0:
        print(f"step {STEPS - 1:3d}  loss {losses[-1]:.4f}", flush=True)
        if any(other != weights for other in everyone):
            print("error: the ranks disagree about the parameters", file=sys.stderr)
            return 1
        print(f"all {size} ranks agree", flush=True)
    if losses[-1] > losses[0] / 2:
        print(f"error: rank {rank}: the loss did not fall: {losses[0]:.4f} to {losses[-1]:.4f}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(train())
