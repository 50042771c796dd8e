"""Which patch embeddings are corrupted and how (Appendix B.1.2).

B batch, N patches, D width, M corrupted patches of the batch. A patch index counts the patches of the whole batch, from 0
to B * N - 1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from vit.models.choices import choose

MASKED, REPLACED, KEPT, INTACT = range(4)  # the first three are corrupted, and predicted


def corruption(
    numbers: Tensor,
    *,
    corrupted: float,
    masked: float,
    random_patch: float,
    counts: str,
    random_patch_from: str,
) -> tuple[Tensor, Tensor]:
    """The fate of each patch and the index of the patch that its embedding comes from, both int64 (B, N).

    numbers: uniform in [0, 1), (B, 2 N).
    corrupted: share of all patches; masked, random_patch: shares of the corrupted ones that get the mask vector or another
        patch's embedding. The rest is KEPT: unchanged, but predicted.
    counts: 'exact', the same numbers in every image (round(corrupted * N), ties to even); 'independent', each patch drawn
        separately, so that only the expected numbers are those. Micro-batches then have means over unequal numbers of
        patches, which do not average to exactly that of the batch.
    random_patch_from: 'image' or 'batch', other patches of the image or of these B images (not of the global batch).
    """
    fate_numbers, source_numbers = numbers.chunk(2, dim=1)
    fate = choose(FATES, counts, "counts")(fate_numbers, corrupted, (masked, masked + random_patch, 1))
    index = torch.arange(fate.numel()).view_as(fate)
    return fate, torch.where(fate == REPLACED, other_patches(source_numbers, random_patch_from), index)


def exact(numbers, corrupted, edges):
    """Fates by the rank of a patch's number in its image: the first ranks are masked, the next replaced, the next kept."""
    count = round(corrupted * numbers.shape[1])
    if not count:
        raise ValueError(f"corrupted: {corrupted:g} of {numbers.shape[1]} patches rounds to none; raise it")
    edges = torch.tensor([round(count * edge) for edge in edges])
    ranks = numbers.argsort(dim=1, stable=True).argsort(dim=1)
    return torch.bucketize(ranks, edges, right=True)


def independent(numbers, corrupted, edges):
    """Fates by each patch's number alone."""
    edges = torch.tensor([corrupted * edge for edge in edges], dtype=numbers.dtype)
    return torch.bucketize(numbers.contiguous(), edges, right=True)


FATES = {"exact": exact, "independent": independent}


def other_patches(numbers, origin):
    """For each of (B, N) patches the index of another patch of its image or of the batch, each equally likely."""
    images, patches = numbers.shape
    pools = {
        "image": (patches, torch.arange(images)[:, None]),
        "batch": (images * patches, 0),
    }  # size, number of the pool
    size, pool = choose(pools, origin, "random_patch_from")
    if size < 2:
        raise ValueError("random_patch: an image of one patch has no other patch to replace it with")
    index = torch.arange(images * patches).view(images, patches) - pool * patches  # within the pool
    drawn = (numbers * (size - 1)).long()  # from one patch less; the next line skips the patch itself
    return drawn + (drawn >= index) + pool * patches


def predicted(fate: Tensor) -> Tensor:
    """Indices of the corrupted patches, int64 (M,)."""
    return (fate != INTACT).flatten().nonzero().squeeze(1)


def corrupt(tokens: Tensor, mask: Tensor, fate: Tensor, source: Tensor) -> Tensor:
    """Patch embeddings (B, N, D) before positions, with `mask` (D,) for MASKED and another embedding for REPLACED ones."""
    # the backward pass of F.embedding adds up in a fixed order; that of indexing does not with two threads
    copied = F.embedding(source.to(tokens.device), tokens.flatten(0, 1))
    return torch.where((fate == MASKED).to(tokens.device).unsqueeze(-1), mask.to(tokens.dtype), copied)
