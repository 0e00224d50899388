"""How the parts of an archive may lie: each rule broken by an archive that breaks no other."""

import io
from dataclasses import replace

import pytest

from tests.registry.archive_factory import (
    MAX_32,
    Layout,
    archive,
    changed,
    contents,
    local_header,
    member,
    refusal,
    streamed,
    wide_end,
    wide_extra,
)

CAT, DOG = member("cat.jpg", b"cat" * 50), member("dog.png", b"dog" * 50)


# Rules for the layout.


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"\xff\xd8\xff" + bytes(100), b"PK\x03\x04" + bytes(90)]
)
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    assert refusal(io.BytesIO(data)).code == "not-a-zip"


def test_an_archive_that_was_cut_off_is_refused() -> None:
    data = archive(CAT, DOG).getvalue()
    codes = {refusal(io.BytesIO(data[:length])).code for length in range(len(data))}
    assert codes == {"not-a-zip"}


def test_data_after_the_end_is_refused() -> None:
    file = archive(CAT, layout=Layout(after_end=b"more"))
    assert refusal(file).code == "trailing-data"


def test_a_comment_is_refused_since_it_is_data_after_the_end() -> None:
    file = archive(CAT, layout=Layout(end={"comment": 4}, after_end=b"more"))
    assert refusal(file).code == "trailing-data"


def test_an_announced_comment_that_is_missing_is_refused() -> None:
    assert refusal(archive(CAT, layout=Layout(end={"comment": 4}))).code == "malformed"


def test_a_second_archive_in_the_comment_is_refused() -> None:
    inner = archive(DOG).getvalue()
    outer = archive(CAT, layout=Layout(end={"comment": len(inner)}, after_end=inner))
    assert refusal(outer).code == "prepended-data"


def test_data_before_the_first_member_is_refused_whether_offsets_count_it_or_not() -> None:
    assert refusal(archive(CAT, layout=Layout(before=b"MZ program"))).code == "prepended-data"
    assert refusal(io.BytesIO(b"MZ program" + archive(CAT).getvalue())).code == "prepended-data"


@pytest.mark.parametrize(
    "file",
    [
        archive(CAT, replace(DOG, gap=b"hidden")),
        archive(CAT, layout=Layout(before_directory=b"hidden")),
        archive(CAT, layout=Layout(after_directory=b"hidden")),
        archive(CAT, changed(member("folder/", b"hidden"))),
    ],
    ids=["between members", "before the directory", "after the directory", "in a folder"],
)
def test_data_that_belongs_to_nothing_is_refused(file: io.BytesIO) -> None:
    assert refusal(file).code == "hidden-data"


def test_a_member_inside_of_another_is_refused() -> None:
    inner = replace(DOG, is_written=False, offset=30 + len("cat.jpg"))
    outer = member("cat.jpg", local_header(DOG.local) + DOG.data, method=0)
    assert refusal(archive(outer, inner)).code == "overlap"


def test_a_member_that_is_listed_twice_is_refused() -> None:
    assert refusal(archive(CAT, replace(CAT, is_written=False, offset=0))).code == "overlap"


def test_a_member_that_reaches_into_the_directory_is_refused() -> None:
    long = changed(DOG, compressed=DOG.central.compressed + 10)
    assert refusal(archive(CAT, long)).code == "overlap"
    long = streamed("dog.png", b"dog" * 50)
    long = replace(long, central=replace(long.central, compressed=1000))
    assert refusal(archive(CAT, long)).code == "overlap"


@pytest.mark.parametrize(
    "difference",
    [
        {"name": b"dog.jpg"},
        {"name": b"cats.jpg"},
        {"method": 0},
        {"flags": 0},
        {"crc": 1},
        {"size": 1},
        {"compressed": 1},
        {"crc": 0, "size": 0, "compressed": 0},
    ],
)
def test_a_member_that_its_two_headers_describe_differently_is_refused(
    difference: dict[str, int | bytes],
) -> None:
    lying = replace(CAT, local=replace(CAT.local, **difference))  # type: ignore[arg-type]
    assert refusal(archive(lying, DOG)).code == "header-mismatch"


