"""A seed in, square cuts of the sample pictures out, with captions of what their pixels show.

No title is read: every word follows from what `attributes` measures, so that it holds for each cut.
Words that the drawn world uses for its looks stand only where the pixels say so plainly. Only
whether a cut is called a photograph or a painting comes from the tags of its set.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from demo.attributes import Attributes, Pixels, attributes
from demo.training import ROOT
from hub.demo.samples import read_sets

__all__ = ["CONTRASTS", "SIZE", "Attributes", "Contrast", "attributes", "claims", "load"]

SAMPLES = ROOT / "demo" / "samples"
SIZE = 128  # pixels a side, as in the drawn world; detail is measured at this size
CUTS = 8  # a picture, besides its middle: about 750 in all, 3 % of what is drawn for training
LARGEST, SMALLEST = 0.95, 0.45  # of the short side: 144 of 320 pixels, but 81 of 180 (enlarged)
CAPTIONS = 6  # a cut
DRAWN = "demo-world"  # the tag of sets that the demo drew itself; they are no photographs
TEST_EVERY = 4  # of the pictures of a set one is kept for tests: no cut of it is trained on
EMPTY = 3.0  # L*; a cut whose lightness varies less shows nothing and is left out

NOUNS = ("picture", "image")
PHRASED = 0.45  # of the words that can be either stand behind the noun: "in warm colors"
BARE = 0.3  # of the captions have no noun: "dark, golden, with few colors"
KINDS = {"photography": ("photograph", "photo"), "painting": ("painting",)}  # by the set's tag


class Contrast(NamedTuple):
    """Pictures nearer to the text `towards` than to `away` should have more of `measure`."""

    name: str
    towards: str
    away: str
    measure: Callable[[Attributes], float]


CONTRASTS: Final = (
    Contrast("lightness", "a bright picture", "a dark picture", lambda a: a.lightness),
    Contrast("warmth", "a warm picture", "a cool picture", lambda a: a.warmth),
    Contrast("saturation", "a vivid picture", "a muted picture", lambda a: a.chroma),
    Contrast("texture", "a grainy picture", "a smooth picture", lambda a: a.detail),
    Contrast("contrast", "with high contrast", "with low contrast", lambda a: a.contrast),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Words that may be said of a picture whose measures lie within `bounds`, each low to high."""

    adjectives: tuple[str, ...]
    phrases: tuple[str, ...]
    bounds: Mapping[str, tuple[float, float]]

    def holds(self, measured: Attributes) -> bool:
        bounds = self.bounds.items()
        return all(low <= getattr(measured, name) < high for name, (low, high) in bounds)


def _claim(adjectives: str, phrases: str, **bounds: tuple[float, float]) -> Claim:
    return Claim(_words(adjectives), _words(phrases), bounds)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


# Bounds lie near the outer quarters of the samples, or where the word stops being plain.
CLAIMS: Final = (
    _claim("dark, very dark", "in deep shadow", lightness=(0, 22)),
    _claim("dim, dark", "in dim light", lightness=(22, 40)),
    _claim("bright, light", "in bright light", lightness=(66, inf)),
    _claim("pale", "in pale colors", lightness=(70, inf), strongest=(0, 35)),
    _claim("warm", "in warm colors, in warm tones", warmth=(3.5, inf), leaning=(0.5, inf)),
    _claim(
        "cool, cold", "in cool colors, in cold tones", warmth=(-inf, -2.5), leaning=(-inf, -0.4)
    ),
    _claim("gray, colorless", "without color, in neutral tones", strongest=(0, 8)),
    _claim("muted", "in muted colors", strongest=(8, 25)),
    _claim("vivid, colorful", "in vivid colors, in strong colors", chroma=(35, inf)),
    _claim("", "with bright colors on black", dark=(0.5, inf), strongest=(55, inf)),
    _claim("", "with high contrast, with strong contrast", contrast=(27, inf)),
    _claim("", "with low contrast, in flat light", contrast=(0, 13)),
    _claim("smooth", "with smooth surfaces", detail=(0, 1)),
    _claim("soft, blurred", "", edges=(0, 0.08)),
    _claim("busy, detailed", "full of detail", edges=(0.3, inf)),
    _claim("grainy", "with grain", grain=(1.3, 3), direction=(0, 0.6), edges=(0, 0.44)),
    _claim("grainy, noisy", "with grain", grain=(3, inf), direction=(0, 0.4)),
    _claim("", "with fine lines", grain=(1.2, inf), direction=(0.7, inf)),
    _claim("hatched", "in ink hatching", grain=(3, inf), direction=(0.45, 1), strongest=(0, 45)),
    _claim("", "with few colors", colours=(0, 5)),
    _claim("many-colored", "with many colors", colours=(11.5, inf)),
    _claim(
        "flat",
        "in flat colors",
        flat=(0.62, inf),
        detail=(0.4, 1.7),
        dark=(0, 0.4),
        grain=(0, 0.13),
    ),
    _claim("monochrome", "in black and white", strongest=(0, 8), contrast=(10, inf)),
    _claim(
        "sepia",
        "in sepia tones",
        strongest=(9, 40),
        orange_to_gold=(0.3, inf),
        not_brown=(0, 0.02),
        lightness=(30, inf),
    ),
    _claim(
        "pastel",
        "in pastel colors",
        lightness=(70, inf),
        contrast=(0, 16),
        chroma=(9, inf),
        strongest=(0, 38),
        blue_to_teal=(0, 0.5),
    ),
    _claim(
        "icy, wintry",
        "in icy blue",
        lightness=(50, inf),
        strongest=(0, 50),
        blue_to_teal=(0.5, inf),
        orange_to_gold=(0, 0.04),
        purple=(0, 0.1),
    ),
    _claim(
        "",
        "in deep blue night colors",
        lightness=(0, 25),
        warmth=(-inf, 0),
        blue=(0.3, inf),
        purple=(0, 0.15),
    ),
    _claim(
        "",
        "in sunset colors",
        lightness=(0, 62),
        chroma=(25, 58),
        orange_to_gold=(0.2, inf),
        purple=(0.09, inf),
        blue_to_green=(0, 0.12),
    ),
    _claim("deep green", "in green tones", green=(0.6, inf), lightness=(0, 55), chroma=(12, inf)),
    _claim(
        "",
        "in candy colors",
        lightness=(50, inf),
        strongest=(65, inf),
        families=(3, inf),
        purple=(0.08, inf),
        blue_to_green=(0.15, inf),
    ),
)


