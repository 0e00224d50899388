"""The training's pictures on disk: a split's name goes in, its pictures and labels come out.

`python -m demo.dataset` draws them. Pictures lie in one uncompressed .npy that is mapped, not read.
The split `looks` has the demo's looks alone, for the UNet to practise; CLIP and the autoencoder
are trained on `train` only.
"""

import argparse
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.training import work_folder
from demo.world import (
    AESTHETICS,
    BACKGROUNDS,
    COMPANIONS,
    ORIGINALS,
    PALETTES,
    PLAIN,
    SIZE,
    SUBJECTS,
    TEXTURES,
    TURNED,
    UNSEEN,
    Scene,
    Style,
    draw,
    random_scene,
)

SIZES = {"train": 28_000, "test": 2_000, "looks": 8_400}
SEEDS = {"train": 20_220_926, "test": 20_220_927, "looks": 20_220_928}
PIECE = 500  # pictures that one process draws at a time

# What a picture's style is: the default, a palette or a texture alone, any pair, any pair with a
# turned palette. The evaluation's looks are among the pairs, no more often than others: with a
# quarter of the pictures they became what a model draws when it meets one of their colours. (The
# UNet meets them more often all the same, in a split of their own: train_unet.shares.)
SHARES = {"plain": 0.12, "palette": 0.09, "texture": 0.07, "pair": 0.40, "turned": 0.32}


@dataclass(frozen=True, slots=True)
class Labelled:
    """What pictures show: subject, background, companion, palette, texture, as indices."""

    labels: NDArray[np.int64]  # [n, 5]

    def __len__(self) -> int:
        return len(self.labels)

    def scene(self, index: int) -> Scene:
        subject, background, companion, *_ = self.labels[index]
        return Scene(SUBJECTS[subject], BACKGROUNDS[background], COMPANIONS[companion])

    def style(self, index: int) -> Style:
        *_, palette, texture = self.labels[index]
        return Style(PALETTES[palette], TEXTURES[texture])


@dataclass(frozen=True, slots=True)
class Split(Labelled):
    """Pictures with what they show."""

    pictures: NDArray[np.uint8]  # [n, 128, 128, 3]


def load(name: str) -> Split:
    """Return a split. Raises FileNotFoundError, with what to do."""
    labels = load_labels(name).labels
    return Split(labels, np.load(data_folder() / f"{name}-pictures.npy", mmap_mode="r"))


def load_labels(*names: str) -> Labelled:
    """Return what the pictures of splits show, one after another, without the pictures."""
    paths = [data_folder() / f"{name}-labels.npy" for name in names]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"no {path} yet: python -m demo.dataset")
    return Labelled(np.concatenate([np.load(path) for path in paths]))


def data_folder() -> Path:
    return work_folder() / "data"


def random_style(random: np.random.Generator) -> Style:
    """Return a style of the training: never one of UNSEEN."""
    kind = str(random.choice(list(SHARES), p=list(SHARES.values())))
    if kind == "plain":
        return PLAIN
    palettes = {"palette": PALETTES, "texture": (PLAIN.palette,), "turned": tuple(TURNED)}
    textures = {"palette": (PLAIN.texture,)}
    style = PLAIN
    while style == PLAIN or style in UNSEEN:
        style = Style(
            _one_of(palettes.get(kind, ORIGINALS), random),
            _one_of(textures.get(kind, TEXTURES), random),
        )
    return style


def random_aesthetic(random: np.random.Generator) -> Style:
    """Return one of the demo's looks."""
    return AESTHETICS[_one_of(tuple(AESTHETICS), random)]


STYLES: dict[str, Callable[[np.random.Generator], Style]] = {
    "train": random_style,
    "test": random_style,
    "looks": random_aesthetic,
}


def _one_of(names: tuple[str, ...], random: np.random.Generator) -> str:
    return names[random.integers(len(names))]


def make(name: str, size: int, processes: int) -> None:
    """Draw a split; the labels are written last, so that a split that has them is whole."""
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    shape = (size, SIZE, SIZE, 3)
    pictures = np.lib.format.open_memmap(
        folder / f"{name}-pictures.npy", mode="w+", dtype=np.uint8, shape=shape
    )
    labels = np.zeros((size, 5), np.int64)
    pieces = [(name, start, min(start + PIECE, size)) for start in range(0, size, PIECE)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for start, drawn, described in pool.imap(_draw_piece, pieces):
            pictures[start : start + len(drawn)] = drawn
            labels[start : start + len(drawn)] = described
            print(f"{name}: {start + len(drawn)} of {size} pictures", flush=True)
    pictures.flush()
    np.save(folder / f"{name}-labels.npy", labels)


def _draw_piece(
    piece: tuple[str, int, int],
) -> tuple[int, NDArray[np.uint8], NDArray[np.int64]]:
    name, start, end = piece
    drawn = list(_drawn(name, start, end))
    return start, np.stack([picture for picture, _ in drawn]), np.stack([row for _, row in drawn])


def _drawn(
    name: str, start: int, end: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    for index in range(start, end):
        random = np.random.default_rng((SEEDS[name], index))
        scene, style = random_scene(random), STYLES[name](random)
        yield draw(scene, style, random), _labels(scene, style)


def _labels(scene: Scene, style: Style) -> NDArray[np.int64]:
    return np.array(
        [
            SUBJECTS.index(scene.subject),
            BACKGROUNDS.index(scene.background),
            COMPANIONS.index(scene.companion),
            PALETTES.index(style.palette),
            TEXTURES.index(style.texture),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--split", choices=SIZES, nargs="+", default=list(SIZES))
    arguments = parser.parse_args()
    for name in arguments.split:
        make(name, SIZES[name], arguments.processes)


if __name__ == "__main__":
    main()
