"""How near drawn pictures are to what their prompt was moved towards. Worker side."""

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from generation.aiming import direction_of
from generation.aims import Aim
from generation.checkpoint import Models
from registry.pixels import pixels
from registry.worker_encoder import encoder_for


def agreements(aim: Aim, models: Models, files: Sequence[bytes]) -> list[float]:
    """Return the cosine of each picture's feature and the aim's direction.

    A picture is read as if it had been uploaded into a set. Raises JobFailed for an encoder of
    another space.
    """
    encoder = encoder_for(aim.version.space)
    seen = [pixels(file, encoder.description.image_size) for file in files]
    features = torch.from_numpy(encoder.encode_pictures(seen))  # [n, width]
    direction = direction_of(aim, models).to(features)
    cosines = F.cosine_similarity(features, direction[None], dim=1)
    return [round(float(cosine), 6) for cosine in cosines]
