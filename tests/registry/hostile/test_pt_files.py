"""Torch files that were made to harm or to mislead: each is refused with its reason."""

import io
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import formats
from tests.registry.hostile.pt_corpus import (
    GADGETS,
    INSTRUCTIONS,
    MEMOISED,
    PLACES,
    ZIPS,
)
from tests.registry.made_files import NUMBERS, PICKLE, pt, refusal, saved


@pytest.mark.parametrize("name", GADGETS)
def test_a_pickle_that_does_anything_else_is_not_opened(name: str) -> None:
    error = refusal(pt(GADGETS[name]))
    assert error.code == "unsafe-file"
    assert "does more than make one bare tensor" in error.detail


@pytest.mark.parametrize("instruction", INSTRUCTIONS)
@pytest.mark.parametrize("kind", PLACES)
def test_no_instruction_passes_at_any_place_of_a_pickle(kind: str, instruction: str) -> None:
    program = {"lean": PICKLE, "memoised": MEMOISED}[kind]
    assert len(PLACES[kind]) > 20
    for place in PLACES[kind]:
        error = refusal(pt(program[:place] + INSTRUCTIONS[instruction] + program[place:]))
        assert error.code == "unsafe-file", place


def test_a_file_of_pytorch_before_1_6_is_told_how_to_become_one_that_is_read() -> None:
    buffer = io.BytesIO()
    torch.save(torch.zeros(1, 768), buffer, _use_new_zipfile_serialization=False)
    error = refusal(buffer.getvalue())
    assert error.code == "unsafe-file"
    assert "saved by PyTorch before 1.6" in error.detail


@pytest.mark.parametrize(
    "thing",
    [
        {"string_to_param": {"*": torch.zeros(1, 768)}},
        torch.nn.Parameter(torch.zeros(1, 768)),
        torch.zeros(1, 768, dtype=torch.float64),
        torch.zeros(1, 1, 768),
        [torch.zeros(768)],
    ],
)
def test_a_pt_file_of_something_else_than_a_bare_tensor_is_unsafe(thing: object) -> None:
    assert refusal(saved(thing)).code == "unsafe-file"


@pytest.mark.parametrize("name", ZIPS)
def test_a_pt_file_with_a_trick_or_a_fault_is_refused(name: str) -> None:
    data, reason = ZIPS[name]
    error = refusal(data)
    assert error.code == "unsafe-file"
    assert reason in error.detail


def overwritten(data: bytes, place: int, value: bytes) -> bytes:
    return data[:place] + value + data[place + len(value) :]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(8, b"\x08", id="local method"),
        pytest.param(6, b"\x01", id="local flag of encryption"),
        pytest.param(14, b"\x00\x00", id="local checksum"),
        pytest.param(22, b"\x01", id="local size"),
        pytest.param(35, b"x", id="local name"),
    ],
)
def test_a_local_header_that_differs_from_the_directory_is_refused(
    place: int, value: bytes
) -> None:
    assert "described differently" in refusal(overwritten(pt(), place, value)).detail


def test_members_that_overlap_are_refused() -> None:
    data = pt()
    row = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)  # the second member's
    assert "does not follow" in refusal(overwritten(data, row + 42, bytes(4))).detail


def test_an_end_record_that_counts_wrongly_is_refused() -> None:
    data = pt()
    assert "belong to no member" in refusal(overwritten(data, len(data) - 14, b"\2\0\2\0")).detail


def test_a_hidden_member_between_two_others_is_refused() -> None:
    hidden = b"PK\x03\x04" + bytes(26)
    data = pt()
    start = data.index(b"PK\x01\x02")
    end = overwritten(data[start:], len(data) - start - 6, struct.pack("<L", start + len(hidden)))
    assert "belong to no member" in refusal(data[:start] + hidden + end).detail


@settings(max_examples=2_000)
@given(
    st.sampled_from([PICKLE, MEMOISED]),
    st.integers(0, 160),
    st.integers(0, 3),
    st.binary(max_size=3),
)
def test_a_changed_pickle_is_refused_or_means_the_same(
    program: bytes, place: int, removed: int, inserted: bytes
) -> None:
    data = pt(program[:place] + inserted + program[place + removed :])
    try:
        vector = formats.read(data)
    except formats.FileRefused:
        return
    assert vector.tobytes() == NUMBERS
