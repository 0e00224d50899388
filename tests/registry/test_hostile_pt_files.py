"""Torch files that were made to harm or to mislead: each is refused with its reason."""

import io
import struct
import zipfile

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import formats
from tests.registry.made_files import (
    MEMBERS,
    NUMBERS,
    PICKLE,
    SYSTEM_CALL,
    pt,
    refusal,
    saved,
    zipped,
)

with zipfile.ZipFile(io.BytesIO(saved(torch.zeros(1, 768)))) as archive:
    MEMOISED = archive.read("archive/data.pkl")  # the pickle as PyTorch writes it

GADGETS = {
    "os.system": SYSTEM_CALL,
    "a call before the tensor": SYSTEM_CALL[:-1] + b"0" + PICKLE[2:],
    "another global in the middle": PICKLE.replace(b"collections\nOrderedDict", b"builtins\nexec"),
    "another storage": PICKLE.replace(b"torch\nFloatStorage", b"posix\nsystem"),
    "a build step": PICKLE[:-1] + b"}b.",
    "a second pickle behind it": PICKLE + SYSTEM_CALL,
    "a memo read": PICKLE[:-1] + b"h\x00.",
    "an extension code": b"\x80\x02\x82\x01.",
    "protocol 4": b"\x80\x04" + PICKLE[2:],
    "a device longer than it says": PICKLE.replace(b"cpu", b"cpux"),
    "a device that is a program": PICKLE.replace(b"cpu", b"cp\n"),
    "no pickle": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", GADGETS)
def test_a_pickle_that_does_anything_else_is_not_opened(name: str) -> None:
    error = refusal(pt(GADGETS[name]))
    assert error.code == "unsafe-file"
    assert "does more than make one bare tensor" in error.detail


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


STRIDES = b"M\x00\x03K\x01\x86\x89"

TWICE = zipped([*MEMBERS, ("a/data.PKL", SYSTEM_CALL)]).replace(b".PKL", b".pkl")

ZIPS: dict[str, tuple[bytes, str]] = {
    "prepended data": (b"PK" + pt(), "does not"),
    "trailing data": (pt() + b"\0", "does not end with its end record"),
    "a comment": (pt()[:-2] + b"\x05\x00hello", "does not end with its end record"),
    "a cut end": (pt()[:-1], "end record"),
    "only a beginning": (b"PK\x03\x04", "cut off"),
    "compression": (zipped(MEMBERS, zipfile.ZIP_DEFLATED), "compressed or encrypted"),
    "a second data.pkl": (TWICE, "names the member 'a/data.pkl' twice"),
    "a member more": (zipped([*MEMBERS, ("a/code.py", b"")]), "not those of one tensor"),
    "a member less": (zipped(MEMBERS[:2]), "not those of one tensor"),
    "two folders": (zipped([*MEMBERS[:2], ("b/version", b"3\n")]), "not those of one tensor"),
    "a climbing name": (zipped([*MEMBERS, ("a/../../x", b"")]), "not those of one tensor"),
    "too many members": (zipped([*MEMBERS, *((f"a/{n}", b"") for n in range(9))]), "12 members"),
    "big-endian numbers": (pt(byteorder=b"big"), "another kind of machine"),
    "an unknown format version": (pt(version=b"99\n"), "format version"),
    "too few numbers": (pt(numbers=NUMBERS[:-4]), "3068 bytes instead of 3072"),
    "too many numbers": (pt(numbers=NUMBERS + NUMBERS), "6144 bytes instead of 3072"),
    "a part of a larger tensor": (saved(torch.zeros(3, 768)[1]), "part of a larger one"),
    "an offset": (pt(PICKLE.replace(b"tQK\x00", b"tQK\x01")), "part of a larger one"),
    "other strides": (pt(PICKLE.replace(STRIDES, b"K\x01K\x02\x86\x89")), "strides"),
    "strides of one axis": (pt(PICKLE.replace(STRIDES, b"K\x01\x85\x89")), "strides"),
    "more than 64 kB": (pt(numbers=bytes(70_000)), "has fewer than 65,536"),
    "a damaged number": (pt().replace(NUMBERS[:8], bytes(8)), "checksum is wrong"),
}  # fmt: skip


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


@settings(max_examples=600)
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
