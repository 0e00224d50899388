"""Search by words: an encoder and held-out scenes in, how often the first result fits out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo import captions, world
from demo.studio import Floats, Studio
from demo.world import PLAIN, Scene, Style

SEED = 20_220_951  # no data set's
SCENES = 500
BATCH = 50  # texts or pictures encoded at once


@dataclass(frozen=True, slots=True)
class Found:
    """Shares of queries, 0 to 1."""

    subject_and_style: (
        float  # "a … in … style" finds first a picture of such a thing in such a style
    )
    style: float  # the style alone, of the same queries
    own_picture: float  # a whole caption finds first the picture that it was made for


def search_by_words(studio: Studio, count: int = SCENES) -> Found:
    """Draw scenes in the aesthetics and look each of them up among all by what is said of it."""
    shown, short, whole, labels = [], [], [], []
    styles = list(world.AESTHETICS.values())
    for index in range(count):
        random = np.random.default_rng((SEED, index))
        scene, style = world.random_scene(random), styles[random.integers(len(styles))]
        shown.append(world.draw(scene, style, random))
        short.append(query(scene, style))
        whole.append(captions.full(scene, style, random))
        labels.append((world.SUBJECTS.index(scene.subject), styles.index(style)))
    pictures = _directions(studio.features(np.stack(shown)))  # [count, width]
    meant = np.array(labels)  # [count, 2]
    first = _first(studio, short, pictures)
    right = meant[first] == meant  # [count, 2]
    own = _first(studio, whole, pictures) == np.arange(count)
    return Found(float(right.all(1).mean()), float(right[:, 1].mean()), float(own.mean()))


def query(scene: Scene, style: Style) -> str:
    """Return "a … in … style" with the first words for each."""
    look = [captions.PALETTE_WORDS[style.palette][0]] * (style.palette != PLAIN.palette)
    look += [captions.TEXTURE_WORDS[style.texture][0]] * (style.texture != PLAIN.texture)
    return f"a {captions.SUBJECT_WORDS[scene.subject][0]} in {' '.join(look)} style"


def _first(studio: Studio, texts: list[str], pictures: Floats) -> NDArray[np.int64]:
    """Return for each text the index of the picture nearest to it."""
    found = []
    for start in range(0, len(texts), BATCH):
        words = _directions(studio.encoder.encode_words(texts[start : start + BATCH]))
        found.append((words @ pictures.T).argmax(1))
    return np.concatenate(found)


def _directions(features: Floats) -> Floats:
    directions: Floats = features / np.linalg.norm(features, axis=1, keepdims=True)
    return directions
