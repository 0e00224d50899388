"""A vector and facts about it in, the bytes of a `.safetensors` file out; and back, strictly.

Layout: 8 bytes with the header's length, little-endian; the header, JSON; the numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from registry import strict_json
from registry.digests import VECTOR_BYTES, WIDTH, canonical_json, vector_bytes
from registry.raw_vectors import (
    ITEM_BYTES,
    Content,
    check_claim,
    check_shape,
    checked_space,
    foreign,
    quoted,
    unsafe,
    vector_from,
)

LARGEST_HEADER = 64 * 1024  # bytes
PREFIX = 8  # bytes that hold the header's length
ALIGNMENT = 8  # the header is filled up with spaces to a multiple of it, as the library does
MOST_COUNTS = 6  # numbers that describe a tensor: up to four axes, and where it begins and ends
LARGEST_COUNT = 2**48  # beyond any file; keeps products of counts cheap

# A web UI that is given a lone tensor [1, 768] takes it for a textual inversion. This one comes
# first, by name and by place, and has one number, so that it can't be taken for anything.
GUARD = "aa_guard"
GUARD_BYTES = 4
TENSOR = "aesthetic"

TEXTUAL_INVERSION = "emb_params"  # the tensor's name in the web UIs' textual inversions


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor as the header describes it; begin and end count from the header's end."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def write(vector: NDArray[np.float32], metadata: Mapping[str, str]) -> bytes:
    """Write the tensors `aa_guard` F32 [1], which is zero, and `aesthetic` F32 [1, 768]."""
    end = GUARD_BYTES + VECTOR_BYTES
    header = canonical_json({
        "__metadata__": metadata,
        GUARD: {"dtype": "F32", "shape": [1], "data_offsets": [0, GUARD_BYTES]},
        TENSOR: {"dtype": "F32", "shape": [1, WIDTH], "data_offsets": [GUARD_BYTES, end]},
    })  # fmt: skip
    header += b" " * (-len(header) % ALIGNMENT)
    length = len(header).to_bytes(PREFIX, "little")
    return length + header + bytes(GUARD_BYTES) + vector_bytes(vector)


def looks_like_one(data: bytes) -> bool:
    """Tell by the brace after the length; the length's upper bytes are no text in any real file."""
    return data[PREFIX : PREFIX + 1] == b"{" and data[PREFIX - 1 : PREFIX] == b"\0"


def read(data: bytes) -> Content:
    """Read our own files and those of one tensor; raise FileRefused for everything else."""
    header, numbers = _parted(data)
    metadata = _metadata(header.pop("__metadata__", {}))
    tensors = [_tensor(name, facts) for name, facts in header.items()]
    _check_cover(tensors, len(numbers))
    tensor = _the_one(tensors)
    check_shape(tensor.shape)
    vector = vector_from(numbers[tensor.begin : tensor.end], tensor.dtype)
    check_claim(vector, metadata.get("vector_digest"))
    return Content(vector, checked_space(metadata.get("space")))


def _parted(data: bytes) -> tuple[dict[str, object], bytes]:
    """Part the file into its header and its numbers."""
    length = int.from_bytes(data[:PREFIX], "little")
    if length > LARGEST_HEADER:
        raise unsafe(
            f"The .safetensors file announces a header of {length:,} bytes; up to"
            f" {LARGEST_HEADER:,} are read."
        )
    text, numbers = data[PREFIX : PREFIX + length], data[PREFIX + length :]
    if len(text) != length or not text.startswith(b"{"):
        raise unsafe("The .safetensors file is cut off, or has no header.")
    try:
        return strict_json.read(text), numbers
    except strict_json.JSONRefused as error:
        raise unsafe(f"The .safetensors file's header can't be read. {error}") from error


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise unsafe("The .safetensors file's metadata is not a list of texts by name.")
    return value


def _tensor(name: str, facts: object) -> _Tensor:
    match facts:
        case {
            "dtype": str(dtype),
            "shape": list(shape),
            "data_offsets": [begin, end],
            **others,
        } if not others and _are_counts([*shape, begin, end]):
            tensor = _Tensor(name, dtype, tuple(shape), begin, end)
        case _:
            raise unsafe(f"The .safetensors file's header describes {quoted(name)} oddly.")
    if dtype not in ITEM_BYTES:
        raise unsafe(
            f"The tensor {quoted(name)} holds {quoted(dtype)}; F32, F16 and BF16 are read."
        )
    if end - begin != prod(shape) * ITEM_BYTES[dtype]:
        raise unsafe(f"The tensor {quoted(name)} has another size than its shape says.")
    return tensor


def _are_counts(values: list[object]) -> bool:
    return len(values) <= MOST_COUNTS and all(
        type(value) is int and 0 <= value <= LARGEST_COUNT for value in values
    )


def _check_cover(tensors: list[_Tensor], size: int) -> None:
    """Refuse gaps, overlaps and bytes that belong to no tensor."""
    position = 0
    for tensor in sorted(tensors, key=lambda tensor: (tensor.begin, tensor.end)):
        if tensor.begin != position:
            raise unsafe(f"The tensor {quoted(tensor.name)} does not follow the one before it.")
        position = tensor.end
    if position != size:
        raise unsafe(f"The tensors describe {position} bytes; the .safetensors file has {size}.")


def _the_one(tensors: list[_Tensor]) -> _Tensor:
    """Choose a file's only tensor, whatever its name, or `aesthetic` of our own files."""
    names = sorted(tensor.name for tensor in tensors)
    if names != [GUARD, TENSOR] and len(names) != 1:
        raise unsafe(
            f"The .safetensors file holds {len(names)} tensors, {quoted(names)}; one is read."
        )
    if TEXTUAL_INVERSION in names:
        raise foreign(
            f"The tensor is named {TEXTUAL_INVERSION}, so it is a textual inversion: a word for the"
            " text encoder, and not the look of images."
        )
    return tensors[0] if len(tensors) == 1 else next(t for t in tensors if t.name == TENSOR)
