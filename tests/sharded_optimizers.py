"""Two processes, started as torchrun does: each optimizer's updates of a model in parts beside those of the whole model, as JSON."""

import json

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh

from vit.models import create_model
from vit.models.sharding import shard
from vit.optim import Polyak, clip_by_global_norm, make_optimizer

BETAS, SGD = {"beta1": 0.9, "beta2": 0.99}, {"momentum": 0.9}
OPTIMIZERS = {
    "adam": ("adam", BETAS),
    "lion": ("lion", BETAS),
    "lamb": ("lamb", BETAS),
    "sgd": ("sgd", {**SGD, "momentum_dtype": "float32"}),
    "sgd, buffer in bfloat16": ("sgd", {**SGD, "momentum_dtype": "bfloat16"}),
}


def averaged(name: str, values: dict, mesh) -> dict[str, torch.Tensor]:
    """The average of the weights over three updates. mesh: None for a model that is whole."""
    torch.manual_seed(0)
    model = create_model("ViT-B/16", image_size=16, num_classes=3, patch=8, width=16, depth=2, heads=2, mlp=32)
    torch.nn.init.normal_(model.head.weight)
    images = torch.randn(4, 3, 16, 16)
    if mesh is not None:
        shard(model, mesh)
    optimizer, average = (
        make_optimizer(name, model, lr=0.01, weight_decay=0.1, **values),
        Polyak(model.parameters(), 0.9),
    )
    for _ in range(3):
        optimizer.zero_grad()
        model(images).logsumexp(1).mean().backward()
        clip_by_global_norm(model.parameters(), 1.0)
        optimizer.step()
        average.update(model.parameters())
    average.swap(model.parameters())
    return {key: value.full_tensor() if mesh else value for key, value in model.named_parameters()}


def difference(name: str, values: dict, mesh) -> float:
    """The largest, but for the biases of keys: their gradient is rounding, which Adam enlarges."""
    whole, parts = averaged(name, values, None), averaged(name, values, mesh)
    return max(float((whole[key] - parts[key]).abs().max()) for key in whole if not key.endswith("qkv.bias"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    mesh = init_device_mesh("cpu", (2,))
    found = {label: difference(*kind, mesh) for label, kind in OPTIMIZERS.items()}
    if dist.get_rank() == 0:
        print(json.dumps(found))
    dist.destroy_process_group()
