"""Pictures or token ids and transformers' CLIPModel go in, features come out, with gradients."""

from typing import Any

from torch import Tensor

from demo.tokenizer import END


def pooled_pictures(model: Any, pixels: Tensor) -> Tensor:
    """Return what the picture tower makes of pixels [n, 3, 128, 128], unprojected: [n, 192]."""
    pooled: Tensor = model.vision_model(pixel_values=pixels).pooler_output
    return pooled


def text_features(model: Any, ids: Tensor) -> Tensor:
    """Return the features [n, 768] of token ids [n, 77], not normalised."""
    longest = int((ids != END).sum(dim=1).max()) + 1  # The tower looks back only.
    pooled = model.text_model(input_ids=ids[:, :longest]).pooler_output  # [n, 192]
    features: Tensor = model.text_projection(pooled)
    return features
