"""Zips of pictures, from the form to the set."""

import zipfile
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile

from registry import uploads
from registry.models import Aesthetic
from registry.pictures import MOST_BYTES
from tests import factories

picture = factories.picture


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def add(to: Aesthetic, members: dict[str, bytes]) -> uploads.Report:
    return uploads.add_files(to, [factories.upload("set.zip", zipped(members))])


def test_every_picture_of_a_zip_becomes_a_member(draft: Aesthetic) -> None:
    report = add(draft, {"a.png": picture(1), "deep/er/b.png": picture(2)})
    assert [accepted.name for accepted in report.accepted] == ["a.png", "deep/er/b.png"]
    assert draft.members.count() == 2


def test_a_zip_that_was_streamed_to_disk_is_read_too(draft: Aesthetic) -> None:
    file = TemporaryUploadedFile("set.zip", "application/zip", 0, None)
    file.write(zipped({"a.png": picture(1)}))
    report = uploads.add_files(draft, [file])
    assert [accepted.name for accepted in report.accepted] == ["a.png"]


def test_litter_is_skipped_and_counted(draft: Aesthetic) -> None:
    report = add(
        draft,
        {
            "a.png": picture(1),
            ".DS_Store": b"x",
            "__MACOSX/._a.png": b"x",
            "Thumbs.db": b"x",
        },
    )
    assert len(report.accepted) == 1
    assert report.refused == []
    assert sorted(report.skipped) == [".DS_Store", "Thumbs.db", "__MACOSX/._a.png"]


def test_members_are_refused_one_by_one(draft: Aesthetic) -> None:
    report = add(draft, {"a.png": picture(1), "read me.txt": b"x", "b.jpg": picture(2)})
    assert [accepted.name for accepted in report.accepted] == ["a.png"]
    assert [(refused.name, refused.code) for refused in report.refused] == [
        ("read me.txt", "unknown-extension"),
        ("b.jpg", "wrong-extension"),
    ]


def test_a_file_that_only_says_it_is_a_zip_is_refused_by_its_name(draft: Aesthetic) -> None:
    report = uploads.add_files(
        draft, [factories.upload("set.ZIP", b"not a zip"), factories.upload("one.png")]
    )
    (refused,) = report.refused
    assert refused.name == "set.ZIP"
    assert refused.detail.endswith(".")
    assert len(report.accepted) == 1


def test_an_archive_with_a_dangerous_name_is_refused_as_a_whole(draft: Aesthetic) -> None:
    report = add(draft, {"a.png": picture(1), "../b.png": picture(2)})
    assert report.accepted == []
    (refused,) = report.refused
    assert (refused.name, refused.code) == ("set.zip", "unsafe-name")
    assert "../b.png" in refused.detail


def test_a_member_of_more_than_30_mb_is_refused_by_its_own_name(draft: Aesthetic) -> None:
    noise = picture(1) * (MOST_BYTES // len(picture(1)) + 1)
    file = zipped({"huge.png": noise, "a.png": picture(2)}, zipfile.ZIP_STORED)
    report = uploads.add_files(draft, [SimpleUploadedFile("set.zip", file)])
    assert [(refused.name, refused.code) for refused in report.refused] == [
        ("huge.png", "too-many-bytes")
    ]
    assert [accepted.name for accepted in report.accepted] == ["a.png"]


def test_a_broken_member_leaves_what_came_before_it(draft: Aesthetic) -> None:
    data = bytearray(zipped({"a.png": picture(1), "b.png": picture(2)}, zipfile.ZIP_STORED))
    data[data.index(b"b.png") + 600] ^= 0xFF
    report = uploads.add_files(draft, [factories.upload("set.zip", bytes(data))])
    assert [accepted.name for accepted in report.accepted] == ["a.png"]
    (refused,) = report.refused
    assert (refused.name, refused.code) == ("set.zip", "corrupt")
    assert "b.png" in refused.detail
