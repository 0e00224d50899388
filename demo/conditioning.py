"""Captions and the text encoder go in, what the UNet reads beside the noise comes out, [77, 192].

The captions say all that a picture shows, so that a prompt without a style means a plain picture;
so does a subject alone, which is a caption of plain pictures only.
What the hub does with a prompt is harder than that: a personalised text encoder leaves the words
at the subject and moves the end of the text, and the padding after it, to a style. A UNet that
trains on captions alone has never seen the two disagree, and loses the subject. It learns what
that means from four kinds of damage:

- Personalised captions: what a text encoder says of a caption without style after gradient steps
  towards a set of training pictures (demo/personalised_captions.py), where there are such.
- Split captions: the words' rows come from a caption without style, and all rows after them lie
  between the full caption's and those of a caption that names the style alone; or, so that a pair
  of palette and texture is read even where training had none, between those of two captions that
  name the palette alone and the texture alone.
- Dropped words: of some other captions, some words' rows become the row of the end of the text.
- Noise on all rows.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTextModel

from demo import captions, tokenizer
from demo.dataset import Labelled
from demo.personalised_captions import PersonalisedCaptions
from demo.training import autocast, device, work_folder
from demo.world import PALETTES, PLAIN, SUBJECTS, TEXTURES, Scene, Style
from registry.digests import digest_file

# How many phrasings of each are encoded. Encoding while training would cost a fifth of each step.
FULL, PLAIN_WORDS, SUBJECT_WORDS, STYLE_WORDS, MOVED = 2, 12, 40, 32, 8


@dataclass(frozen=True)
class Damage:
    """How far the conditioning strays from the captions; shares are of the samples."""

    empty: float = 0.1  # for guidance, which needs the unconditional picture
    style_alone: float = 0.05  # of the styled pictures
    subject_alone: float = 0.3  # of the plain ones: styled too it would mean any style
    personalised: float = 0.8  # of the styled pictures that have such captions
    split: float = 0.45  # of the other styled pictures
    composed: float = 0.5  # of the split ones that have both a palette and a texture
    dropping: float = 0.5  # of the samples that are neither
    dropped: float = 0.7  # of the words at most
    noise: float = 0.15  # at most, as a share of the rows' deviation


DAMAGE = Damage()


@dataclass(frozen=True, slots=True)
class Rows:
    """Encoded captions: hidden states float16 [n, 77, 192] and where each text ends, int64 [n]."""

    hidden: NDArray[np.float16]
    ends: NDArray[np.int64]

    def at(self, indices: NDArray[np.int64]) -> Tensor:
        """Return the hidden states float32 [batch, 77, 192]."""
        return torch.from_numpy(self.hidden[indices]).float()


@dataclass(frozen=True, slots=True)
class Phrasings:
    """All captions of a split: the first row is empty; the rest by picture, scene and style."""

    rows: Rows
    full: NDArray[np.int64]  # [pictures, FULL]
    plain: NDArray[np.int64]  # [pictures, PLAIN_WORDS]; the same for pictures of one scene
    subject: NDArray[np.int64]  # [pictures, SUBJECT_WORDS]
    style: NDArray[np.int64]  # [pictures, STYLE_WORDS]
    palette: NDArray[np.int64]  # [pictures, STYLE_WORDS], of the palette alone
    texture: NDArray[np.int64]  # [pictures, STYLE_WORDS]
    styled: NDArray[np.bool_]  # [pictures]
    paired: NDArray[np.bool_]  # [pictures], whether neither palette nor texture is the default
    personalised: PersonalisedCaptions
    moved: NDArray[np.int64]  # [pictures, MOVED], of the personalised ones, or -1 for none


def phrase(
    split: Labelled, text_encoder: Path, personalised: PersonalisedCaptions, seed: int
) -> Phrasings:
    """Return a split's captions, encoded once for a text encoder's folder and then kept on disk."""
    random = np.random.default_rng(seed)
    texts: dict[str, int] = {"": 0}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    scenes = {split.scene(index) for index in range(len(split))}
    plain = {
        scene: [number(captions.plain(scene, random)) for _ in range(PLAIN_WORDS)]
        for scene in sorted(scenes, key=repr)
    }
    subject = {
        name: [number(captions.subject_only(Scene(name), random)) for _ in range(SUBJECT_WORDS)]
        for name in SUBJECTS
    }
    style = {
        (palette, texture): [
            number(captions.style_only(Style(palette, texture), random)) for _ in range(STYLE_WORDS)
        ]
        for palette in PALETTES
        for texture in TEXTURES
    }
    pictures = [(split.scene(index), split.style(index)) for index in range(len(split))]
    full = [[number(captions.full(*each, random)) for _ in range(FULL)] for each in pictures]
    return Phrasings(
        rows=_encoded(list(texts), text_encoder),
        full=np.array(full),
        plain=np.array([plain[scene] for scene, _ in pictures]),
        subject=np.array([subject[scene.subject] for scene, _ in pictures]),
        style=np.array([style[look.palette, look.texture] for _, look in pictures]),
        palette=np.array([style[look.palette, PLAIN.texture] for _, look in pictures]),
        texture=np.array([style[PLAIN.palette, look.texture] for _, look in pictures]),
        styled=np.array([look != PLAIN for _, look in pictures]),
        paired=(split.labels[:, 3:] != 0).all(1),
        personalised=personalised,
        moved=belonging(split.labels, personalised.labels, np.random.default_rng(seed)),
    )


def belonging(
    pictures: NDArray[np.int64], meant: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """Return, for labels of pictures [n, 5] and captions [m, 5], captions of each, [n, MOVED].

    A caption that means any background (-1) is true of all pictures of its subject and look. Where
    fewer than MOVED are true some repeat, and where none is there is -1.
    """
    true_of: dict[tuple[int, ...], list[int]] = {}
    for index, labels in enumerate(meant):
        true_of.setdefault(tuple(labels), []).append(index)
    chosen = np.full((len(pictures), MOVED), -1)
    for row, labels in enumerate(pictures):
        subject, _, _, palette, texture = labels
        anywhere = (subject, -1, -1, palette, texture)
        found = true_of.get(tuple(labels), []) + true_of.get(anywhere, [])
        if found:
            chosen[row] = random.choice(found, MOVED, replace=len(found) < MOVED)
    return chosen


def condition(
    phrasings: Phrasings,
    pictures: NDArray[np.int64],
    damage: Damage,
    random: np.random.Generator,
) -> Tensor:
    """Return the conditioning [batch, 77, 192] of pictures [batch], damaged as `Damage` says."""
    count = len(pictures)

    def one_of(table: NDArray[np.int64]) -> NDArray[np.int64]:
        return table[pictures, random.integers(table.shape[1], size=count)]

    texts, chance = one_of(phrasings.full), random.random(count)
    styled = phrasings.styled[pictures]
    alone = np.where(styled, one_of(phrasings.style), one_of(phrasings.subject))
    whole = chance >= damage.empty + np.where(styled, damage.style_alone, damage.subject_alone)
    texts = np.where(whole, texts, alone)
    texts = np.where(chance < damage.empty, 0, texts)
    ends = phrasings.rows.ends[texts]
    hidden = phrasings.rows.at(texts)  # [batch, 77, 192]

    moved = one_of(phrasings.moved)
    is_moved = whole & (moved >= 0) & (random.random(count) < damage.personalised)
    moved_rows = phrasings.personalised.hidden[moved[is_moved]]  # float16 [moved, 77, 192]
    hidden[is_moved] = torch.from_numpy(moved_rows).float()

    is_split = styled & (random.random(count) < damage.split)
    is_split &= whole & ~is_moved
    words = np.where(
        random.random(count) < 0.7, one_of(phrasings.plain), one_of(phrasings.subject)
    )[is_split]
    is_composed = phrasings.paired[pictures] & (random.random(count) < damage.composed)
    first = np.where(is_composed, one_of(phrasings.palette), texts)[is_split]
    second = np.where(is_composed, one_of(phrasings.texture), one_of(phrasings.style))[is_split]
    # Far from the middle one of palette and texture would be lost.
    mixed = random.random(count) * np.where(is_composed, 0.3, 1) + np.where(is_composed, 0.35, 0)
    share = torch.from_numpy(mixed[is_split]).float()
    hidden[is_split] = split(phrasings.rows, words, first, second, share)

    dropping = ~is_moved & ~is_split & (random.random(count) < damage.dropping)
    share = np.where(dropping, damage.dropped * random.random(count), 0.0)  # [batch]
    position = np.arange(hidden.shape[1])
    is_word = (position > 0) & (position < ends[:, None])  # [batch, 77]
    drop = torch.from_numpy(is_word & (random.random(is_word.shape) < share[:, None]))
    at_end = hidden[torch.arange(count), torch.from_numpy(ends)]  # [batch, 192]
    hidden = torch.where(drop[:, :, None], at_end[:, None], hidden)

    strength = torch.from_numpy(damage.noise * random.random(count)).float()[:, None, None]
    return hidden + strength * hidden.std() * torch.randn_like(hidden)


def split(
    rows: Rows,
    words: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    share: Tensor,
) -> Tensor:
    """Return [batch, 77, 192]: words of one caption, and after them what lies between two others.

    `share` [batch] is how much of the second one's rows there is in what follows the words.
    """
    ends = rows.ends[words]
    position = np.arange(rows.hidden.shape[1])

    def after(texts: NDArray[np.int64]) -> Tensor:
        """Return the rows of the end and the padding, the end's also where texts have words."""
        index = np.maximum(position, rows.ends[texts][:, None])  # [batch, 77]
        return torch.from_numpy(rows.hidden[texts[:, None], index]).float()

    mixed = between(after(first), after(second), share[:, None, None])
    is_before = torch.from_numpy(position < ends[:, None])[:, :, None]  # [batch, 77, 1]
    return torch.where(is_before, rows.at(words), mixed)


