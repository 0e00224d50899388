"""Drawings and photographs go in, batches for CLIP come out, which know what is true of what.

A batch is a few palettes in a few textures each, drawn over different scenes, so that the means
over the pictures of one style, and over those of one subject, stand for what the pictures of a set
share, and that a set always stands beside others which differ in the texture alone: among styles
drawn at random flat shapes and small tiles of one palette hardly met, and were not told apart. It
also knows which caption is true of which picture: "a cat" is no wrong answer for the other cats.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demo import captions
from demo.clip_pixels import varied_cuts, varied_drawings
from demo.dataset import Split
from demo.tokenizer import tokenize
from demo.world import Scene, Style

PICTURES = 12  # of each style; many steps matter more than many pairs
PHOTOGRAPHS = 16  # a tenth of the batch
SMALLEST_SET = 4  # pictures; the mean of fewer says little about what they share

# How a picture is described, and how often.
PHRASINGS: tuple[tuple[Callable[[Scene, Style, np.random.Generator], str], float], ...] = (
    (captions.loose, 0.7),
    (captions.full, 0.2),
    (lambda scene, _style, random: captions.plain(scene, random), 0.1),
)

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of pictures, each with words for what its pictures share."""

    members: Tensor  # [sets, drawings], 1 where the drawing is in the set
    ids: Tensor  # [sets, 77], the words
    holds: Tensor  # bool [sets, sets], whether the words (row) are true of the set (column)


@dataclass(frozen=True, slots=True)
class Batch:
    """n pictures, the drawings first, each with a caption."""

    pixels: Tensor  # [n, 3, 128, 128]
    ids: Tensor  # [n, 77]
    holds: (
        Tensor  # bool [n, n], whether the caption (row) is, or may be, true of the picture (column)
    )
    labels: Tensor  # [drawings, 5], as in the dataset
    styles: Sets
    subjects: Sets


