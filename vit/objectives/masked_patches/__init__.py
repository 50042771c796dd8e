"""Masked patch prediction on plain tensors (Section 4.6, Appendix B.1.2): which patches are corrupted, what is predicted.

For images (B, 3, H, W) in [-1, 1] with N patches each, a module `model` with the public steps of a ViT, a vector `mask`
(D,) and a linear map `head` with `target.outputs` outputs:

    target = make_target("mean_color", patch=16, color_bins="floor")
    fate, source = corruption(
        image_draws(images, 2 * N),
        corrupted=0.5, masked=0.8, random_patch=0.1, counts="exact", random_patch_from="image",
    )
    encoded = model.patches(model.encode(corrupt(model.tokens(images), mask, fate, source))).flatten(0, 1)
    indices, patches = predicted(fate), pixel_patches(images, 16).flatten(0, 1)
    measured = target.measure(head(encoded[indices]), patches[indices])  # loss, and accuracy for colors
"""

from vit.objectives.masked_patches.corruption import INTACT, KEPT, MASKED, REPLACED, corrupt, corruption, predicted
from vit.objectives.masked_patches.image_draws import image_draws, training_draws
from vit.objectives.masked_patches.targets import make_target, pixel_patches

__all__ = [
    "INTACT",
    "KEPT",
    "MASKED",
    "REPLACED",
    "corrupt",
    "corruption",
    "image_draws",
    "make_target",
    "pixel_patches",
    "predicted",
    "training_draws",
]
