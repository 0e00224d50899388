"""The report on a set: made with the build, kept, made later where it is missing."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image as Picture

from registry import blobs, quality, uploads
from registry.models import Aesthetic, Feature, Image, JobState, QualityReport, Side, Version
from registry.near_duplicates import MOST_PAIRS
from tests import factories


def smaller(data: bytes) -> bytes:
    """Return the same picture at half the size."""
    with Picture.open(BytesIO(data)) as picture:
        return factories.png(picture.resize((picture.width // 2, picture.height // 2)))


def turn(image: Image, dimension: int, by: float) -> None:
    """Turn the feature of an image away from its set's direction."""
    feature = Feature.objects.get(image=image)
    vector = np.array(feature.vector, dtype=np.float32)  # [768]
    vector[dimension] += by
    Feature.objects.filter(pk=feature.pk).update(vector=vector)


def test_a_build_brings_its_report(draft: Aesthetic) -> None:
    version = factories.built(draft, pictures=6)
    report = QualityReport.objects.get(version=version)
    summary = report.summary
    assert summary["images"] == 6
    assert summary["resultant_length"] == pytest.approx(version.resultant_length)
    assert summary["resultant_length_away"] is None
    assert [change["more"] for change in summary["sufficiency"]] == [5, 10, 25, 50, 100]
    assert (summary["outliers"], summary["near_duplicates"], summary["two_styles"]) == (0, 0, None)
    largest = summary["fingerprint"][0]
    assert (largest["dimension"], largest["value"] > 0.5) == (0, True)
    digests = [picture["image"] for picture in report.details["pictures"]]
    assert digests == sorted(member.image.digest for member in version.members.all())
    assert all(picture["influence"] > 0 for picture in report.details["pictures"])


def test_a_report_holds_no_vectors(draft: Aesthetic) -> None:
    report = QualityReport.objects.get(version=factories.built(draft, pictures=20))
    assert len(json.dumps([report.summary, report.details])) < 20 * 250 + 1000


def test_a_picture_that_stands_apart_is_named(draft: Aesthetic) -> None:
    stranger = factories.members(draft, 12)[4].image
    factories.features(draft, factories.space())
    turn(stranger, dimension=5, by=6.0)
    details = QualityReport.objects.get(version=factories.built(draft)).details
    outliers = [each["image"] for each in details["pictures"] if each["is_outlier"]]
    assert outliers == [stranger.digest]
    strongest = max(details["pictures"], key=lambda each: each["influence"])
    assert strongest["image"] == stranger.digest


def test_the_same_picture_at_half_the_size_is_found_and_the_less_typical_stands_last(
    draft: Aesthetic,
) -> None:
    data = factories.picture(7, side=128)
    factories.members(draft, 4)
    for name, copy in (("whole.png", data), ("half.png", smaller(data))):
        uploads.add_picture(draft, name, copy, Side.TOWARDS, factories.SOMEWHERE)
    factories.features(draft, factories.space())
    whole, half = (draft.members.get(filename=f"{name}.png").image for name in ("whole", "half"))
    seen = Feature.objects.get(image=whole).vector
    Feature.objects.filter(image=half).update(vector=seen)
    turn(half, dimension=3, by=1.5)
    details = QualityReport.objects.get(version=factories.built(draft)).details
    (pair,) = details["near_duplicates"]
    named = [details["pictures"][place]["image"] for place in pair["pictures"]]
    assert named == [whole.digest, half.digest]
    assert pair["cosine"] >= 0.9


def alike(draft: Aesthetic, count: int) -> Version:
    """Measure a set of frames of one shot: each is all the others again."""
    members = factories.members(draft, count)
    factories.features(draft, factories.space())
    for place, member in enumerate(members):
        vector = np.random.default_rng(place).normal(0, 0.01, 768)  # [768]
        vector[0] += 4
        Feature.objects.filter(image=member.image).update(vector=vector)
    Image.objects.update(perceptual_hash="0" * 16)
    return factories.built(draft)


def test_frames_of_one_shot_are_a_group_and_their_pairs_are_counted(draft: Aesthetic) -> None:
    report = QualityReport.objects.get(version=alike(draft, 16))
    assert report.summary["near_duplicates"] == 120
    assert len(report.details["near_duplicates"]) == MOST_PAIRS
    (group,) = quality.groups_alike(report)
    assert sorted(group) == list(range(16))
    to_others = [report.details["pictures"][place]["to_others"] for place in group]
    assert to_others == sorted(to_others)


def test_a_report_from_before_has_all_its_pairs_and_is_read_the_same(draft: Aesthetic) -> None:
    report = QualityReport.objects.get(version=alike(draft, 12))
    groups, pairs = quality.groups_alike(report), quality.closest_pairs(report)
    del report.details["alike"]
    report.details["near_duplicates"].reverse()
    assert quality.groups_alike(report) == groups
    assert len(quality.closest_pairs(report)) == len(pairs) == 66
    report.details["near_duplicates"] *= 3
    assert len(quality.closest_pairs(report)) == MOST_PAIRS


