"""Archives: each rule broken by an archive that breaks no other."""

import io
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.archives import ArchiveRefused, Limits, inspect, read
from tests.registry.archive_factory import (
    MAX_32,
    archive,
    changed,
    contents,
    deflated,
    member,
    refusal,
    streamed,
    wide_extra,
)

CAT, DOG = member("cat.jpg", b"cat" * 50), member("dog.png", b"dog" * 50)


# Rules for the contents.


def test_more_pictures_than_2_000_are_refused() -> None:
    many = [member(f"{number}.jpg") for number in range(2_001)]
    assert len(inspect(archive(*many[:2_000]), Limits()).entries) == 2_000
    refused = refusal(archive(*many))
    assert refused.code == "too-many-entries"
    assert refused.detail == "The archive holds 2,001 files, and 2,000 are the most; split it."


def test_more_litter_than_two_for_each_picture_is_refused() -> None:
    litter = [member(f"._{number}", b"") for number in range(6)]
    assert refusal(archive(CAT, *litter), Limits(entries=2)).code == "too-many-entries"


def test_an_archive_without_files_is_refused() -> None:
    assert refusal(archive()).code == "empty"
    assert refusal(archive(member("trip/", b""))).code == "empty"


@pytest.mark.parametrize("bit", [0, 6, 13])
def test_encrypted_members_are_refused(bit: int) -> None:
    assert refusal(archive(CAT, changed(DOG, flags=1 << bit))).code == "encrypted"


@pytest.mark.parametrize("method", [1, 6, 9, 12, 14, 93, 95, 98])
def test_other_methods_than_stored_and_deflated_are_refused(method: int) -> None:
    assert refusal(archive(CAT, changed(DOG, method=method))).code == "unsupported-compression"


def test_patches_are_refused() -> None:
    assert refusal(archive(changed(CAT, flags=1 << 5))).code == "unsupported-compression"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../cat.jpg",
        "trip/../../cat.jpg",
        "./cat.jpg",
        "trip//cat.jpg",
        "/cat.jpg",
        "//server/cat.jpg",
        "C:cat.jpg",
        "c:/cat.jpg",
        "trip\\cat.jpg",
        "..\\cat.jpg",
        "cat\0.jpg",
        "cat\n.jpg",
        "cat.jpg" * 100,
        "../",
        "__MACOSX/../cat.jpg",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    assert refusal(archive(DOG, member(name, b""))).code == "unsafe-name"


def test_a_name_that_is_not_the_utf_8_that_it_claims_to_be_is_refused() -> None:
    assert refusal(archive(changed(CAT, name=b"\xff.jpg"))).code == "unsafe-name"


def test_the_same_name_twice_is_refused() -> None:
    refused = refusal(archive(CAT, DOG, member("cat.jpg", b"another")))
    assert refused.code == "duplicate-name"
    assert refused.detail == "cat.jpg in the archive is there 2 times; rename the others."


def test_three_folders_are_the_most() -> None:
    assert list(contents(archive(member("a/b/c/cat.jpg")))) == ["a/b/c/cat.jpg"]
    assert refusal(archive(member("a/b/c/d/cat.jpg"))).code == "too-deep"


@pytest.mark.parametrize(
    ("kind", "code"), [(0o12, "symlink"), (0o6, "special-file"), (0o1, "special-file")]
)
def test_links_and_devices_are_refused(kind: int, code: str) -> None:
    assert refusal(archive(replace(CAT, unix_mode=kind << 12 | 0o777))).code == code


@pytest.mark.parametrize("name", ["inner.zip", "inner.ZIP", "comic.cbz", "backup.tar.gz", "x.7z"])
def test_archives_in_archives_are_refused(name: str) -> None:
    assert refusal(archive(CAT, member(name))).code == "nested-archive"


def test_a_ratio_of_more_than_100_is_refused_before_anything_is_decompressed() -> None:
    bomb = member("cat.jpg", bytes(100_000))
    with pytest.raises(ArchiveRefused, match="100 times larger") as caught:
        inspect(archive(bomb), Limits())
    assert caught.value.code == "ratio"


