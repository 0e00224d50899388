"""Features of pictures and of texts go in, the losses that CLIP is trained by come out.

Beside the contrast of single pictures (Radford et al., "Learning Transferable Visual Models From
Natural Language Supervision", 2021) stands a contrast of sets: the hub's embedding is the mean over
a set of pictures that share a look, so the mean is what must agree with the words for the look.
"""

import torch.nn.functional as F
from torch import Tensor, arange, eye, inf


def contrast(pictures: Tensor, texts: Tensor, holds: Tensor, scale: Tensor) -> Tensor:
    """Return the symmetric InfoNCE of n pairs of features [n, width] of unit length, as [].

    `holds` bool [n, n] says which text (row) is true of which picture (column) as well: such pairs
    are neither right nor wrong answers and are left out. `scale` [] is the inverse temperature.
    """
    logits = scale * texts @ pictures.T  # [n texts, n pictures]
    others = holds & ~eye(len(holds), dtype=holds.dtype, device=holds.device)
    logits = logits.masked_fill(others, -inf)
    right = arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def distance(features: Tensor, others: Tensor) -> Tensor:
    """Return the mean of 1 - cos over pairs of features [n, width] of unit length, as []."""
    return 1 - (features * others).sum(dim=-1).mean()


def means(features: Tensor, members: Tensor) -> Tensor:
    """Return the direction [sets, width] of each set's mean, as the hub computes an embedding.

    `features` [pictures, width] are not normalised; `members` [sets, pictures] has 1 for a member.
    """
    return F.normalize(members @ features / members.sum(dim=1, keepdim=True), dim=-1)
