"""Files that were made to harm, to mislead or by mistake: each is refused with its reason."""

import io
import json
import struct

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import formats
from tests.registry.made_files import (
    CARD,
    MEMBERS,
    NUMBERS,
    SYSTEM_CALL,
    a_vector,
    json_of,
    npy_of,
    pt,
    refusal,
    safetensors_of,
    saved,
    tensor,
    zipped,
)

FILES = formats.write_all(a_vector(), CARD)
GOOD = [*FILES.values(), saved(torch.zeros(768)), zipped(MEMBERS)]


def test_the_makers_of_hostile_files_make_good_ones_too() -> None:
    plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (768,), }\n"
    for data in [
        pt(),
        pt(byteorder=b"little"),
        zipped(MEMBERS),
        safetensors_of({"x": tensor(0, 3072)}),
        json_of(),
        npy_of(plain),
    ]:
        assert (formats.read(data) == a_vector()).all()


@pytest.mark.parametrize("shape", [(1, 1024), (1, 1280), (512,), (768, 1), (2, 768)])
def test_a_vector_of_another_width_is_of_a_foreign_space(shape: tuple[int, ...]) -> None:
    numbers = np.zeros(shape, dtype=np.float32)
    buffer = io.BytesIO()
    np.save(buffer, numbers)
    for data in [
        saved(torch.from_numpy(numbers)),
        safetensors.torch.save({"aesthetic": torch.from_numpy(numbers)}),
        buffer.getvalue(),
    ]:
        error = refusal(data)
        assert error.code == "foreign-space"
        assert f"shape {list(shape)};" in error.detail


def test_a_json_list_of_another_length_is_of_a_foreign_space() -> None:
    assert refusal(json_of(vector=[0.5] * 1024)).code == "foreign-space"


def test_a_textual_inversion_is_of_a_foreign_space() -> None:
    data = safetensors.torch.save({"emb_params": torch.zeros(1, 768)})
    error = refusal(data)
    assert error.code == "foreign-space"
    assert "textual inversion" in error.detail


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused_with_its_place(number: float) -> None:
    vector = a_vector()
    vector[700] = number
    halves = torch.from_numpy(vector).half()
    for data in [
        pt(numbers=vector.tobytes()),
        saved(halves),
        safetensors.torch.save({"x": halves.bfloat16()}),
        npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (768,), }\n", vector.tobytes()),
    ]:
        error = refusal(data)
        assert error.code == "unsafe-file"
        assert "at position 700; all 768 numbers must be finite" in error.detail


SAFETENSORS: dict[str, tuple[bytes, str]] = {
    "a huge header": (struct.pack("<Q", 2**40) + b"{" + bytes(99), "announces a header of 1,099"),
    "a cut header": (struct.pack("<Q", 900) + b'{"x":', "cut off"),
    "a repeated key": (safetensors_of(b'{"x":{},"x":{}}'), "same key twice"),
    "a header that is no JSON": (safetensors_of(b"{x}"), "not JSON"),
    "a bottomless header": (safetensors_of(b'{"x":' + b"[" * 60_000), "not JSON"),
    "a header that is no UTF-8": (safetensors_of(b'{"\xff":1}'), "not JSON"),
    "NaN in the header": (safetensors_of(b'{"x":NaN}'), "NaN, which is no JSON"),
    "no tensor": (safetensors_of({}, b""), "0 tensors"),
    "two tensors": (
        safetensors_of({"x": tensor(0, 3072), "y": tensor(3072, 6144)}, NUMBERS * 2),
        "2 tensors",
    ),
    "a guard alone": (
        safetensors_of({"aa_guard": tensor(0, 3072), "x": tensor(3072, 6144)}, NUMBERS * 2),
        "2 tensors",
    ),
    "a gap": (safetensors_of({"x": tensor(4, 3076)}, NUMBERS + bytes(4)), "does not follow"),
    "an overlap": (safetensors_of({"x": tensor(0, 3072), "y": tensor(0, 3072)}), "does not follow"),
    "uncovered bytes": (safetensors_of({"x": tensor(0, 3072)}, NUMBERS + b"x"), "has 3073"),
    "missing bytes": (safetensors_of({"x": tensor(0, 3072)}, NUMBERS[:-1]), "has 3071"),
    "a size that contradicts the shape": (safetensors_of({"x": tensor(0, 3068)}), "another size"),
    "a negative size": (safetensors_of({"x": tensor(0, 3072, shape=[-768])}), "oddly"),
    "a size beyond any file": (safetensors_of({"x": tensor(0, 3072, shape=[2**62])}), "oddly"),
    "a size that is true": (safetensors_of({"x": tensor(0, 3072, shape=[True])}), "oddly"),
    "many axes": (safetensors_of({"x": tensor(0, 3072, shape=[1] * 9)}), "oddly"),
    "three offsets": (safetensors_of({"x": tensor(0, 3072, data_offsets=[0, 1, 2])}), "oddly"),
    "a key too many": (safetensors_of({"x": tensor(0, 3072, code="eval")}), "oddly"),
    "a list for a tensor": (safetensors_of({"x": [1]}), "oddly"),
    "whole numbers": (safetensors_of({"x": tensor(0, 3072, dtype="I32")}), "F32, F16 and BF16"),
    "a dtype that is a list": (safetensors_of({"x": tensor(0, 3072, dtype=["F32"])}), "oddly"),
    "metadata of numbers": (safetensors_of({"__metadata__": {"a": 1}}), "metadata is not"),
    "metadata that is a list": (safetensors_of({"__metadata__": []}), "metadata is not"),
    "another vector's digest": (
        FILES["safetensors"][:-4] + struct.pack("<f", 0.5),
        "damaged or changed",
    ),
}


