"""Files that were made to harm, to mislead or by mistake: each is refused with its reason."""

import io
import json

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import formats
from registry.models import Space
from tests.registry.hostile.plain_corpus import FILES, PLAIN, SAFETENSORS
from tests.registry.made_files import (
    MEMBERS,
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


@pytest.mark.parametrize("name", SAFETENSORS)
def test_a_safetensors_file_with_a_trick_or_a_fault_is_refused(name: str) -> None:
    data, reason = SAFETENSORS[name]
    error = refusal(data)
    assert error.code == "unsafe-file"
    assert reason in error.detail


@pytest.mark.parametrize("name", PLAIN)
def test_another_file_is_refused_for_what_it_is(name: str) -> None:
    data, reason = PLAIN[name]
    error = refusal(data)
    assert error.code == "unsafe-file"
    assert reason in error.detail


@pytest.mark.parametrize("space", ["a\0b", "", "CLIP ViT-L/14", "x" * 65, "räume", "a\n"])
def test_a_space_that_no_space_can_be_called_is_foreign(space: str) -> None:
    for data in [
        json_of(space=space),
        safetensors_of({"__metadata__": {"space": space}, "x": tensor(0, 3072)}),
    ]:
        error = refusal(data)
        assert error.code == "foreign-space"
        assert "which is no name of a space" in error.detail
        assert "\0" not in error.detail


@pytest.mark.parametrize("space", ["a", "-", "clip-vit-l-14-openai", "Demo_5", "x" * 64])
def test_whatever_a_space_can_be_called_is_read(space: str) -> None:
    Space._meta.get_field("name").clean(space, None)
    assert formats.read_content(json_of(space=space)).space == space


@pytest.mark.parametrize("name", ["aa_guard", "aesthetic", "__x"])
def test_a_lone_tensor_is_the_one_whatever_its_name(name: str) -> None:
    assert (formats.read(safetensors_of({name: tensor(0, 3072)})) == a_vector()).all()


@pytest.mark.parametrize("start", ["", "\ud800"])
def test_a_sentence_repeats_a_strangers_text_only_in_short_and_plain(start: str) -> None:
    name = f"{start}\u202e<script>" + "x" * 9000
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


@settings(max_examples=3_000)
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


@settings(max_examples=2_500)
@given(st.sampled_from(GOOD), st.integers(0, 399), st.integers(0, 255))
def test_a_file_with_one_wrong_byte_of_its_frame_is_read_or_refused(
    good: bytes, place: int, value: int
) -> None:
    # The first and the last 200 bytes hold most of what is not a number of the vector.
    at = place if place < 200 else len(good) - 1 - (place - 200)
    is_read_or_refused(good[:at] + bytes([value]) + good[at + 1 :])


@settings(max_examples=1_500)
@given(
    st.sampled_from(
        [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00v\x00", b"{", b"\x20" + bytes(7) + b"{"]
    ),
    st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused(beginning: bytes, rest: bytes) -> None:
    is_read_or_refused(beginning + rest)


@settings(max_examples=1_000)
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
