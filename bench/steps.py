"""The timed steps: training and inference, by default in bf16 and compiled on a GPU, in float32 on a CPU."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Settings:
    """Settings of all contenders."""

    device: str
    batch: int
    image_size: int
    optimizer: str
    threads: int
    compiled: bool
    precision: str = "32-true"  # or bf16-mixed

    @property
    def dtype(self):
        return torch.bfloat16 if self.precision == "bf16-mixed" else torch.float32

    def autocast(self):
        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16-mixed")

    def images(self):
        return torch.randn(self.batch, 3, self.image_size, self.image_size, device=self.device)


def optimizer_of(network, settings):
    fused = settings.device == "cuda"
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(network.parameters(), lr=0.0001, fused=fused)
    return torch.optim.SGD(network.parameters(), lr=0.0001, momentum=0.9, fused=fused)


def training(network, settings):
    """A function that runs a training step."""
    network.train()
    images, labels = settings.images(), torch.zeros(settings.batch, dtype=torch.long, device=settings.device)
    optimizer = optimizer_of(network, settings)

    def step():
        with settings.autocast():
            loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def inference(network, settings):
    """A function that runs a forward pass."""
    network.eval()
    images = settings.images()

    def step():
        with torch.inference_mode(), settings.autocast():
            network(images)

    return step


STEPS = {"training": training, "inference": inference}


def on_device(network, settings):
    network = network.to(settings.device)
    return torch.compile(network) if settings.compiled else network