def between(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Return rows [..., width] between two, as long as those: they come after a layer norm."""
    mixed = torch.lerp(first, second, share)
    length = torch.lerp(first.norm(dim=-1, keepdim=True), second.norm(dim=-1, keepdim=True), share)
    return mixed * length / mixed.norm(dim=-1, keepdim=True)


@torch.no_grad()
def _encoded(texts: list[str], text_encoder: Path) -> Rows:
    """Encode texts, or read what an earlier run encoded for the same texts and weights."""
    made_from = {"texts": texts, "weights": digest_file(text_encoder / "model.safetensors")}
    folder = work_folder() / "conditioning"
    folder.mkdir(parents=True, exist_ok=True)
    ids = torch.cat(
        [tokenizer.tokenize(texts[start : start + 1024]) for start in range(0, len(texts), 1024)]
    )
    ends = (ids == tokenizer.END).int().argmax(1).numpy().astype(np.int64)  # [n]
    path, record = folder / "hidden.npy", folder / "made-from.json"
    if record.exists() and json.loads(record.read_text(encoding="utf-8")) == made_from:
        return Rows(np.load(path, mmap_mode="r"), ends)
    record.unlink(missing_ok=True)
    model, on = CLIPTextModel.from_pretrained(text_encoder, dtype=torch.float32).eval(), device()
    model.to(on)
    shape = (*ids.shape, model.config.hidden_size)
    hidden = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    print(f"encoding {len(texts)} captions", flush=True)
    for start in range(0, len(texts), 128):
        with autocast(on):
            output = model(input_ids=ids[start : start + 128].to(on)).last_hidden_state
        hidden[start : start + 128] = output.half().cpu().numpy()
    hidden.flush()
    record.write_text(json.dumps(made_from), encoding="utf-8")
    return Rows(hidden, ends)
