"""From uploaded files to members of a set: each file judged alone."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from accounts.models import User
from accounts.quotas import QuotaExceeded
from registry import blobs, digests, publishing, uploads
from registry.models import Aesthetic, Image, Side
from registry.pictures import MOST_BYTES
from tests import factories
from tests.registry.picture_factory import encoded, exif_with_gps, photo, raw_png

upload, picture = factories.upload, factories.picture


def add(to: Aesthetic, *files: SimpleUploadedFile, side: Side = Side.TOWARDS) -> uploads.Report:
    return uploads.add_files(to, files, side=side)


def test_a_picture_becomes_a_member_named_by_its_digest(draft: Aesthetic) -> None:
    report = add(draft, upload("one.png"))
    (accepted,) = report.accepted
    (member,) = draft.members.select_related("image")
    assert accepted == uploads.Accepted(
        "one.png", member.image.digest, "towards", was_there=False, had_location=False
    )
    assert member.filename == "one.png"
    stored = blobs.read_blob(member.image.digest)
    assert digests.digest_bytes(stored) == member.image.digest
    assert (member.image.size, member.image.media_type) == (len(stored), "image/png")
    assert (member.image.width, member.image.height) == (48, 48)


def test_many_pictures_come_at_once(draft: Aesthetic) -> None:
    report = add(draft, *(upload(f"{seed}.png", picture(seed)) for seed in range(4)))
    assert [accepted.name for accepted in report.accepted] == ["0.png", "1.png", "2.png", "3.png"]
    assert draft.members.count() == 4


def test_a_thumbnail_is_stored_beside_the_picture(draft: Aesthetic) -> None:
    (accepted,) = add(draft, upload()).accepted
    thumbnail = blobs.read_file(blobs.thumbnail_path(accepted.image))
    assert thumbnail.startswith(b"RIFF")
    assert thumbnail[8:12] == b"WEBP"


def test_refusals_name_the_file_and_the_rule_and_the_others_stay(draft: Aesthetic) -> None:
    report = add(
        draft,
        upload("first.png", picture(1)),
        upload("empty.png", b""),
        upload("letter.txt", b"Dear hub"),
        upload("photo.jpg", picture(2)),
        upload("cut.png", picture(3)[:500]),
        upload("indices.png", raw_png(3, 8, [bytes(64)] * 64)),
        upload("second.png", picture(4)),
    )
    assert [accepted.name for accepted in report.accepted] == ["first.png", "second.png"]
    assert [(refused.name, refused.code) for refused in report.refused] == [
        ("empty.png", "not-a-picture"),
        ("letter.txt", "unknown-extension"),
        ("photo.jpg", "wrong-extension"),
        ("cut.png", "truncated"),
        ("indices.png", "malformed"),
    ]
    assert report.refused[2].detail == "photo.jpg is a PNG file; rename it or convert it."
    assert all(refused.detail.startswith(refused.name) for refused in report.refused)
    assert draft.members.count() == 2


def test_the_same_picture_again_is_a_result_not_an_error(draft: Aesthetic) -> None:
    (first,) = add(draft, upload("one.png")).accepted
    (again,) = add(draft, upload("renamed.png")).accepted
    assert (first.was_there, again.was_there) == (False, True)
    assert first.image == again.image
    assert draft.members.get().filename == "one.png"


def test_the_same_picture_may_be_on_both_sides(draft: Aesthetic) -> None:
    add(draft, upload())
    (away,) = add(draft, upload(), side=Side.AWAY).accepted
    assert (away.side, away.was_there) == ("away", False)
    assert draft.members.count() == 2


def test_a_picture_in_the_set_of_somebody_else_counts_as_new(draft: Aesthetic, bob: User) -> None:
    """Whether others hold a picture is never answered."""
    add(draft, upload())
    (accepted,) = add(factories.aesthetic(bob), upload()).accepted
    assert not accepted.was_there
    assert Image.objects.count() == 1


def test_what_somebody_else_holds_is_stored_with_the_same_work(
    draft: Aesthetic, bob: User, media_folder: Path
) -> None:
    """To find the bytes and skip the writing would be quicker, and tell that they are there."""
    add(draft, upload())
    stored = [path for path in media_folder.rglob("*") if path.is_file()]
    before = {path: path.stat().st_ino for path in stored}
    add(factories.aesthetic(bob), upload())
    assert len(stored) == 2  # the picture and its thumbnail
    assert all(path.stat().st_ino != before[path] for path in stored)


def test_a_gps_location_is_reported_and_stripped(draft: Aesthetic) -> None:
    located = encoded(photo(), "JPEG", exif=exif_with_gps())
    report = add(draft, upload("holiday.jpg", located), upload("plain.png"))
    assert [accepted.had_location for accepted in report.accepted] == [True, False]
    stored = blobs.read_blob(report.accepted[0].image)
    assert b"Camera of a person" in located
    assert b"Camera of a person" not in stored
    assert b"GPS" not in stored


def test_a_picture_differing_in_metadata_only_is_the_same_picture(draft: Aesthetic) -> None:
    add(draft, upload("a.jpg", encoded(photo(), "JPEG", exif=exif_with_gps())))
    (again,) = add(draft, upload("b.jpg", encoded(photo(), "JPEG"))).accepted
    assert again.was_there


def test_a_file_of_more_than_30_mb_is_refused_before_it_is_looked_at(draft: Aesthetic) -> None:
    report = add(draft, upload("huge.png", b"\0" * (MOST_BYTES + 1)), upload("one.png"))
    (refused,) = report.refused
    assert (refused.name, refused.code) == ("huge.png", "too-many-bytes")
    assert refused.detail == "huge.png is larger than 30 MB; save it smaller."
    assert len(report.accepted) == 1


def test_reading_an_upload_stops_at_the_limit() -> None:
    file = upload("a.png", b"0123456789")
    assert blobs.read_upload(file, at_most=10) == b"0123456789"
    assert blobs.read_upload(file, at_most=9) is None


def test_where_pictures_are_from_is_kept(draft: Aesthetic) -> None:
    said = uploads.Provenance("https://example.org/1", "CC0-1.0", "A. Painter")
    uploads.add_files(draft, [upload()], provenance=said)
    member = draft.members.get()
    assert (member.source, member.licence, member.credit) == (
        "https://example.org/1",
        "CC0-1.0",
        "A. Painter",
    )


def test_a_long_file_name_is_cut_at_its_beginning(draft: Aesthetic) -> None:
    add(draft, upload("a" * 300 + ".png"))
    name = draft.members.get().filename
    assert len(name) <= 255
    assert name.endswith("a.png")


def test_the_share_of_pictures_of_a_day_has_an_end(draft: Aesthetic, settings: Settings) -> None:
    settings.QUOTA_UPLOAD_IMAGES = 2
    files = [upload(f"{seed}.png", picture(seed)) for seed in range(4)]
    report = add(draft, *files)
    (refused,) = report.refused
    assert (refused.name, refused.code) == ("2.png", "quota-exceeded")
    assert "today's 2 pictures" in refused.detail
    assert [accepted.name for accepted in report.accepted] == ["0.png", "1.png"]
    assert draft.members.count() == 2


def test_taking_pictures_out_again_does_not_give_the_share_back(
    draft: Aesthetic, settings: Settings
) -> None:
    settings.QUOTA_UPLOAD_IMAGES = 1
    (accepted,) = add(draft, upload("0.png", picture(0))).accepted
    uploads.remove_image(draft, accepted.image)
    with pytest.raises(QuotaExceeded):
        add(draft, upload("1.png", picture(1)))


def test_looking_at_a_picture_costs_a_share_whatever_comes_of_it(
    draft: Aesthetic, settings: Settings
) -> None:
    settings.QUOTA_UPLOAD_IMAGES = 2
    files = [upload("0.png", picture(0)), upload("0.png", picture(0)), upload("x.png", b"x")]
    report = add(draft, *files)
    assert [refused.code for refused in report.refused] == ["quota-exceeded"]


def test_no_picture_comes_into_a_set_that_was_deleted_meanwhile(draft: Aesthetic) -> None:
    publishing.delete(Aesthetic.objects.get(pk=draft.pk))
    with pytest.raises(uploads.SetDeleted, match="was deleted during the upload"):
        add(draft, upload("0.png", picture(0)))
    assert not draft.members.exists()


def test_an_upload_of_which_nothing_fits_the_share_is_refused_as_a_whole(
    draft: Aesthetic, settings: Settings
) -> None:
    settings.QUOTA_UPLOAD_IMAGES = 1
    add(draft, upload("0.png", picture(0)))
    with pytest.raises(QuotaExceeded, match="today's 1 pictures"):
        add(draft, upload("1.png", picture(1)), upload("2.png", picture(2)))


def test_the_share_of_bytes_of_a_day_has_an_end(draft: Aesthetic, settings: Settings) -> None:
    settings.QUOTA_UPLOAD_BYTES = len(picture(0))
    report = add(draft, upload("0.png", picture(0)), upload("1.png", picture(1)))
    assert [refused.code for refused in report.refused] == ["quota-exceeded"]
    assert "bytes of pictures" in report.refused[0].detail
    assert draft.members.count() == 1


def test_the_share_is_a_persons_own(draft: Aesthetic, bob: User, settings: Settings) -> None:
    settings.QUOTA_UPLOAD_IMAGES = 1
    add(draft, upload("0.png", picture(0)))
    other = factories.aesthetic(draft.owner, "other")
    with pytest.raises(QuotaExceeded):
        add(other, upload("1.png", picture(1)))
    assert add(factories.aesthetic(bob), upload("1.png", picture(1))).accepted


def test_taking_a_picture_out_leaves_the_other_side_and_other_sets(draft: Aesthetic) -> None:
    add(draft, upload())
    (accepted,) = add(draft, upload(), side=Side.AWAY).accepted
    other = factories.aesthetic(draft.owner, "other")
    add(other, upload())
    uploads.remove_member(draft, accepted.image, side=Side.AWAY)
    uploads.remove_member(draft, accepted.image, side=Side.AWAY)
    assert [member.side for member in draft.members.all()] == ["towards"]
    assert uploads.remove_image(draft, accepted.image) == 1
    assert uploads.remove_image(draft, accepted.image) == 0
    assert other.members.count() == 1
