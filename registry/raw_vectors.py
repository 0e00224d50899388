"""The numbers of somebody's file in, a checked vector out; or the refusal of every reader."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from registry.digests import WIDTH, vector_bytes, vector_digest

ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}  # the types that are read, as .safetensors names them

# As the hub's table of spaces takes it (Django's slug): a file can say any text of its space.
SPACE_NAME = re.compile(r"[-a-zA-Z0-9_]{1,64}")

QUOTED_LENGTH = 60  # characters of a stranger's text that a sentence repeats


class FileRefused(Exception):
    """A file that is not read, with a code for machines and a whole sentence for people.

    `unsafe-file`: not exactly the layout that we read. `foreign-space`: numbers that are well laid
    out and are no vector of 768, or of a kind that no encoder of images makes.
    """

    def __init__(self, code: Literal["unsafe-file", "foreign-space"], detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Content:
    """What was read: the vector [768], and the space that the file says it belongs to.

    The space is what a stranger says, in letters that a space may have: compare it with a known
    name. None where the file doesn't say.
    """

    vector: NDArray[np.float32]
    space: str | None = None


def unsafe(detail: str) -> FileRefused:
    return FileRefused("unsafe-file", detail)


def foreign(detail: str) -> FileRefused:
    return FileRefused("foreign-space", detail)


def quoted(text: object) -> str:
    """Repeat a stranger's text in plain ASCII and at bearable length."""
    plain = ascii(text)
    return plain if len(plain) <= QUOTED_LENGTH else f"{plain[:QUOTED_LENGTH]}…"


def check_shape(shape: tuple[int, ...]) -> None:
    """Refuse every shape but [768] and [1, 768]."""
    if shape not in ((WIDTH,), (1, WIDTH)):
        raise foreign(
            f"The file holds a tensor of shape {quoted(list(shape))}; an aesthetic embedding is one"
            f" vector of {WIDTH} numbers, shape [{WIDTH}] or [1, {WIDTH}]."
        )


def vector_from(raw: bytes, dtype: str) -> NDArray[np.float32]:
    """Widen 768 raw little-endian floats of a type in ITEM_BYTES to a checked vector [768]."""
    expected = WIDTH * ITEM_BYTES[dtype]
    if len(raw) != expected:
        raise unsafe(
            f"The vector's numbers take {len(raw)} bytes instead of {expected}; the file was"
            " damaged or changed."
        )
    if dtype == "BF16":  # the upper half of a binary32
        return checked_vector((np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4"))
    return checked_vector(np.frombuffer(raw, f"<f{ITEM_BYTES[dtype]}"))


def checked_vector(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return values [768] as float32 with positive zeros; refuse NaN and infinities."""
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        place = int(wrong[0])
        raise unsafe(
            f"The vector holds {values[place]} at position {place}; all {WIDTH} numbers must be"
            " finite."
        )
    try:
        data = vector_bytes(values.tolist())
    except ValueError as error:
        raise unsafe(str(error)) from error
    return np.frombuffer(data, dtype="<f4").astype(np.float32)  # [768], a copy that may be changed


def is_space_name(text: str) -> bool:
    """Tell whether a space could be called so; the rest need not be asked for, and often can't."""
    return SPACE_NAME.fullmatch(text) is not None


def checked_space(name: str | None) -> str | None:
    """Return the name of a space that a file says; refuse one that no space can have."""
    if name is not None and not is_space_name(name):
        raise foreign(
            f"The file says that it belongs to the space {quoted(name)}, which is no name of a"
            " space: that has up to 64 letters, digits, “-” and “_”."
        )
    return name


def check_claim(vector: NDArray[np.float32], claim: str | None) -> None:
    """Refuse a file whose own vector digest is not that of its numbers."""
    if claim is not None and claim != vector_digest(vector):
        raise unsafe(
            f"The file says that its vector digest is {quoted(claim)}, but its numbers have"
            f" {vector_digest(vector)}; it was damaged or changed. Download it again."
        )
