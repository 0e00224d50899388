"""What pictures were meant to be and what was read in them in, how often they agree out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from demo import world
from demo.studio import Floats, Look, Reading

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """How pictures did, [looks, prompts, seeds]; True where a judge saw what was meant."""

    agreement: Floats  # cosine of each picture's feature and its look's embedding
    palette: Bools
    texture: Bools
    subject: Bools
    plain: Bools  # natural colours and flat shapes, as without an aesthetic they are to be

    @classmethod
    def of(cls, reading: Reading, looks: Sequence[Look], subjects: Sequence[str]) -> Self:
        """Compare what was read [looks or 1, prompts, seeds] with what was meant.

        Plain pictures are drawn and read once, and compared with every look.
        """
        embeddings = np.stack([look.embedding for look in looks])  # [looks, width]
        directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
        palettes = np.array([world.PALETTES.index(look.style.palette) for look in looks])
        textures = np.array([world.TEXTURES.index(look.style.texture) for look in looks])
        meant = np.array([world.SUBJECTS.index(subject) for subject in subjects])  # [prompts]
        agreement = (reading.directions * directions[:, None, None]).sum(-1)
        is_natural = reading.palette == world.PALETTES.index(world.PLAIN.palette)
        is_flat = reading.texture == world.TEXTURES.index(world.PLAIN.texture)
        return cls(
            agreement,  # [looks, prompts, seeds]
            reading.palette == palettes[:, None, None],
            reading.texture == textures[:, None, None],
            np.broadcast_to(reading.subject == meant[:, None], agreement.shape),
            np.broadcast_to(is_natural & is_flat, agreement.shape),
        )

    @property
    def style(self) -> Bools:
        return self.palette & self.texture

    def of_look(self, index: int) -> "Scores":
        return self._part(np.s_[index])

    def of_prompt(self, index: int) -> "Scores":
        return self._part(np.s_[:, index])

    def _part(self, part: Any) -> "Scores":
        return Scores(
            self.agreement[part],
            self.palette[part],
            self.texture[part],
            self.subject[part],
            self.plain[part],
        )

    def means(self) -> dict[str, float]:
        """Return each score's mean; `both` is style and subject right in the same picture."""
        return {
            "agreement": float(self.agreement.mean()),
            "palette": float(self.palette.mean()),
            "texture": float(self.texture.mean()),
            "style": float(self.style.mean()),
            "subject": float(self.subject.mean()),
            "both": float((self.style & self.subject).mean()),
            "plain": float(self.plain.mean()),
        }
