"""DistributedDataParallel over gloo on CPUs, or NCCL where there are GPUs. Started by torchrun: examples/torch_ddp.sbatch."""

import os
import sys

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


def train() -> int:
    use_gpu = torch.cuda.is_available()
    dist.init_process_group("nccl" if use_gpu else "gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if use_gpu else torch.device("cpu")

    torch.manual_seed(0)  # the same data on every rank; each then takes its own share
    points = torch.randn(1024, 16)
    labels = (points @ torch.randn(16, 1)).sign().clamp(min=0)
    points, labels = points[rank::size].to(device), labels[rank::size].to(device)

    model = DistributedDataParallel(torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)).to(device))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    losses = []
    for step in range(60):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(points), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean = loss.detach().clone()
        dist.all_reduce(mean)
        losses.append(mean.item() / size)
        if rank == 0 and step % 20 == 0:
            print(f"step {step:3d}  loss {losses[-1]:.4f}", flush=True)

    digest = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    everyone = [torch.empty_like(digest) for _ in range(size)]
    dist.all_gather(everyone, digest)
    dist.barrier()
    if any(not torch.equal(other, digest) for other in everyone):
        print(f"error: rank {rank}: the ranks disagree about the parameters", file=sys.stderr)
        return 1
    if losses[-1] > losses[0] / 2:
        print(f"error: rank {rank}: the loss did not fall: {losses[0]:.4f} to {losses[-1]:.4f}", file=sys.stderr)
        return 1
    if rank == 0:
        print(f"all {size} ranks agree; loss {losses[0]:.4f} to {losses[-1]:.4f}", flush=True)
    return 0


if __name__ == "__main__":
    code = train()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # not by way of the interpreter's end, in which the gloo threads of PyTorch 2.13 now and then abort
