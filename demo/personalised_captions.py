"""Captions and sets of training pictures go in, what personalised text encoders say comes out.

`python -m demo.personalised_captions` personalises captions that name no style, by the hub's own
engine, towards sets of pictures in one look, and keeps the conditionings with the scene and look
that they mean. The UNet's training reads them (demo/conditioning.py): gradient steps change all
weights of a text encoder and with them the rows of the words, as no caption can.

Some aim between a set in the palette and natural shapes, and one in natural colours and the
texture, so that palette and texture are read apart. All pictures are of the training's splits, so
that neither the evaluation's sets nor an UNSEEN pair is among them; those of `train` have any look,
those of `looks` one of the demo's. Recipes are drawn from wide ranges, not the doses that the hub
offers.
"""

import argparse
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import CLIPTextModelWithProjection

from demo import captions, clip_files, dataset, tokenizer
from demo.clip_features import pooled_pictures
from demo.clip_pixels import plain
from demo.dataset import Split
from demo.training import WEIGHTS, work_folder
from demo.world import BACKGROUNDS, COMPANIONS, ORIGINALS, PLAIN, SUBJECTS, TEXTURES, TWINS, Scene
from generation.personalisation import Recipe, personalise

COUNTS = {"train": 7_000, "looks": 4_200}
SEED = 6
TURNED_LOOKS = 0.3  # of the captions go towards looks with a turned palette
TWIN_WEIGHT = 3.0  # how often a look in one of TWINS comes beside another look
COMPOSED = 0.25  # of those with palette and texture aim between two sets, each of which has one
LEAST = 0.55  # agreement with the set; a prompt that is further away may well be drawn plain
ENCODED = {"train": 48, "looks": 200}  # pictures of each look
SET_SIZES = (6, 16)  # pictures, from and to
SUBJECT_ONLY = 0.4  # of the captions name neither background nor companion
PIECE = 50  # captions that one process personalises at a time

Look = tuple[int, int]  # palette and texture, as in the dataset's labels


@dataclass(frozen=True, slots=True)
class PersonalisedCaptions:
    """Conditionings and what a picture shows to which they belong, labelled as in the dataset.

    Where a caption names the subject alone, background and companion are -1.
    """

    hidden: NDArray[np.float16]  # [n, 77, 192]
    labels: NDArray[np.int64]  # [n, 5]


def load(*names: str) -> PersonalisedCaptions:
    """Return what `make` kept of splits. Raises FileNotFoundError, with what to do."""
    for name in names:
        if not _path(name, "labels").exists():
            raise FileNotFoundError(
                f"no {_path(name, 'labels')} yet: python -m demo.personalised_captions"
            )
    return PersonalisedCaptions(
        np.concatenate([np.load(_path(name, "hidden")) for name in names]),
        np.concatenate([np.load(_path(name, "labels")) for name in names]),
    )


def _path(name: str, kind: str) -> Path:
    return work_folder() / "personalised" / f"{name}-{kind}.npy"


def make(name: str, count: int, processes: int, weights: Path, seed: int = SEED) -> None:
    """Personalise captions towards sets of a split's pictures.

    The labels are written last, so that a split that has them is whole. The same count and seed
    give the same captions, whatever the number of processes.
    """
    _path(name, "labels").parent.mkdir(parents=True, exist_ok=True)
    _path(name, "labels").unlink(missing_ok=True)
    split = dataset.load(name)
    personalised = partial(
        _personalised_piece,
        weights,
        split.labels,
        _features(split, ENCODED[name], weights),
        seed,
    )
    pieces = [range(start, min(start + PIECE, count)) for start in range(0, count, PIECE)]
    hidden, labels = [], []
    with multiprocessing.get_context("spawn").Pool(processes, torch.set_num_threads, (1,)) as pool:
        for piece, (conditioning, meant) in zip(
            pieces, pool.imap(personalised, pieces), strict=True
        ):
            hidden.append(conditioning)
            labels.append(meant)
            print(f"{name}: {piece.stop} of {count} captions", flush=True)
    np.save(_path(name, "hidden"), np.concatenate(hidden))
    np.save(_path(name, "labels"), np.concatenate(labels))


def random_recipe(random: np.random.Generator) -> Recipe:
    """Return Adam, anchored Adam or ascent; what counts is about the rate times the steps."""
    kind, steps = random.random(), int(random.integers(8, 21))
    if kind < 0.5:
        return Recipe("adam", steps, _between(random, 8e-4, 3.5e-3) / steps)
    if kind < 0.85:
        anchor = float(random.uniform(0.5, 1))
        return Recipe("adam", steps, _between(random, 1.6e-3, 6e-3) / steps, anchor=anchor)
    return Recipe("ascent", steps, _between(random, 0.12, 0.5) / steps)