class Batches:
    """Draws batches from the world's training pictures and the photographs."""

    def __init__(
        self,
        world: Split,
        photographs: NDArray[np.uint8],  # [m, 128, 128, 3]
        photograph_captions: Sequence[Sequence[str]],
        *,
        palettes: int,  # in a batch
        textures: int,  # of each of them
    ) -> None:
        self._world = world
        self._photographs = photographs
        self._photograph_captions = photograph_captions
        self._chosen = palettes, textures
        self._palettes = list(_styles_by_palette(world.labels).values())

    def draw(self, random: Random) -> Batch:
        """Return a batch; the same generator state gives the same batch."""
        drawn = self._draw_world(random)  # [drawings]
        taken = random.choice(len(self._photographs), PHOTOGRAPHS, replace=False)
        drawn_captions = [self._caption(index, random) for index in drawn]
        taken_captions = [str(random.choice(self._photograph_captions[index])) for index in taken]
        labels = self._world.labels[drawn]  # [drawings, 5]
        named = np.array(
            [named_in(text, *self._of(i)) for text, i in zip(drawn_captions, drawn, strict=True)]
        )  # [drawings, 5]
        pixels = [
            varied_drawings(self._world.pictures[drawn], random),
            varied_cuts(self._photographs[taken], random),
        ]
        return Batch(
            pixels=torch.cat(pixels),
            ids=tokenize(drawn_captions + taken_captions),
            holds=torch.from_numpy(
                _with_photographs(
                    true_of(named, labels, labels), self._true_of_photographs(taken_captions, taken)
                )
            ),
            labels=torch.from_numpy(labels),
            styles=self._sets(drawn, labels[:, 3:], captions_of_styles, random),
            subjects=self._sets(drawn, labels[:, :1], captions_of_subjects, random),
        )

    def _draw_world(self, random: Random) -> NDArray[np.int64]:
        palettes, textures = self._chosen
        count = min(palettes, len(self._palettes))
        drawn = []
        for palette in random.choice(len(self._palettes), count, replace=False):
            styles = self._palettes[palette]
            chosen = random.permutation(len(styles))[:textures]
            drawn += [random.choice(styles[each], PICTURES, replace=False) for each in chosen]
        return np.concatenate(drawn)

    def _caption(self, index: int, random: Random) -> str:
        phrasings, shares = zip(*PHRASINGS, strict=True)
        phrase = phrasings[random.choice(len(phrasings), p=shares)]
        return str(phrase(*self._of(index), random))

    def _of(self, index: int) -> tuple[Scene, Style]:
        return self._world.scene(index), self._world.style(index)

    def _true_of_photographs(
        self, texts: Sequence[str], taken: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return bool [photographs, photographs]: whether a picture may be described so as well."""
        return np.array(
            [[text in self._photograph_captions[index] for index in taken] for text in texts]
        )

    def _sets(
        self,
        drawn: NDArray[np.int64],
        labels: NDArray[np.int64],  # [drawings, attributes], which the pictures of a set share
        phrase: Callable[[Scene, Style, Random], str],
        random: Random,
    ) -> Sets:
        shared, first, set_of = np.unique(labels, axis=0, return_index=True, return_inverse=True)
        large = np.bincount(set_of, minlength=len(shared)) >= SMALLEST_SET
        sets = np.flatnonzero(large)
        examples = drawn[first[sets]]  # one picture of each set
        texts = [phrase(*self._of(index), random) for index in examples]
        named = np.array(
            [named_in(text, *self._of(i)) for text, i in zip(texts, examples, strict=True)]
        )  # [sets, 5]
        described = self._world.labels[examples]
        return Sets(
            members=torch.from_numpy((set_of[None] == sets[:, None]).astype(np.float32)),
            ids=tokenize(texts),
            holds=torch.from_numpy(true_of(named, described, described)),
        )


def _styles_by_palette(labels: NDArray[np.int64]) -> dict[int, list[NDArray[np.int64]]]:
    """Return the indices of the pictures of each style, by palette; of few pictures no style."""
    styles: dict[int, list[NDArray[np.int64]]] = {}
    shared, style_of = np.unique(labels[:, 3:], axis=0, return_inverse=True)
    for style, (palette, _) in enumerate(shared):
        members = np.flatnonzero(style_of == style)
        if len(members) >= PICTURES:
            styles.setdefault(int(palette), []).append(members)
    return styles


def captions_of_styles(_scene: Scene, style: Style, random: Random) -> str:
    return captions.style_only(style, random)


def captions_of_subjects(scene: Scene, _style: Style, random: Random) -> str:
    return captions.subject_only(scene, random)


def named_in(text: str, scene: Scene, style: Style) -> tuple[bool, ...]:
    """Say which of subject, background, companion, palette and texture a true caption names."""
    words = (
        captions.SUBJECT_WORDS[scene.subject],
        captions.BACKGROUND_WORDS[scene.background],
        captions.COMPANION_WORDS[scene.companion],
        captions.PALETTE_WORDS[style.palette],
        captions.TEXTURE_WORDS[style.texture],
    )
    return tuple(any(word in text for word in choices if word) for choices in words)


def true_of(
    named: NDArray[np.bool_], described: NDArray[np.int64], pictures: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return bool [texts, pictures]: whether a text is true of a picture, by both's labels."""
    same = described[:, None] == pictures[None]  # [texts, pictures, 5]
    return np.asarray((same | ~named[:, None]).all(axis=-1))


def _with_photographs(
    drawings: NDArray[np.bool_], photographs: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Join what is true of drawings and of photographs to one matrix.

    Captions of drawings name a subject, so they are false of photographs; those of photographs
    speak of light and colour, and nobody knows of which drawings that is true.
    """
    false = np.zeros((len(drawings), len(photographs)), bool)
    return np.block([[drawings, false], [~false.T, photographs]])
