"""Bytes, sets, recipes and vectors in; their sha256 names out. Standard library only.

Anyone can recompute every name without this program. A vector's name is

    "sha256:" + sha256(struct.pack("<768f", *values)).hexdigest()     with -0.0 written as +0.0

and every other name is the sha256 of a file's bytes, or of JSON in the canonical form of RFC 8785.
"""

import hashlib
import json
import math
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

WIDTH = 768  # numbers in an embedding, in every space that the hub knows
VECTOR_BYTES = 4 * WIDTH  # each is an IEEE-754 binary32

PIECE = 2**20  # bytes read at a time; large enough that reading costs less than hashing

SIDES = ("towards", "away")

LARGEST_INTEGER = 2**53 - 1  # above it a JSON reader that uses doubles would read another number

# ECMAScript writes an exponent where the point would lie outside these places among the digits.
FIRST_PLAIN_POINT = -5
LAST_PLAIN_POINT = 21

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_bytes(data: bytes) -> str:
    return digest_chunks([data])


def digest_chunks(chunks: Iterable[bytes]) -> str:
    """Name the bytes that the chunks are when laid end to end."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def digest_file(path: Path) -> str:
    """Name the bytes of a file, which is read piece by piece."""
    with path.open("rb") as file:
        return digest_chunks(iter(lambda: file.read(PIECE), b""))


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def checked_digest(digest: str) -> str:
    """Return the digest; raise ValueError for a text that is none."""
    if not is_digest(digest):
        raise ValueError(
            f"{digest!a} is not a digest of the form sha256:<64 lower-case hex digits>."
        )
    return digest


def hex_of(digest: str) -> str:
    """Return the 64 hexadecimal digits alone, as ETags and paths want them."""
    return checked_digest(digest).removeprefix("sha256:")


def members_digest(members: Iterable[tuple[str, str]]) -> str:
    """Name a set of (image digest, side), as known before any picture was decoded.

    A recipe holds this instead of the list, since a public list would tell anyone which images are
    in the set.
    """
    rows = sorted((checked_digest(image), _checked_side(side)) for image, side in members)
    return digest_bytes(canonical_json([{"image": image, "side": side} for image, side in rows]))


def image_set_digest(entries: Iterable[tuple[str, str, str]]) -> str:
    """Name a set of (image digest, pixels digest, side), as known once every picture is decoded."""
    rows = sorted(
        (checked_digest(image), _checked_side(side), checked_digest(pixels))
        for image, pixels, side in entries
    )
    return digest_bytes(
        canonical_json(
            [{"image": image, "pixels": pixels, "side": side} for image, side, pixels in rows]
        )
    )


def _checked_side(side: str) -> str:
    if side not in SIDES:
        raise ValueError(f"{side!a} is not a side of an image set; the sides are {SIDES}.")
    return side


def recipe_digest(recipe: Mapping[str, object]) -> str:
    return digest_bytes(canonical_json(recipe))


def vector_digest(values: Iterable[float]) -> str:
    return digest_bytes(vector_bytes(values))


def vector_bytes(values: Iterable[float]) -> bytes:
    """Write 768 numbers as 3,072 bytes: little-endian binary32, zero always positive.

    Raise ValueError for another count, and for a number that binary32 can't hold as a finite one.
    """
    numbers = [_finite(value, place) for place, value in enumerate(values)]
    if len(numbers) != WIDTH:
        raise ValueError(f"A vector has {WIDTH} numbers; this one has {len(numbers)}.")
    try:
        rounded = struct.unpack(f"<{WIDTH}f", struct.pack(f"<{WIDTH}f", *numbers))
    except OverflowError as error:
        largest = max(numbers, key=abs)
        raise ValueError(f"A vector holds {largest}, which is too large for binary32.") from error
    # Adding +0.0 turns -0.0 into +0.0. After rounding, since a tiny negative double rounds to -0.0.
    return struct.pack(f"<{WIDTH}f", *(number + 0.0 for number in rounded))


def _finite(value: float, place: int) -> float:
    if not math.isfinite(value):
        raise ValueError(f"A vector holds {value} at position {place}; all must be finite.")
    return float(value)


def vector_of(data: bytes) -> tuple[float, ...]:
    """Read what `vector_bytes` writes; raise ValueError for any bytes that it would not write."""
    if len(data) != VECTOR_BYTES:
        raise ValueError(f"A vector has {VECTOR_BYTES} bytes; this one has {len(data)}.")
    values = struct.unpack(f"<{WIDTH}f", data)
    if vector_bytes(values) != data:
        raise ValueError("A vector's bytes hold -0.0; zero is written as +0.0.")
    return values


def canonical_json(value: object) -> bytes:
    """Write JSON in the one form that RFC 8785 (JCS) allows, as UTF-8.

    Raise ValueError for NaN, infinities, integers beyond 2**53 - 1 and lone surrogates, and
    TypeError for keys that are no text and for values that JSON does not know.
    """
    return _json(value).encode()


def _json(value: object) -> str:
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case str():
            return _text(value)
        case int() | float():
            return _number(value)
        case Mapping():
            return _object(value)
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return f"[{','.join(_json(item) for item in value)}]"
        case _:
            raise TypeError(f"JSON can't hold {value!a}, a {type(value).__name__}.")


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"JSON can't hold {text!a}: a lone surrogate is no character.") from error
    # Python escapes exactly what RFC 8785 section 3.2.2.2 asks for, with lower-case digits.
    return json.dumps(text, ensure_ascii=False)


def _number(number: float) -> str:
    if isinstance(number, int):
        if abs(number) > LARGEST_INTEGER:
            raise ValueError(f"JSON can't hold {number}: integers end at {LARGEST_INTEGER}.")
        return str(int(number))
    if not math.isfinite(number):
        raise ValueError(f"JSON can't hold {number}: numbers must be finite.")
    return _ecmascript(number)


def _ecmascript(number: float) -> str:
    """Write a double as ECMAScript's Number::toString does (RFC 8785, section 3.2.2.3).

    Python finds the same shortest digits; only where the point and the exponent go differs.
    """
    if number == 0:
        return "0"
    sign, figures, exponent = Decimal(float.__repr__(number)).as_tuple()
    point = len(figures) + int(exponent)  # the number is 0.<digits> times 10 ** point
    digits = "".join(str(figure) for figure in figures).rstrip("0")
    return ("-" if sign else "") + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    if len(digits) <= point <= LAST_PLAIN_POINT:
        return digits + "0" * (point - len(digits))
    if 0 < point <= LAST_PLAIN_POINT:
        return f"{digits[:point]}.{digits[point:]}"
    if FIRST_PLAIN_POINT <= point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _object(mapping: Mapping[object, object]) -> str:
    texts: dict[str, object] = {}
    for key, item in mapping.items():
        if not isinstance(key, str):
            raise TypeError(f"JSON can't hold the key {key!a}, a {type(key).__name__}.")
        texts[key] = item
    # RFC 8785 section 3.2.3: keys are ordered by their UTF-16 code units.
    names = sorted(texts, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(f"{_text(name)}:{_json(texts[name])}" for name in names) + "}"