def load(
    seed: int = 0, *, part: Literal["train", "test"] = "train"
) -> tuple[Pixels, list[tuple[str, ...]]]:
    """Return the cuts, [m, 128, 128, 3], and the captions of each; a picture's middle is first."""
    cuts: list[Pixels] = []
    captions: list[tuple[str, ...]] = []
    for number, (path, nouns) in enumerate(_files(part)):
        random = np.random.default_rng((seed, number))
        for cut in _cuts(_open(path), random):
            measured = attributes(cut)
            if measured.contrast >= EMPTY:
                cuts.append(cut)
                held = claims(measured)
                captions.append(tuple(_caption(held, nouns, random) for _ in range(CAPTIONS)))
    return np.stack(cuts), captions


def claims(measured: Attributes) -> list[Claim]:
    """Return all that may be said of a picture, first the hues it has most of."""
    held = [claim for claim in CLAIMS if claim.holds(measured)]
    if not measured.names:
        return held
    name = " and ".join(measured.names)
    return [Claim((name,), (f"in {name}", f"in {name} tones", f"in {name} colors"), {}), *held]


def _files(part: str) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield each picture of the part, and the nouns that its set's tags allow."""
    for each in read_sets(SAMPLES):
        if DRAWN in each.tags:
            continue
        kinds = [noun for tag in each.tags for noun in KINDS.get(tag, ())]
        for number, picture in enumerate(each.pictures, start=1):
            if (number % TEST_EVERY == 0) == (part == "test"):
                yield picture.path, (*NOUNS, *kinds)


def _open(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return ImageOps.exif_transpose(picture).convert("RGB")


def _cuts(picture: Image.Image, random: np.random.Generator) -> Iterator[Pixels]:
    """Yield the largest square in the middle, then squares by chance, half of them mirrored."""
    short = min(picture.size)
    yield _cut(picture, short, (0.5, 0.5))
    for _ in range(CUTS):
        side = round(short * random.uniform(SMALLEST, LARGEST))
        cut = _cut(picture, side, tuple(random.random(2)))
        yield np.ascontiguousarray(cut[:, ::-1]) if random.random() < 0.5 else cut


def _cut(picture: Image.Image, side: int, place: Sequence[float]) -> Pixels:
    """Return the square of `side` pixels at a share of the way from the left and from the top."""
    left, top = (round((all_ - side) * at) for all_, at in zip(picture.size, place, strict=True))
    box = (left, top, left + side, top + side)
    resized = picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=box)  # antialiased
    return np.array(resized)  # [128, 128, 3]


def _caption(held: Sequence[Claim], nouns: Sequence[str], random: np.random.Generator) -> str:
    """Say one to four of the things that hold, with or without a noun."""
    some = min(len(held), int(random.integers(1, 5)))
    said = [held[number] for number in random.permutation(len(held))[:some]]
    adjectives, phrases = [], []
    for claim in said:
        can_be_phrase = claim.phrases and (not claim.adjectives or random.random() < PHRASED)
        if can_be_phrase:
            phrases.append(_pick(claim.phrases, random))
        else:
            adjectives.append(_pick(claim.adjectives, random))
    if random.random() < BARE and said:
        return ", ".join(adjectives + phrases)
    words = " ".join([*adjectives, _pick(nouns, random), ", ".join(phrases)]).strip()
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _pick(words: Sequence[str], random: np.random.Generator) -> str:
    return words[int(random.integers(len(words)))]
