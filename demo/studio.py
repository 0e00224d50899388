"""The hub's own path from a set to pictures, without its database.

A `Look` goes in (a style with an embedding made from pictures that no model was trained on) and
prompts; pictures come out, and what encoder and judges read in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from demo import world
from demo.judges import Judges, Pictures
from demo.training import device
from demo.world import Style
from generation.diffusion import Models, PromptEmbeds, Sampling, draw
from generation.doses import Dose, read_dose
from registry.encoder import Encoder, Source
from registry.pixels import pixels
from registry.statistics import mean

SET_SEED = 20_220_941  # no data set's
SET_SIZE = 16  # pictures, as many as a person may collect
BATCH = 16  # pictures drawn or encoded at once

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    style: Style
    pictures: Pictures  # [SET_SIZE, 128, 128, 3]
    embedding: Floats  # [width], the raw mean of the pictures' features


@dataclass(frozen=True, slots=True)
class Reading:
    """What is seen in pictures of some shape [...]: their features and the judges' answers."""

    directions: Floats  # [..., width], at unit length
    palette: NDArray[np.int64]  # [...]
    texture: NDArray[np.int64]
    subject: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Studio:
    models: Models
    encoder: Encoder
    judges: Judges
    dose: Dose  # the size of the pictures and their sampling

    @classmethod
    def load(cls, weights: Path) -> Self:
        """Load everything under `weights`, as a worker of the hub does."""
        on = device().type
        encoder = Encoder.load(Source(f"local-dir:{weights / 'open_clip'}", device=on))
        models = Models.load(str(weights / "sd"), encoder.text_projection, on)
        judges = Judges.load(weights / "judges")
        return cls(models, encoder, judges, read_dose(weights / "sd" / "dose.json"))

    def look(self, name: str, style: Style, seed: int) -> Look:
        """Return a style with the embedding of a fresh set; another seed is another set."""
        shown = []
        for index in range(SET_SIZE):
            random = np.random.default_rng((SET_SEED, seed, index))
            shown.append(world.draw(world.random_scene(random), style, random))
        pictures = np.stack(shown)
        return Look(name, style, pictures, mean(self.features(pictures)))

    def features(self, pictures: Pictures) -> Floats:
        """Encode pictures [n, height, width, 3] as the hub does, from stored bytes: [n, width]."""
        size = self.encoder.description.image_size
        parts = []
        for part in np.split(pictures, range(BATCH, len(pictures), BATCH)):
            seen = [pixels(_stored(picture), size) for picture in part]
            parts.append(self.encoder.encode_pictures(seen))
        return np.concatenate(parts)

    def drawn(self, conditioning: Tensor, seeds: Sequence[int]) -> Pictures:
        """Draw each row of `conditioning` [n, tokens, hidden] with each seed.

        Return uint8 [n, seeds, height, width, 3].
        """
        negative = self.models.negative("")
        columns = []
        for seed in seeds:
            shown: list[Image.Image] = []
            for rows in PromptEmbeds(conditioning).split(BATCH):
                shown += draw(self.models, rows, negative, self.sampling(seed))
            columns.append(np.stack([np.asarray(picture) for picture in shown]))
        return np.stack(columns, axis=1)

    def sampling(self, seed: int) -> Sampling:
        dose = self.dose
        return Sampling(seed, dose.sampling_steps, dose.guidance, dose.width, dose.height)

    def read(self, pictures: Pictures) -> Reading:
        """Encode and judge pictures [..., height, width, 3]."""
        shape = pictures.shape[:-3]
        flat = pictures.reshape(-1, *pictures.shape[-3:])
        features = self.features(flat)
        directions = features / np.linalg.norm(features, axis=1, keepdims=True)
        palette, texture = self.judges.style(flat)
        subject = self.judges.subject(flat)
        return Reading(
            directions.reshape(*shape, -1),
            palette.reshape(shape),
            texture.reshape(shape),
            subject.reshape(shape),
        )


def _stored(picture: NDArray[np.uint8]) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=0)
    return file.getvalue()