@pytest.mark.parametrize("descriptor", [b"", b"short", bytes(12), bytes(16), bytes(24), bytes(25)])
def test_a_descriptor_that_says_something_else_is_refused(descriptor: bytes) -> None:
    lying = replace(streamed("cat.jpg"), descriptor=descriptor)
    assert refusal(archive(lying, DOG)).code == "header-mismatch"


def test_a_descriptor_that_is_not_announced_is_refused() -> None:
    extra = replace(CAT, descriptor=streamed("cat.jpg", b"cat" * 50).descriptor)
    assert refusal(archive(extra, DOG)).code == "hidden-data"


def test_an_offset_that_leads_to_no_header_is_refused() -> None:
    assert refusal(archive(replace(CAT, gap=bytes(30), offset=0))).code == "malformed"


@pytest.mark.parametrize("end", [{"disk": 1}, {"first_disk": 1}, {"here": 1}, {"here": 3}], ids=str)
def test_a_part_of_an_archive_in_several_parts_is_refused(end: dict[str, int]) -> None:
    assert refusal(archive(CAT, DOG, layout=Layout(end=end))).code == "multi-disk"
    assert refusal(archive(CAT, replace(DOG, disk=1))).code == "multi-disk"


@pytest.mark.parametrize("count", [1, 3])
def test_a_directory_with_another_number_of_entries_than_it_says_is_refused(count: int) -> None:
    layout = Layout(end={"count": count, "here": count})
    assert refusal(archive(CAT, DOG, layout=layout)).code == "malformed"


def test_a_directory_that_is_too_long_is_refused() -> None:
    assert refusal(archive(CAT, layout=Layout(end={"size": 17 * 2**20}))).code == "malformed"
    assert refusal(archive(CAT, layout=Layout(end={"size": 200}))).code == "malformed"


def test_an_extra_field_that_is_cut_off_is_refused() -> None:
    cut = replace(CAT, central=replace(CAT.central, extra=b"UT\x09\x00five."))
    assert refusal(archive(cut)).code == "malformed"


# Wide archives (zip64).


def test_numbers_may_be_wide_where_both_headers_agree() -> None:
    wide = replace(
        CAT,
        local=replace(
            CAT.local, size=MAX_32, compressed=MAX_32, extra=wide_extra(150, len(CAT.data))
        ),
        central=replace(CAT.central, size=MAX_32, extra=wide_extra(150)),
    )
    assert contents(archive(wide)) == {"cat.jpg": b"cat" * 50}


def test_a_wide_end_record_may_say_what_the_narrow_one_says() -> None:
    plain = archive(CAT).getvalue()
    offset, size = plain.index(b"PK\x01\x02"), 46 + len("cat.jpg")
    wide = wide_end(1, size, offset, offset + size)
    for end in ({}, {"offset": MAX_32}, {"count": 0xFFFF, "here": 0xFFFF, "size": MAX_32}):
        file = archive(CAT, layout=Layout(wide_end=wide, end=end))
        assert contents(file) == {"cat.jpg": b"cat" * 50}


@pytest.mark.parametrize("wrong", range(4))
def test_a_wide_end_record_that_says_something_else_is_refused(wrong: int) -> None:
    plain = archive(CAT).getvalue()
    offset, size = plain.index(b"PK\x01\x02"), 46 + len("cat.jpg")
    said = [1, size, offset, offset + size]
    said[wrong] += 1
    assert refusal(archive(CAT, layout=Layout(wide_end=wide_end(*said)))).code == "zip64"


@pytest.mark.parametrize(
    "central",
    [
        {"size": MAX_32},
        {"size": MAX_32, "extra": wide_extra()},
        {"size": MAX_32, "extra": wide_extra(150, 150)},
        {"size": MAX_32, "extra": wide_extra(150) * 2},
        {"extra": wide_extra(150)},
    ],
    ids=["no field", "empty field", "long field", "two fields", "needless field"],
)
def test_a_wide_field_that_does_not_fit_is_refused(central: dict[str, int | bytes]) -> None:
    odd = replace(CAT, central=replace(CAT.central, **central))  # type: ignore[arg-type]
    assert refusal(archive(odd)).code == "zip64"
