"""From an aim to a vector: looks and a text in, what a prompt climbs out. Worker side."""

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.aesthetics import mixed, with_text
from generation.aims import Aim
from generation.checkpoint import Models
from generation.text_towers import TextTower


def direction_of(aim: Aim, models: Models) -> Tensor:
    """Return the direction [width], of any length but zero.

    Raises PersonalisationRefused where the looks cancel out, and EmphasisRefused for the text.
    """
    vector = torch.tensor(aim.version.vector)  # [width]
    if aim.others:
        vectors = [vector, *(torch.tensor(version.vector) for version, _ in aim.others)]
        weights = torch.tensor([1.0, *(weight for _, weight in aim.others)])
        vector = mixed(torch.stack(vectors), weights)
    if not aim.text:
        return vector
    text = feature_of(aim.text, models).to(vector)
    return with_text(vector, text, aim.text_angle, negative=aim.text_negative)


def feature_of(text: str, models: Models) -> Tensor:
    """Return the feature of a text [width]: the mean direction of its rows."""
    tower = TextTower(models.text_encoder)
    with torch.no_grad():
        features = tower.read(models.tokenize(text).ids.to(tower.device)).features  # [rows, width]
    return F.normalize(features, dim=1).mean(0)
