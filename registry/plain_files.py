"""A vector in, the bytes of a `.npy` or a `.json` file out; and back, strictly."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from registry import strict_json
from registry.digests import WIDTH, canonical_json, vector_bytes
from registry.raw_vectors import (
    Content,
    check_claim,
    check_shape,
    checked_space,
    checked_vector,
    unsafe,
    vector_from,
)

LARGEST_FILE = 64 * 1024  # bytes; ours have about 3,200 as .npy and 18,000 as .json

NPY_MAGIC = b"\x93NUMPY\x01\x00"
NPY_LENGTH_BYTES = 2
NPY_ALIGNMENT = 64  # the numbers begin at a multiple of it

# NumPy writes the header as a Python literal, always in this order; nothing else is evaluated.
NPY_HEADER = re.compile(
    rb"\{'descr': '(<f4|<f2)', 'fortran_order': (?:False|True),"
    rb" 'shape': \(([0-9]{1,9}),(?: ([0-9]{1,9}))?\), \} *\n"
)

DTYPES = {b"<f4": "F32", b"<f2": "F16"}


def write_npy(vector: NDArray[np.float32]) -> bytes:
    """Write `<f4` [1, 768], format version 1.0, to the byte as numpy.save does."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {WIDTH}), }}".encode()
    start = len(NPY_MAGIC) + NPY_LENGTH_BYTES
    header += b" " * (-(start + len(header) + 1) % NPY_ALIGNMENT) + b"\n"
    return (
        NPY_MAGIC + len(header).to_bytes(NPY_LENGTH_BYTES, "little") + header + vector_bytes(vector)
    )


def read_npy(data: bytes) -> Content:
    start = len(NPY_MAGIC) + NPY_LENGTH_BYTES
    length = int.from_bytes(data[len(NPY_MAGIC) : start], "little")
    header, numbers = data[start : start + length], data[start + length :]
    match = NPY_HEADER.fullmatch(header)
    if not data.startswith(NPY_MAGIC) or match is None:
        raise unsafe(
            "The .npy file does not hold plain 16- or 32-bit floats as numpy.save writes them."
        )
    dtype, *axes = match.groups()
    check_shape(tuple(int(axis) for axis in axes if axis is not None))
    return Content(vector_from(numbers, DTYPES[dtype]))


def write_json(vector: NDArray[np.float32], facts: Mapping[str, object]) -> bytes:
    """Write the facts and the numbers, each as the double that equals it: they round-trip."""
    numbers = np.frombuffer(vector_bytes(vector), dtype="<f4").tolist()
    return canonical_json({**facts, "vector": numbers})


def read_json(data: bytes) -> Content:
    if len(data) > LARGEST_FILE:
        raise unsafe(f"The .json file has {len(data):,} bytes; up to {LARGEST_FILE:,} are read.")
    try:
        facts = strict_json.read(data)
    except strict_json.JSONRefused as error:
        raise unsafe(f"The .json file can't be read. {error}") from error
    vector = checked_vector(np.array(_numbers(facts.get("vector"))))
    check_claim(vector, _text(facts, "vector_digest"))
    return Content(vector, checked_space(_text(facts, "space")))


def _numbers(value: object) -> list[float]:
    if not isinstance(value, list) or not all(type(number) in (int, float) for number in value):
        raise unsafe("The .json file has no list of numbers named “vector”.")
    check_shape((len(value),))
    try:
        return [float(number) for number in value]
    except OverflowError as error:
        raise unsafe("The .json file holds a number that is too large for a float.") from error


def _text(facts: dict[str, object], key: str) -> str | None:
    value = facts.get(key)
    if value is not None and not isinstance(value, str):
        raise unsafe(f"The .json file's “{key}” is not a text.")
    return value
