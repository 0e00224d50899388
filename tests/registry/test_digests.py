"""Names of bytes, sets, recipes and vectors: what they are equal to, and what has none."""

import enum
import hashlib
import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry import digests

IMAGE_A = "sha256:" + "a" * 64
IMAGE_B = "sha256:" + "b" * 64
PIXELS_C = "sha256:" + "c" * 64
PIXELS_D = "sha256:" + "d" * 64

texts = st.text(st.characters(exclude_categories=["Cs"]))  # all but lone surrogates
doubles = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | doubles | texts,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(texts, inner, max_size=6),
    max_leaves=20,
)
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
vectors = st.integers(0, 2**32).map(
    lambda seed: np.random.default_rng(seed).standard_normal(768).astype(np.float32)
)


class Side(enum.StrEnum):
    TOWARDS = "towards"


def test_bytes_are_named_by_their_sha256() -> None:
    assert digests.digest_bytes(b"abc") == (
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_chunks_have_the_name_of_their_whole() -> None:
    assert digests.digest_chunks([b"a", b"", b"bc"]) == digests.digest_bytes(b"abc")


@pytest.mark.parametrize(
    "text",
    ["", "a" * 64, "sha256:" + "A" * 64, "sha256:" + "a" * 63, IMAGE_A + "\n", "md5:" + "a" * 64],
)
def test_only_the_one_notation_is_a_digest(text: str) -> None:
    assert digests.is_digest(IMAGE_A)
    assert not digests.is_digest(text)
    with pytest.raises(ValueError, match="is not a digest of the form sha256"):
        digests.hex_of(text)


def test_the_hex_of_a_digest_stands_alone() -> None:
    assert digests.hex_of(IMAGE_A) == "a" * 64


@settings(max_examples=300)
@given(values)
def test_canonical_json_is_what_the_reference_package_writes(value: object) -> None:
    assert digests.canonical_json(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@settings(max_examples=500)
@given(doubles)
@example(5e-324)
@example(1.7976931348623157e308)
@example(1e21)
@example(1e-7)
def test_every_double_is_written_as_the_reference_package_does_and_reads_back(
    number: float,
) -> None:
    written = digests.canonical_json(number)
    assert written == rfc8785.dumps(number)
    assert json.loads(written, parse_int=float) == number


@pytest.mark.parametrize(
    ("bits", "text"),
    # RFC 8785, appendix B.
    [
        (0x0000000000000000, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7FEFFFFFFFFFFFFF, "1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44B52D02C7E14AF5, "9.999999999999997e+22"),
        (0x44B52D02C7E14AF6, "1e+23"),
        (0x444B1AE4D6E2EF4F, "999999999999999900000"),
        (0x444B1AE4D6E2EF50, "1e+21"),
        (0x3EB0C6F7A0B5ED8C, "9.999999999999997e-7"),
        (0x3EB0C6F7A0B5ED8D, "0.000001"),
        (0x41B3DE4355555553, "333333333.3333332"),
        (0xBECBF647612F3696, "-0.0000033333333333333333"),
    ],
)
def test_the_numbers_of_the_rfc_are_written_as_it_says(bits: int, text: str) -> None:
    (number,) = struct.unpack(">d", struct.pack(">Q", bits))
    assert digests.canonical_json(number) == text.encode()


def test_keys_are_ordered_by_utf_16_code_units() -> None:
    # U+FB33 comes before U+1F600 by code point, and after it by code unit (RFC 8785, 3.2.3).
    assert digests.canonical_json({"\ufb33": 1, "\U0001f600": 2}) == (
        '{"\U0001f600":2,"\ufb33":1}'.encode()
    )


def test_enumeration_members_and_tuples_are_written_as_their_values() -> None:
    value = {"side": Side.TOWARDS, "sizes": (1, np.float64(0.5))}
    assert digests.canonical_json(value) == b'{"side":"towards","sizes":[1,0.5]}'


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 2**53, -(2**53), "\ud800", {"\udfff": 1}]
)
def test_what_no_json_reader_agrees_on_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON can't hold"):
        digests.canonical_json([value])


@pytest.mark.parametrize("value", [{1: "a"}, {None: "a"}, b"bytes", {1, 2}, 1j, np.float32(1)])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="JSON can't hold"):
        digests.canonical_json([value])


