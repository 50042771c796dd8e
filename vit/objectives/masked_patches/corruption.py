"""Which patch embeddings are corrupted and how (Appendix B.1.2).

B batch, N patches, D width.
"""

import torch
import torch.nn.functional as F

from vit.models.choices import choose

MASKED, REPLACED, KEPT, INTACT = range(4)  # the first three are predicted


def corruption(numbers, *, corrupted, masked, random_patch, counts, random_patch_from):
    """The fate of each patch and where its embedding comes from, both int64 (B, N), by uniform numbers (B, 2 N).

    corrupted: share of all patches; masked, random_patch: shares of the corrupted ones that the mask vector or another
        patch's embedding replaces; the rest is KEPT as it is, but predicted like the others.
    counts: 'exact' has the same number of each in every image (round(corrupted * N) corrupted ones, ties to even);
        'independent' draws every patch by itself, so that only the expected numbers are those
        (and micro-batches, whose means then are of unequal numbers of patches, do not add up to exactly one batch).
    random_patch_from: 'image' or 'batch' (the B images at hand: with several devices or micro-batches not the global
        batch); never the patch itself.
    The sources count the patches of the whole batch, 0 .. B * N - 1, and are a patch's own place unless it is REPLACED.
    """
    fates, places = numbers.chunk(2, dim=1)
    fate = choose(FATES, counts, "counts")(fates, corrupted, (masked, masked + random_patch, 1))
    own = torch.arange(fate.numel()).view_as(fate)
    return fate, torch.where(fate == REPLACED, another(places, random_patch_from), own)


def exactly(numbers, corrupted, edges):
    """Patches in random order: the first are masked, the next replaced, then come those that are kept."""
    count = round(corrupted * numbers.shape[1])
    if not count:
        raise ValueError(f"corrupted: {corrupted:g} of {numbers.shape[1]} patches rounds to none; it must be more")
    edges = torch.tensor([round(count * edge) for edge in edges])
    return torch.bucketize(numbers.argsort(dim=1, stable=True).argsort(dim=1), edges, right=True)


def independently(numbers, corrupted, edges):
    """Each patch by its own number."""
    edges = torch.tensor([corrupted * edge for edge in edges], dtype=numbers.dtype)
    return torch.bucketize(numbers.contiguous(), edges, right=True)


FATES = {"exact": exactly, "independent": independently}


def another(numbers, origin):
    """For each of (B, N) patches a place among the others of its image or of the batch, each equally likely."""
    images, patches = numbers.shape
    pools = {"image": (patches, torch.arange(images)[:, None]), "batch": (images * patches, 0)}
    pool, rows = choose(pools, origin, "random_patch_from")
    if pool < 2:
        raise ValueError("random_patch: one patch has no other to be replaced by")
    own = torch.arange(images * patches).view(images, patches) - rows * patches
    drawn = (numbers * (pool - 1)).long()
    return drawn + (drawn >= own) + rows * patches


def predicted(fate):
    """Places of the corrupted patches in the whole batch, int64 (M,), counted as the sources are."""
    return (fate != INTACT).flatten().nonzero().squeeze(1)


def corrupt(tokens, mask, fate, source):
    """Patch embeddings (B, N, D) before positions, with mask (D,) for the MASKED and others' for the REPLACED."""
    # Copied by an embedding's backward pass, which adds up in a fixed order; that of indexing does not with two threads.
    copied = F.embedding(source.to(tokens.device), tokens.flatten(0, 1))
    return torch.where((fate == MASKED).to(tokens.device).unsqueeze(-1), mask.to(tokens.dtype), copied)
