"""The pictures that judges learn and are tested from: seeds go in, labelled pictures come out.

They are the judges' own: no other model is trained on these seeds. All pairs of an original palette
and a texture are among them, also those that the other models never see; the evaluation asks for no
turned palette.
"""

from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from demo import world
from demo.world import Style

TRAIN_SEED = 20_220_931  # no other data set's
TEST_SEED = 20_220_932
JUDGED = (*world.AESTHETICS.values(), *world.UNSEEN)  # what the evaluation asks for
PAIRS = tuple(Style(*pair) for pair in product(world.ORIGINALS, world.TEXTURES))
SHARE_OF_JUDGED = 0.5  # of the training pictures; the rest is of any pair
CHUNK = 64  # pictures drawn by a process at once

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Labelled:
    pictures: NDArray[np.uint8]  # [n, 128, 128, 3]
    labels: Labels  # [n, 3], the indices of palette, texture and subject


def training_pictures(folder: Path, count: int, processes: int) -> Labelled:
    """Return the training pictures, drawn into `folder` on the first call."""
    drawn, labels = folder / f"pictures-{count}.npy", folder / f"labels-{count}.npy"
    if not labels.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shape = (count, world.SIZE, world.SIZE, 3)
        pictures = open_memmap(drawn, mode="w+", dtype=np.uint8, shape=shape)
        starts = range(0, count, CHUNK)
        found = np.empty((count, 3), np.int64)
        # Not forked: torch may already run threads, which do not survive that.
        with get_context("spawn").Pool(processes) as pool:
            for start, part in zip(starts, pool.imap(_training_part, starts), strict=True):
                end = min(start + CHUNK, count)
                pictures[start:end] = part.pictures[: end - start]
                found[start:end] = part.labels[: end - start]
                if start % (20 * CHUNK) == 0:
                    print(f"judges: {end} of {count} pictures drawn", flush=True)
        pictures.flush()
        np.save(labels, found)  # Last, so that it says that the pictures are complete.
    return Labelled(np.load(drawn, mmap_mode="r"), np.load(labels))


def _training_part(start: int) -> Labelled:
    parts = [_training_picture(index) for index in range(start, start + CHUNK)]
    return _stacked(parts)


def _training_picture(index: int) -> tuple[NDArray[np.uint8], list[int]]:
    random = np.random.default_rng((TRAIN_SEED, index))
    styles = JUDGED if random.random() < SHARE_OF_JUDGED else PAIRS
    return _picture(styles[random.integers(len(styles))], random)


def held_out(style: Style, count: int) -> Labelled:
    """Draw `count` held-out pictures of one style."""
    seeds = [(TEST_SEED, PAIRS.index(style), index) for index in range(count)]
    return _stacked([_picture(style, np.random.default_rng(seed)) for seed in seeds])


def _picture(style: Style, random: np.random.Generator) -> tuple[NDArray[np.uint8], list[int]]:
    scene = world.random_scene(random)
    labels = [
        world.PALETTES.index(style.palette),
        world.TEXTURES.index(style.texture),
        world.SUBJECTS.index(scene.subject),
    ]
    return world.draw(scene, style, random), labels


def _stacked(parts: list[tuple[NDArray[np.uint8], list[int]]]) -> Labelled:
    pictures, labels = zip(*parts, strict=True)
    return Labelled(np.stack(pictures), np.array(labels, np.int64))