def test_a_set_has_one_name_in_any_order() -> None:
    members = [(IMAGE_B, "towards"), (IMAGE_A, "towards"), (IMAGE_A, "away")]
    expected = rfc8785.dumps([
        {"image": IMAGE_A, "side": "away"},
        {"image": IMAGE_A, "side": "towards"},
        {"image": IMAGE_B, "side": "towards"},
    ])  # fmt: skip
    assert digests.members_digest(members) == digests.digest_bytes(expected)
    assert digests.members_digest(reversed(members)) == digests.members_digest(members)


def test_a_decoded_set_is_named_by_images_pixels_and_sides() -> None:
    entries = [
        (IMAGE_B, PIXELS_C, "away"),
        (IMAGE_A, PIXELS_D, "towards"),
        (IMAGE_A, PIXELS_D, "away"),
    ]
    expected = rfc8785.dumps([
        {"image": IMAGE_A, "pixels": PIXELS_D, "side": "away"},
        {"image": IMAGE_A, "pixels": PIXELS_D, "side": "towards"},
        {"image": IMAGE_B, "pixels": PIXELS_C, "side": "away"},
    ])  # fmt: skip
    assert digests.image_set_digest(entries) == digests.digest_bytes(expected)


def test_sides_and_digests_of_a_set_are_checked() -> None:
    with pytest.raises(ValueError, match="'left' is not a side of an image set"):
        digests.members_digest([(IMAGE_A, "left")])
    with pytest.raises(ValueError, match=r"'cat\.png' is not a digest"):
        digests.image_set_digest([(IMAGE_A, "cat.png", "away")])


def test_a_recipe_has_one_name_whatever_the_order_of_its_keys() -> None:
    assert digests.recipe_digest({"b": 1.0, "a": [True]}) == digests.recipe_digest(
        {"a": [True], "b": 1}
    )


@given(vectors)
def test_a_vectors_name_can_be_recomputed_with_hashlib_and_struct_alone(
    vector: np.ndarray,
) -> None:
    data = struct.pack("<768f", *vector)
    assert digests.vector_digest(vector) == "sha256:" + hashlib.sha256(data).hexdigest()
    assert digests.vector_of(digests.vector_bytes(vector)) == tuple(vector.tolist())


@given(st.lists(singles, max_size=20))
def test_any_finite_numbers_survive_their_bytes(numbers: list[float]) -> None:
    padded = numbers + [1.0] * (768 - len(numbers))
    assert digests.vector_of(digests.vector_bytes(padded)) == tuple(padded)


@pytest.mark.parametrize("zero", [-0.0, -1e-60])
def test_minus_zero_has_the_name_of_zero(zero: float) -> None:
    assert digests.vector_bytes([zero] * 768) == bytes(3072)
    assert digests.vector_digest([zero] * 768) == digests.vector_digest([0.0] * 768)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 3.5e38])
def test_a_number_that_is_not_finite_in_32_bits_has_no_name(number: float) -> None:
    with pytest.raises(ValueError, match="A vector holds"):
        digests.vector_bytes([0.0] * 767 + [number])


@pytest.mark.parametrize("count", [0, 767, 769])
def test_a_vector_of_another_width_has_no_name(count: int) -> None:
    with pytest.raises(ValueError, match=f"768 numbers; this one has {count}"):
        digests.vector_bytes([0.0] * count)


@pytest.mark.parametrize(
    "data",
    [b"", bytes(3071), bytes(3073), b"\0\0\0\x80" + bytes(3068), b"\0\0\xc0\x7f" + bytes(3068)],
)
def test_bytes_that_no_vector_has_are_not_read(data: bytes) -> None:
    with pytest.raises(ValueError, match="vector"):
        digests.vector_of(data)


def test_a_file_has_the_name_of_its_bytes_however_many(tmp_path: Path) -> None:
    for size in (0, 1, digests.PIECE, digests.PIECE + 1):
        path = tmp_path / str(size)
        path.write_bytes(bytes(size))
        assert digests.digest_file(path) == digests.digest_bytes(bytes(size))
