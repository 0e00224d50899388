"""Which pictures are the same again: smaller, saved anew, a little cropped. NumPy and Pillow.

Two signs must agree. The perceptual hash alone finds equal skies in different pictures, and the
features alone find what an encoder can't tell apart, such as two close-ups of leaves (0.995 in
the sample sets). A pair has at most 8 of 64 bits apart and a cosine of at least 0.9. Measured on
the sample sets: saved as JPEG at quality 50, halved, or 15 % brighter, all but one in a hundred
stay within; cropped by 3 % on each side four in five; mirrored none. Of their 1,080 pairs of
pictures in one set, it names one: a rider who was painted over for a second picture.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from registry.decoding import decoding
from registry.statistics import units

HASH_SIDE: Final = 8  # of the block of lowest frequencies: 64 bits
SAMPLE_SIDE: Final = 32  # pixels, of the picture that is transformed
MOST_BITS: Final = 8  # apart
LEAST_COSINE: Final = 0.9
BLOCK: Final = 256  # rows compared at a time, so that thousands of pictures fit into memory
MOST_PAIRS: Final = 100  # that are named


class Pair(NamedTuple):
    """Two rows that show the same picture."""

    one: int
    other: int
    cosine: float
    bits: int  # of the hashes, apart


class NearDuplicates(NamedTuple):
    """What is the same again, of a size that grows with the rows alone.

    Each two of 300 frames of one shot are a pair, which makes 44,850: they are counted, the closest
    are named, and all of them are told as one group.
    """

    total: int  # pairs
    closest: list[Pair]  # MOST_PAIRS at most, the closest first
    groups: list[list[int]]  # rows that hang together by pairs, by the first of each


def perceptual_hash(data: bytes) -> str:
    """Return the DCT hash of a stored picture, 64 bits as 16 hexadecimal digits.

    pHash (Zauner, Implementation and benchmarking of perceptual image hash functions, 2010): the
    grey picture at 32 x 32, its cosine transform, of the 8 x 8 lowest frequencies those above their
    median, which the mean grey takes no part in. Raises PictureRefused.
    """
    with decoding(data) as picture:
        grey = picture.convert("L").resize((SAMPLE_SIDE, SAMPLE_SIDE), Image.Resampling.LANCZOS)
    places = np.arange(SAMPLE_SIDE)
    waves = np.cos(np.pi * np.outer(np.arange(HASH_SIDE), 2 * places + 1) / (2 * SAMPLE_SIDE))
    frequencies = (waves @ np.asarray(grey, dtype=np.float64) @ waves.T).ravel()  # [64]
    bits = frequencies > np.median(frequencies[1:])
    return np.packbits(bits).tobytes().hex()


def near_duplicates(features: NDArray[np.floating], hashes: Sequence[str]) -> NearDuplicates:
    """Return which rows of features [n, width] show the same picture, by their places.

    `hashes` are the perceptual hashes of the rows. Raises ValueError as `statistics` does.
    """
    directions = units(features).astype(np.float32)  # [n, width]
    words = np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8")  # [n]
    places = np.arange(len(directions))  # [n]
    groups = places.copy()  # [n], each row's group by the first row of it
    total = 0
    closest: list[Pair] = []
    for start in range(0, len(directions), BLOCK):
        block = slice(start, start + BLOCK)
        cosines = directions[block] @ directions.T  # [block, n]
        bits = np.bitwise_count(words[block, None] ^ words)  # [block, n]
        alike = (cosines >= LEAST_COSINE) & (bits <= MOST_BITS) & (places > places[block, None])
        total += int(np.count_nonzero(alike))
        closest = sorted([*closest, *_closest(start, alike, cosines, bits)], key=_order)
        del closest[MOST_PAIRS:]
        for row in np.flatnonzero(alike.any(axis=1)):
            _join(groups, np.append(np.flatnonzero(alike[row]), start + row))
    return NearDuplicates(total, closest, _listed(groups))


def groups_of(pairs: Iterable[Sequence[int]], count: int) -> list[list[int]]:
    """Return the groups of `count` rows that hang together by pairs of their places."""
    groups = np.arange(count)  # [n]
    for pair in pairs:
        _join(groups, np.asarray(pair))
    return _listed(groups)


def _closest(
    start: int, alike: NDArray[np.bool_], cosines: NDArray[np.float32], bits: NDArray[np.uint8]
) -> Iterator[Pair]:
    """Yield the closest pairs of the rows from `start` on, of which these are a block [block, n].

    Of pairs that are equally close any are taken, the same ones each time.
    """
    rows, others = np.nonzero(alike)  # [pairs]
    if len(rows) > MOST_PAIRS:
        chosen = np.argpartition(-cosines[alike], MOST_PAIRS)[:MOST_PAIRS]
        rows, others = rows[chosen], others[chosen]
    for row, other in zip(rows.tolist(), others.tolist(), strict=True):
        cosine = min(float(cosines[row, other]), 1.0)
        yield Pair(start + row, other, cosine, int(bits[row, other]))


def _order(pair: Pair) -> tuple[float, int, int]:
    return -pair.cosine, pair.one, pair.other


def _join(groups: NDArray[np.int_], places: NDArray[np.int_]) -> None:
    """Make one group of those [n] in which the rows at these places are."""
    met = groups[places]
    first = met.min()
    if first != met.max():  # at most n times for n rows
        groups[np.isin(groups, met)] = first


def _listed(groups: NDArray[np.int_]) -> list[list[int]]:
    """Return the groups [n] of two rows and more, each as its places."""
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    return [places.tolist() for places in np.split(order, ends) if len(places) > 1]
