"""Mix two conditionings row by row: along the line between them, or along the arc."""

import torch
from torch import Tensor

PARALLEL = 1e-4  # radians; nearer rows lie on their line to float32's precision


def linear(plain: Tensor, changed: Tensor, weight: float) -> Tensor:
    """Return (1 - weight) * plain + weight * changed, exact at both ends and for equal tensors."""
    return torch.lerp(plain, changed, weight)


def spherical(plain: Tensor, changed: Tensor, weight: float) -> Tensor:
    """Return rows [..., width] on the arc between two (Shoemake 1985), at the angle's share weight.

    Exact at both ends. Rows that point the same way, or exactly opposite ways, where no arc or no
    single one leads from one to the other, are mixed along the line.
    """
    if weight in {0, 1}:
        return changed if weight else plain
    cosine = torch.cosine_similarity(plain, changed, dim=-1)[..., None]  # [..., 1]
    angle = cosine.clamp(-1, 1).acos()
    is_line = (angle < PARALLEL) | (angle > torch.pi - PARALLEL)
    sine = torch.where(is_line, 1.0, angle.sin())
    arc = (((1 - weight) * angle).sin() * plain + (weight * angle).sin() * changed) / sine
    return torch.where(is_line, linear(plain, changed, weight), arc)
