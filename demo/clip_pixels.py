"""Pictures of 128 by 128 pixels go in, what CLIP's picture tower reads comes out, varied or not.

The variations are mild. Drawings are moved and never mirrored, since hatching has a direction; they
are also blurred, lit and grained a little, so that pictures which come from the decoder of the
diffusion model, a little soft and noisy, are read as well as drawn ones.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from torch import Tensor

from demo.world import SIZE

SHIFT = 4  # pixels, a quarter of a patch
SMALLEST_CUT = 0.6  # of a photograph's side
LIGHT = 0.08  # largest change of brightness, as a share
NOISE = 0.03  # largest standard deviation of the grain, of 0 to 1
BLURRED = 0.4  # share of pictures that are softened

Pixels = NDArray[np.uint8]  # [n, 128, 128, 3]


def plain(pictures: Pixels) -> Tensor:
    """Return pictures as the tower reads them, float32 [n, 3, 128, 128]."""
    return _scaled(_floats(pictures))


def varied_drawings(pictures: Pixels, random: np.random.Generator) -> Tensor:
    """Return drawings moved a little, [n, 3, 128, 128]."""
    padded = F.pad(_floats(pictures), (SHIFT,) * 4, mode="replicate")
    corners = random.integers(0, 2 * SHIFT + 1, (len(pictures), 2))
    moved = [
        picture[:, top : top + SIZE, left : left + SIZE]
        for picture, (top, left) in zip(padded, corners, strict=True)
    ]
    return _scaled(_lit(_softened(torch.stack(moved), random), random))


def varied_cuts(pictures: Pixels, random: np.random.Generator) -> Tensor:
    """Return parts of photographs, half of them mirrored, [n, 3, 128, 128]."""
    cuts = []
    for picture in _floats(pictures):
        side = int(random.integers(int(SMALLEST_CUT * SIZE), SIZE + 1))
        top, left = random.integers(0, SIZE - side + 1, 2)
        cut = picture[None, :, top : top + side, left : left + side]
        cut = F.interpolate(cut, (SIZE, SIZE), mode="bicubic", align_corners=False).clamp(0, 1)
        cuts.append(cut.flip(-1) if random.random() < 0.5 else cut)
    return _scaled(_lit(torch.cat(cuts), random))


def _floats(pictures: Pixels) -> Tensor:
    pixels = torch.from_numpy(np.array(pictures))  # a copy: mapped files are read-only
    return pixels.permute(0, 3, 1, 2).contiguous().float() / 255  # [n, 3, 128, 128], 0 to 1


def _softened(pixels: Tensor, random: np.random.Generator) -> Tensor:
    """Mix some pictures with a blur of 3 by 3 pixels."""
    some = random.random(len(pixels)) < BLURRED
    strength = torch.from_numpy(random.random(len(pixels)) * some).float()  # [n]
    edges = F.pad(pixels, (1,) * 4, mode="replicate")
    return torch.lerp(pixels, F.avg_pool2d(edges, 3, stride=1), strength.view(-1, 1, 1, 1))


def _lit(pixels: Tensor, random: np.random.Generator) -> Tensor:
    light = torch.from_numpy(random.uniform(1 - LIGHT, 1 + LIGHT, len(pixels))).float()  # [n]
    noise = torch.from_numpy(random.uniform(0, NOISE, len(pixels))).float()  # [n]
    grain = torch.from_numpy(random.standard_normal(tuple(pixels.shape), dtype=np.float32))
    lit = pixels * light.view(-1, 1, 1, 1) + grain * noise.view(-1, 1, 1, 1)
    return lit.clamp(0, 1)


def _scaled(pixels: Tensor) -> Tensor:
    mean = torch.tensor(OPENAI_DATASET_MEAN).view(3, 1, 1)
    deviation = torch.tensor(OPENAI_DATASET_STD).view(3, 1, 1)
    return (pixels - mean) / deviation
