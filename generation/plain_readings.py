"""What a text encoder says of prompts as it is, kept for the next look at the same ones.

People try a prompt with many aesthetics, doses and seeds, and plain it says the same each time. A
short ascent spends a sixth of its time on that.
"""

from collections import OrderedDict
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from transformers import CLIPTextModelWithProjection

from generation.recipes import Layer
from generation.text_towers import Reading, TextTower

MOST = 16  # prompts of each encoder; a row of CLIP ViT-L/14's is a quarter of a megabyte

Prompt = tuple[Layer, tuple[tuple[int, ...], ...]]  # and its token ids

_kept: WeakKeyDictionary[CLIPTextModelWithProjection, OrderedDict[Prompt, Reading]] = (
    WeakKeyDictionary()
)


def plain_reading(
    text_encoder: CLIPTextModelWithProjection, input_ids: Tensor, layer: Layer
) -> Reading:
    """Read a prompt's rows of token ids [rows, 77], or return what is kept of them.

    The encoder's weights must not change while it is kept, nor what is returned. Raises
    PersonalisationRefused where there is no such layer.
    """
    kept = _kept.setdefault(text_encoder, OrderedDict())
    prompt = layer, tuple(map(tuple, input_ids.tolist()))
    if prompt not in kept:
        with torch.inference_mode(mode=False), torch.no_grad():
            tower = TextTower(text_encoder)
            kept[prompt] = tower.read(input_ids.to(tower.device), layer)
    kept.move_to_end(prompt)
    if len(kept) > MOST:
        kept.popitem(last=False)
    return kept[prompt]