def test_the_ratio_is_measured_while_decompressing() -> None:
    file = archive(member("cat.jpg", bytes(1_000)))
    (entry,) = inspect(file, Limits()).entries
    with pytest.raises(ArchiveRefused) as caught:
        read(file, entry, Limits(ratio=2))
    assert caught.value.code == "ratio"


def test_a_member_that_grows_beyond_its_size_is_given_up_at_once() -> None:
    content = bytes(50_000_000)
    lying = changed(member("cat.jpg", content), size=4_000_000)
    file = archive(lying)
    (entry,) = inspect(file, Limits()).entries
    tracemalloc.start()
    with pytest.raises(ArchiveRefused) as caught:
        read(file, entry, Limits())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code in {"ratio", "corrupt"}
    assert peak < 10_000_000


@pytest.mark.parametrize(
    "lie",
    [
        {"crc": 1},
        {"size": 149},
        {"size": 151},
        {"method": 0},
    ],
    ids=str,
)
def test_members_that_are_not_what_their_headers_say_are_refused(lie: dict[str, int]) -> None:
    assert refusal(archive(changed(CAT, **lie))).code == "corrupt"


@pytest.mark.parametrize(
    "data",
    [
        deflated(b"cat" * 50)[:-1],
        deflated(b"cat" * 50) + b"x",
        deflated(b"cat" * 50) + bytes(200_000),
        b"\xff" * 20,
    ],
    ids=["cut off", "with a byte more", "with chunks more", "nonsense"],
)
def test_data_that_is_not_exactly_one_deflated_stream_is_refused(data: bytes) -> None:
    odd = replace(changed(CAT, compressed=len(data)), data=data)
    assert refusal(archive(odd)).code == "corrupt"


def test_more_bytes_than_2_gb_in_all_are_refused() -> None:
    limits = Limits(total_bytes=1_000)
    assert refusal(archive(member("a.jpg", bytes(900)), DOG), limits).code == "too-large"
    assert refusal(archive(member("a.jpg", bytes(1_001), method=0)), limits).code == "too-large"


def test_a_member_of_more_than_30_mb_is_refused_alone() -> None:
    file = archive(member("a.jpg", b"large" * 30), CAT)
    limits = Limits(member_bytes=149)
    large, _ = inspect(file, limits).entries
    with pytest.raises(ArchiveRefused) as caught:
        read(file, large, limits)
    assert caught.value.code == "member-too-large"


def test_control_characters_of_a_name_are_not_repeated_in_the_sentence() -> None:
    refused = refusal(archive(member("cat\n\u202egpj.exe")))
    assert refused.detail.isprintable()


# Everything else.

WHOLE = archive(
    CAT,
    streamed("trip/Kätzchen.jpg", b"cat" * 500),
    member("trip/", b"", method=0),
    member("__MACOSX/._cat.jpg", b""),
    replace(DOG, central=replace(DOG.central, size=MAX_32, extra=wide_extra(150))),
).getvalue()


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_a_damaged_archive_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    damaged = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(["change", "remove", "insert", "copy"])):
            case "change":
                damaged[place] = data.draw(st.integers(0, 255))
            case "remove":
                del damaged[place : place + data.draw(st.integers(1, 40))]
            case "insert":
                damaged[place:place] = data.draw(st.binary(min_size=1, max_size=40))
            case _:
                other = data.draw(st.integers(0, len(damaged) - 1))
                damaged[place : place + 4] = damaged[other : other + 4]
    try:
        read_members = contents(io.BytesIO(bytes(damaged)))
    except ArchiveRefused as error:
        assert error.detail.endswith(".")  # noqa: PT017  (both ways out are fine)
    else:
        whole = set(contents(io.BytesIO(WHOLE)).values())
        assert set(read_members.values()) <= whole  # The checksums see to it.
