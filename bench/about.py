"""The description of a benchmark: machine, versions, settings, method."""

from datetime import UTC, datetime
from importlib.metadata import version

from bench.memory import STEPS
from vit.record import code, device_name


def columns(settings, rounds, peak, load):
    """Columns of the CSV with the same value in every row. load: the machine's load average before the start."""
    return {
        "device": device_name(),
        "threads": settings.threads,
        "load_before": f"{load:.2f}",
        "peak_gflops": f"{peak / 1e9:.0f}",
        "precision": settings.precision,
        "compiled": settings.compiled,
        "batch": settings.batch,
        "image_size": settings.image_size,
        "optimizer": settings.optimizer,
        "rounds": rounds,
        **{name: version(name) for name in ("torch", "timm")},
        "commit": code()["commit"],
        "date": datetime.now(UTC).date().isoformat(),
    }


def lines(settings, same):
    """Lines above the table; `same` are the columns above."""
    memory = "peak of torch's allocator" if settings.device == "cuda" else "growth of a separate process"
    return (
        "{device}, {threads} CPU threads, load {load_before} before the start; torch {torch}, timm {timm}; commit {commit}, {date}.".format(**same),
        f"{same['precision']}, {'compiled' if settings.compiled else 'not compiled'}, batches of {settings.batch} images of"
        f" {settings.image_size} px; training is forward, backward and a step of {settings.optimizer}.",
        f"Times: {same['rounds']} rounds in one process, each contender once per round; medians with quartiles. Ratios are taken"
        " round by round against timm's model with the same form of GELU; above 1 is faster.",
        f"Share: FLOPs (forward, 3 × in training) per second, as a share of {same['peak_gflops']} GFLOP/s, the best square matrix product"
        " measured just before.",
        f"Memory: {memory} in {STEPS} training steps: weights, gradients, optimizer, activations.",
    )  # fmt: skip