def test_two_styles_are_told_with_their_pictures(draft: Aesthetic) -> None:
    members = factories.members(draft, 20)
    factories.features(draft, factories.space())
    others = {member.image.digest for member in members[12:]}
    for member in members[12:]:
        turn(member.image, dimension=9, by=9.0)
    report = QualityReport.objects.get(version=factories.built(draft))
    assert report.summary["two_styles"]["sizes"] == [12, 8]
    groups = {each["image"]: each["group"] for each in report.details["pictures"]}
    assert {image for image, group in groups.items() if group == 2} == others


def test_both_sides_of_a_contrast_are_looked_at(draft: Aesthetic) -> None:
    factories.members(draft, 4)
    factories.members(draft, 3, Side.AWAY, first=50)
    report = QualityReport.objects.get(version=factories.built(draft))
    sides = [picture["side"] for picture in report.details["pictures"]]
    assert (sides.count("towards"), sides.count("away")) == (4, 3)
    assert 0 < report.summary["resultant_length_away"] <= 1


def test_hashes_are_kept_with_the_pictures(draft: Aesthetic) -> None:
    factories.built(draft)
    kept = dict(Image.objects.values_list("digest", "perceptual_hash"))
    assert all(len(digits) == 16 for digits in kept.values())
    Image.objects.update(perceptual_hash="0" * 16)
    assert set(quality.ensure_hashes(list(Image.objects.all()))) == {"0" * 16}


@pytest.mark.parametrize("left", [None, b"", b"RIFF", "half"], ids=str)
def test_a_thumbnail_that_is_lost_or_damaged_is_made_anew(
    draft: Aesthetic, media_folder: Path, left: bytes | str | None
) -> None:
    factories.members(draft, 3)
    image = draft.members.all()[0].image
    path = media_folder / blobs.thumbnail_path(image.digest)
    data = path.read_bytes()
    path.unlink()
    if left is not None:
        path.write_bytes(data[: len(data) // 2] if isinstance(left, str) else left)
    factories.built(draft)
    assert path.read_bytes() == data
    image.refresh_from_db()
    assert len(image.perceptual_hash) == 16


def lose_picture(version: Version, media_folder: Path) -> str:
    """Take a picture's bytes and thumbnail from the store, and all hashes; return its digest."""
    digest = version.members.all()[0].image.digest
    for path in (blobs.path_of(digest), blobs.thumbnail_path(digest)):
        (media_folder / path).unlink()
    Image.objects.update(perceptual_hash="")
    return digest


def test_a_picture_that_is_lost_with_its_thumbnail_fails_the_build_and_is_named(
    version: Version, media_folder: Path
) -> None:
    lost = lose_picture(version, media_folder)
    factories.member(version.aesthetic, 77)
    with pytest.raises(AssertionError, match=f"The stored bytes of the picture {lost} are gone."):
        factories.built(version.aesthetic)


def test_of_a_lost_picture_no_report_is_made_and_the_public_reads_no_digest(
    version: Version, media_folder: Path
) -> None:
    lost = lose_picture(version, media_folder)
    QualityReport.objects.all().delete()
    with pytest.raises(quality.PictureLost) as caught:
        quality.ensure_report(version)
    assert "a picture that it was measured from is lost" in caught.value.detail
    assert lost not in caught.value.detail
    assert not QualityReport.objects.exists()


def test_a_version_from_before_gets_its_report_when_it_is_asked_for(version: Version) -> None:
    kept = QualityReport.objects.get(version=version)
    QualityReport.objects.all().delete()
    Image.objects.update(perceptual_hash="")
    made = quality.ensure_report(Version.objects.get(pk=version.pk))
    assert (made.summary, made.details) == (kept.summary, kept.details)
    assert quality.ensure_report(version).created_at == made.created_at


def test_a_version_without_pictures_has_no_report(draft: Aesthetic) -> None:
    with pytest.raises(quality.NoReport) as caught:
        quality.ensure_report(factories.shelved(draft))
    assert caught.value.code == "not-found"


def test_the_same_pictures_on_both_sides_have_no_direction(draft: Aesthetic) -> None:
    factories.members(draft, 2)
    factories.members(draft, 2, Side.AWAY)
    factories.features(draft, factories.space())
    with pytest.raises(AssertionError, match="Both sides have the same mean"):
        factories.built(draft)
    assert draft.versions.get().state == JobState.FAILED
    assert not QualityReport.objects.exists()


def test_a_larger_set_takes_no_more_queries(draft: Aesthetic) -> None:
    small = factories.built(factories.aesthetic(draft.owner, "small"), pictures=4)
    large = factories.built(draft, pictures=16)
    QualityReport.objects.all().delete()
    with CaptureQueriesContext(connection) as few:
        quality.ensure_report(small)
    with CaptureQueriesContext(connection) as many:
        quality.ensure_report(large)
    assert len(many) == len(few)
