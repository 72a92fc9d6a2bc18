"""A LightningModule trained by DDP, as a cluster's documentation shows it: Lightning finds nodes, ranks and the master by itself."""

import os
import sys

import lightning
import torch
from lightning.pytorch.plugins.environments import SLURMEnvironment


class Regression(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(8, 1)

    def training_step(self, batch: list[torch.Tensor], number: int) -> torch.Tensor:
        points, labels = batch
        loss = torch.nn.functional.mse_loss(self.layer(points), labels)
        self.log("loss", loss, sync_dist=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def main(nodes: int, tasks: int) -> None:
    lightning.seed_everything(0)
    points = torch.randn(256, 8)
    data = torch.utils.data.TensorDataset(points, points.sum(dim=1, keepdim=True))
    trainer = lightning.Trainer(
        accelerator="cpu",
        strategy="ddp",
        num_nodes=nodes,
        devices=tasks,
        max_epochs=3,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    environment = trainer.strategy.cluster_environment
    assert isinstance(environment, SLURMEnvironment), environment
    module = Regression()
    trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=32))
    digest = f"{module.layer.weight.detach().sum().item():.6f}"
    where = f"rank {trainer.global_rank} of {trainer.world_size} on node {trainer.node_rank}"
    print(f"{where}: master {environment.main_address}, job {environment.job_id()}, loss {trainer.callback_metrics['loss']:.4f}, {digest}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # after gloo, PyTorch 2.13 now and then aborts in its threads when it ends in the ordinary way