def random_look(looks: Sequence[Look], random: np.random.Generator) -> Look:
    """Return one of `looks`: of the wanted kind of palette, if any, and more often of TWINS."""
    is_turned = random.random() < TURNED_LOOKS
    among = [look for look in looks if (look[0] >= len(ORIGINALS)) == is_turned] or looks
    weights = np.array([TWIN_WEIGHT if TEXTURES[texture] in TWINS else 1.0 for _, texture in among])
    return among[random.choice(len(among), p=weights / weights.sum())]


def _between(random: np.random.Generator, least: float, most: float) -> float:
    """Return a number between two; each doubling is as likely as another."""
    return float(np.exp(random.uniform(np.log(least), np.log(most))))


@torch.no_grad()
def _features(split: Split, count: int, weights: Path) -> dict[Look, NDArray[np.float32]]:
    """Encode some pictures of every look but the plain one: [count, 768] each."""
    model = clip_files.load(weights)
    features = {}
    for palette, texture in sorted({(int(row[3]), int(row[4])) for row in split.labels}):
        members = np.flatnonzero((split.labels[:, 3:] == (palette, texture)).all(1))[:count]
        if split.style(members[0]) != PLAIN:
            pixels = plain(split.pictures[members])
            encoded = model.visual_projection(pooled_pictures(model, pixels))
            features[palette, texture] = encoded.numpy()
    return features


def _personalised_piece(
    weights: Path,
    labels: NDArray[np.int64],
    features: dict[Look, NDArray[np.float32]],
    seed: int,
    piece: range,
) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Return conditionings [piece, 77, 192] and labels [piece, 5]."""
    encoder = _text_encoder(clip_files.load(weights))
    made = [_personalised(encoder, labels, features, (seed, index)) for index in piece]
    return np.stack([hidden for hidden, _ in made]), np.stack([meant for _, meant in made])


def _personalised(
    encoder: CLIPTextModelWithProjection,
    labels: NDArray[np.int64],
    features: dict[Look, NDArray[np.float32]],
    seed: tuple[int, int],
) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Draw a look, a scene that has it, a set and a recipe, until caption and set agree."""
    random = np.random.default_rng(seed)
    while True:
        look = random_look(list(features), random)
        members = np.flatnonzero((labels[:, 3:] == look).all(1))
        meant = labels[random.choice(members)].copy()  # [5]
        if random.random() < SUBJECT_ONLY:
            meant[1:3] = -1
        caption = _caption(meant, random)
        aesthetic = _aesthetic(look, features, random)
        recipe = random_recipe(random)
        ids = tokenizer.tokenize([caption])
        result = personalise(encoder, ids, torch.from_numpy(aesthetic), recipe)
        if float(result.agreement[0, -1]) >= LEAST:
            return result.conditioning[0].half().numpy(), meant


def _aesthetic(
    look: Look, features: dict[Look, NDArray[np.float32]], random: np.random.Generator
) -> NDArray[np.float32]:
    """Return the mean of a set in the look [768], or what lies between two that have half of it.

    A split that has the looks alone has no such halves.
    """

    def of_set(each: Look) -> NDArray[np.float32]:
        size = int(random.integers(SET_SIZES[0], SET_SIZES[1] + 1))
        return np.asarray(random.permutation(features[each])[:size].mean(0))

    palette, texture = look
    halves = {(palette, 0), (0, texture)}
    if min(look) == 0 or random.random() >= COMPOSED or not halves <= features.keys():
        return of_set(look)
    coloured, textured = of_set((palette, 0)), of_set((0, texture))
    return coloured / np.linalg.norm(coloured) + textured / np.linalg.norm(textured)


def _caption(meant: NDArray[np.int64], random: np.random.Generator) -> str:
    subject, background, companion = meant[:3]
    if background < 0:
        return captions.subject_only(Scene(SUBJECTS[subject]), random)
    scene = Scene(SUBJECTS[subject], BACKGROUNDS[background], COMPANIONS[companion])
    return captions.plain(scene, random)


def _text_encoder(model: Any) -> CLIPTextModelWithProjection:
    """Return the text half of a CLIPModel, as the engine takes it."""
    encoder = CLIPTextModelWithProjection(model.config.text_config).eval()
    encoder.text_model.load_state_dict(model.text_model.state_dict())
    encoder.text_projection.load_state_dict(model.text_projection.state_dict())
    return encoder.requires_grad_(requires_grad=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=COUNTS, nargs="+", default=list(COUNTS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=SEED, help="another makes others")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="default: %(default)s")
    arguments = parser.parse_args()
    for name in arguments.split:
        make(name, COUNTS[name], arguments.processes, arguments.weights, arguments.seed)


if __name__ == "__main__":
    main()
