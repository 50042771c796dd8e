"""Similarity of position embeddings (Section 4.5, Figures 7 center and 10).

N patches, D width.
"""

import torch.nn.functional as F
from torch import Tensor


def position_similarity(table: Tensor) -> Tensor:
    """Cosine similarity between the position embeddings of all pairs of patches: (N, D) to (N, N); 0 for a row of zeros.

    Row i, in the shape of the grid, is the map that Figure 7 shows at the place of patch i.
    """
    directions = F.normalize(table.double(), dim=-1)
    return (directions @ directions.mT).float()