@pytest.mark.parametrize("name", SAFETENSORS)
def test_a_safetensors_file_with_a_trick_or_a_fault_is_refused(name: str) -> None:
    data, reason = SAFETENSORS[name]
    error = refusal(data)
    assert error.code == "unsafe-file"
    assert reason in error.detail


PLAIN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "none of .safetensors"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "none of .safetensors"),
    "a bare pickle": (SYSTEM_CALL, "none of .safetensors"),
    "a file of PyTorch before 1.6": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "before 1.6"),
    "numpy objects": (
        npy_of("{'descr': '|O', 'fortran_order': False, 'shape': (768,), }\n", SYSTEM_CALL),
        "plain 16- or 32-bit floats",
    ),
    "numpy with code": (npy_of("{'descr': exit(), 'shape': (768,)}\n"), "plain 16-"),
    "numpy version 3": (b"\x93NUMPY\x03\x00" + bytes(99), "plain 16-"),
    "numpy cut off": (FILES["npy"][:-1], "3071 bytes instead of 3072"),
    "JSON cut off": (FILES["json"][:-1], "not JSON"),
    "JSON with NaN": (FILES["json"].replace(b'"vector":[', b'"vector":[NaN,'), "NaN"),
    "JSON with a huge number": (json_of(vector=[1e39] * 768), "too large"),
    "JSON with an endless number": (json_of(vector=[10**400] + [0] * 767), "too large"),
    "JSON with more digits than Python reads": (b'{"vector":[' + b"1" * 9000 + b"]}", "not JSON"),
    "JSON with truths": (json_of(vector=[True] * 768), "no list of numbers"),
    "JSON with texts": (json_of(vector=["1"] * 768), "no list of numbers"),
    "JSON without a vector": (b"{}", "no list of numbers"),
    "JSON of another vector": (json_of(vector=[0.5] * 768), "damaged or changed"),
    "JSON with a numbered space": (json_of(space=1), "“space” is not a text"),
    "JSON of 65 kB": (b"{" + b" " * 65_536 + b"}", "up to 65,536 are read"),
    "JSON nested without end": (b'{"a":' + b"[" * 60_000, "not JSON"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_another_file_is_refused_for_what_it_is(name: str) -> None:
    data, reason = PLAIN[name]
    error = refusal(data)
    assert error.code == "unsafe-file"
    assert reason in error.detail


def test_a_sentence_repeats_a_strangers_text_only_in_short_and_plain() -> None:
    name = "\ud800\u202e<script>" + "x" * 9000
    error = refusal(safetensors_of({name: tensor(0, 3072, dtype="\x1b[31m")}))
    assert error.detail.encode()
    assert len(error.detail) < 300
    assert "\u202e" not in error.detail
    assert "\x1b" not in error.detail


def is_read_or_refused(data: bytes) -> None:
    """Read the file; whatever is not a refusal or a vector fails the test."""
    try:
        vector = formats.read(data)
    except formats.FileRefused as error:
        answer: str = error.code
    else:
        assert vector.shape == (768,)
        assert np.isfinite(vector).all()
        answer = "read"
    assert answer in {"read", "unsafe-file", "foreign-space"}


@settings(max_examples=600)
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=9)), max_size=4),
    st.floats(0, 1),
)
def test_a_damaged_file_is_read_or_refused(
    good: bytes, changes: list[tuple[float, int, bytes]], kept: float
) -> None:
    data = good
    for where, removed, inserted in changes:
        place = int(where * len(data))
        data = data[:place] + inserted + data[place + removed :]
    is_read_or_refused(data)
    is_read_or_refused(data[: int(kept * len(data))])


@settings(max_examples=400)
@given(st.sampled_from(GOOD), st.integers(0, 399), st.integers(0, 255))
def test_a_file_with_one_wrong_byte_of_its_frame_is_read_or_refused(
    good: bytes, place: int, value: int
) -> None:
    # The first and the last 200 bytes hold most of what is not a number of the vector.
    at = place if place < 200 else len(good) - 1 - (place - 200)
    is_read_or_refused(good[:at] + bytes([value]) + good[at + 1 :])


@settings(max_examples=300)
@given(
    st.sampled_from(
        [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00v\x00", b"{", b"\x20" + bytes(7) + b"{"]
    ),
    st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused(beginning: bytes, rest: bytes) -> None:
    is_read_or_refused(beginning + rest)


@settings(max_examples=300)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "__metadata__",
                        "aesthetic",
                        "dtype",
                        "shape",
                        "data_offsets",
                        "vector",
                        "space",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=15,
    )
)
def test_any_header_is_read_or_refused(header: object) -> None:
    is_read_or_refused(safetensors_of(header))
    is_read_or_refused(json.dumps(header).encode())
