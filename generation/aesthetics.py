"""Several aesthetics, and words, in; the one direction in which a prompt is moved out.

Lengths never matter here: the raw means that the registry keeps, differences of them and features
of text are of very different lengths, and what is asked for is a direction.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.blending import spherical
from generation.recipes import NOWHERE, PersonalisationRefused


def mixed(aesthetics: Tensor, weights: Tensor) -> Tensor:
    """Return the direction [width] of a weighted sum of aesthetics [n, width], each at unit length.

    A negative weight leads away. Raises PersonalisationRefused where they cancel out.
    """
    units = torch.stack([_unit(aesthetic) for aesthetic in aesthetics])  # [n, width]
    return _unit(weights.to(units) @ units)


def with_text(aesthetic: Tensor, text: Tensor, angle: float, *, negative: bool = False) -> Tensor:
    """Return the direction [width] at the share `angle` of the arc from an aesthetic to a text.

    `text` is the text's feature [width]. Negative text means the arc to where the aesthetic lies
    without the text, normalise(aesthetic - text). This is the web UI extension's "aesthetic text",
    but for a text vector of unit length, without which long features swallow the aesthetic.
    Raises PersonalisationRefused for a share outside 0 to 1 and where no direction is left.
    """
    if not 0 <= angle <= 1:
        raise PersonalisationRefused(
            "angle-out-of-range", f"The angle of a text can't be {angle}; use 0 to 1."
        )
    start, words = _unit(aesthetic), _unit(text)
    return _unit(spherical(start, _unit(start - words) if negative else words, angle))


def _unit(vector: Tensor) -> Tensor:
    vector = vector.float()
    length = vector.norm()
    if not bool(length.isfinite()) or float(length) <= NOWHERE:
        raise PersonalisationRefused(
            "no-direction", "The aesthetics cancel out or are not finite, so they point nowhere."
        )
    return F.normalize(vector, dim=0)
