"""SCALE+PRECISION: a scale in another floating-point precision, with runs and a folder of results of its own (`make PRECISION=bf16-mixed`)."""

import re
from dataclasses import replace
from pathlib import Path

from vit.errors import UserError
from vit.plan.measured_speed import SPEED
from vit.plan.recipe_values import check_value, recipe_values
from vit.plan.schema import Scale

MARK = "+"
# Flags of processors that multiply matrices of bfloat16 (x86's AVX512_BF16 and AMX, Arm's): others emulate it, slower than float32.
FAST = {"avx512_bf16", "amx_bf16", "bf16", "svebf16"}
SIXTEEN_BITS = ("bf16-mixed", "bf16-true", "16-mixed")
PROCESSOR, GPU = Path("/proc/cpuinfo"), "nvidia[0-9]*"


def parts(scale_name: str) -> tuple[str, str]:
    """('mini', 'bf16-mixed') of 'mini+bf16-mixed'; the second is '' where none is named."""
    file, _, precision = scale_name.partition(MARK)
    return file, precision


def in_precision(scale: Scale, scale_name: str, tasks: dict[str, str]) -> Scale:
    """The scale with the precision of its name in all recipes. tasks: recipe -> its task; speeds keep what they state."""
    precision = parts(scale_name)[1]
    if not precision:
        return scale
    check_value("precision", precision, scale_name)
    taking = [recipe for recipe, task in tasks.items() if "precision" in recipe_values(task) and task != SPEED]
    recipes = {recipe: {**scale.recipes.get(recipe, {}), "precision": precision} for recipe in taking}
    return replace(scale, title=f"{scale.title}; in {precision}", recipes={**scale.recipes, **recipes})


def check_fast(scale_name: str, devices: Path = Path("/dev")) -> None:
    """UserError where this machine would compute the scale's precision slower than float32."""
    precision = parts(scale_name)[1]
    if precision not in SIXTEEN_BITS or not PROCESSOR.exists() or any(devices.glob(GPU)):
        return
    if precision == "16-mixed":  # which Lightning would replace by bf16-mixed
        raise UserError(f"PRECISION {precision}: it needs a GPU, and there is none; use bf16-mixed")
    flags = set(re.findall(r"^(?:flags|Features)\s*:(.*)$", PROCESSOR.read_text(), re.M | re.I)[:1])
    if flags and not FAST & set(" ".join(flags).split()):
        raise UserError(
            f"PRECISION {precision}: this processor has no instructions for it ({', '.join(sorted(FAST))}) and there is no GPU,"
            " so it would be slower than float32; leave PRECISION out"
        )
