"""From a queued version to a ready one, in this process, on the built-in encoder."""

import hashlib
import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as project
from pytest_django import Settings

from accounts.models import User
from registry import blobs, building, digests, formats, queueing
from registry.leases import Lease
from registry.models import Aesthetic, Feature, JobState, Side, Space, Version, VersionFile
from registry.pixels import pixels
from registry.tasks import build_version
from registry.worker_encoder import encoder_for, ensure_space
from tests import factories


@pytest.fixture
def demo_space(db: None) -> Space:
    """The space of the real encoder that comes with the hub."""
    space, _ = ensure_space(project.HUB_SPACE)
    return space


def run(of: Aesthetic) -> Version:
    """Queue the set as it stands and do the task's work here and now."""
    version = queueing.queue_build(of).version
    build_version(str(version.pk))
    return Version.objects.select_related("aesthetic__owner", "space").get(pk=version.pk)


@pytest.fixture
def measured(draft: Aesthetic, demo_space: Space) -> Version:
    factories.members(draft, 3)
    return run(draft)


def file_of(version: Version, suffix: str) -> bytes:
    return blobs.read_blob(version.files.get(name=f"sea-mist.{suffix}").digest)


def features_of(version: Version, side: Side) -> np.ndarray:
    """Return the stored features of one side, in the order of the images' digests."""
    members = version.members.filter(side=side).order_by("image__digest")
    rows = [Feature.objects.get(space=version.space, image=m.image_id).vector for m in members]
    return np.array(rows, dtype=np.float32).astype(np.float64)  # [images, 768]


def test_a_build_ends_ready_with_all_digests(measured: Version) -> None:
    assert (measured.state, measured.stage, measured.reason) == ("succeeded", "", "")
    assert (measured.done, measured.total, measured.attempts) == (3, 3, 1)
    assert measured.lease is None
    named = [measured.vector_digest, measured.image_set_digest, measured.version_digest]
    assert all(digests.is_digest(digest) for digest in named)
    assert measured.number is None


def test_each_picture_has_the_feature_that_the_encoder_gives_it(measured: Version) -> None:
    encoder = encoder_for(measured.space)
    for member in measured.members.select_related("image"):
        feature = Feature.objects.get(image=member.image, space=measured.space)
        array = pixels(blobs.read_blob(member.image.digest), measured.space.image_size)
        (alone,) = encoder.encode_pictures([array])  # [768]
        assert np.allclose(feature.vector, alone, atol=1e-4)
        assert feature.pixels == digests.digest_bytes(array.tobytes())


def test_the_mean_is_taken_in_float64_and_rounded_once(measured: Version) -> None:
    rows = features_of(measured, Side.TOWARDS)
    total = np.zeros(768)
    for row in rows:
        total += row
    expected = (total / len(rows)).astype(np.float32)
    assert digests.vector_digest(expected.tolist()) == measured.vector_digest


def test_features_are_added_in_the_order_of_the_digests(draft: Aesthetic) -> None:
    """A small number survives two large ones only where these come first and cancel out."""
    space = factories.space()
    members = sorted(factories.members(draft, 3), key=lambda member: member.image.digest)
    for member, first in zip(members, (2.0**60, -(2.0**60), 3.0), strict=True):
        pixels = member.image.digest
        vector = [first, *[1.0] * 767]
        Feature.objects.create(image=member.image, space=space, pixels=pixels, vector=vector)
    assert list(run(draft).vector[:2]) == [1.0, 1.0]


def test_the_image_set_digest_names_images_pixels_and_sides(measured: Version) -> None:
    members = measured.members.select_related("image").order_by("image__digest")
    entries = [
        {
            "image": member.image.digest,
            "pixels": Feature.objects.get(image=member.image).pixels,
            "side": "towards",
        }
        for member in members
    ]
    text = json.dumps(entries, separators=(",", ":"), sort_keys=True)
    assert measured.image_set_digest == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_the_vector_digest_recomputes_from_the_json_with_the_standard_library(
    measured: Version,
) -> None:
    vector = json.loads(file_of(measured, "json"))["vector"]
    numbers = struct.pack("<768f", *vector)
    assert measured.vector_digest == f"sha256:{hashlib.sha256(numbers).hexdigest()}"


def test_all_four_files_hold_the_same_vector(measured: Version) -> None:
    vectors = {
        suffix: digests.vector_digest(formats.read(file_of(measured, suffix)).tolist())
        for suffix in ("safetensors", "pt", "npy", "json")
    }
    assert set(vectors.values()) == {measured.vector_digest}
    assert len(file_of(measured, "pt")) == 3547


def test_the_file_rows_say_what_the_files_are(measured: Version) -> None:
    files = VersionFile.objects.filter(version=measured)
    assert len(files) == 4
    for file in files:
        data = blobs.read_blob(file.digest)
        assert file.size == len(data)
        assert file.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_the_version_digest_names_the_manifest_and_the_manifest_the_files(
    measured: Version,
) -> None:
    manifest = measured.sealed_manifest
    assert measured.version_digest == f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    assert blobs.read_blob(measured.version_digest) == manifest
    said = json.loads(manifest)
    assert said["config"]["digest"] == measured.recipe_digest
    listed = {layer["digest"] for layer in said["layers"]}
    assert listed == set(measured.files.values_list("digest", flat=True))


def test_the_recipe_digest_names_the_recipe(measured: Version) -> None:
    recipe = bytes(measured.recipe)
    assert measured.recipe_digest == f"sha256:{hashlib.sha256(recipe).hexdigest()}"
    assert blobs.read_blob(measured.recipe_digest) == recipe


def test_a_set_with_an_away_side_is_the_difference_of_the_means(
    draft: Aesthetic, demo_space: Space
) -> None:
    factories.members(draft, 3)
    factories.members(draft, 2, Side.AWAY, first=50)
    version = run(draft)
    expected = features_of(version, Side.TOWARDS).mean(0) - features_of(version, Side.AWAY).mean(0)
    assert version.construction == "contrast"
    assert np.allclose(version.vector, expected, atol=1e-6)
    covers = version.members.filter(cover_rank__isnull=False)
    assert {member.side for member in covers} == {"towards"}


def test_the_resultant_length_says_how_tight_the_towards_side_is(measured: Version) -> None:
    rows = features_of(measured, Side.TOWARDS)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    expected = np.linalg.norm(units.mean(0))
    assert measured.resultant_length is not None
    assert math.isclose(measured.resultant_length, expected, rel_tol=1e-6)


def test_at_most_four_pictures_stand_for_the_set(draft: Aesthetic) -> None:
    version = factories.built(draft, pictures=6)
    ranks = version.members.exclude(cover_rank=None).order_by("cover_rank")
    assert [member.cover_rank for member in ranks] == [1, 2, 3, 4]


def test_only_new_pictures_are_encoded_when_the_set_grows(measured: Version) -> None:
    known = set(Feature.objects.values_list("pk", flat=True))
    factories.members(measured.aesthetic, 2, first=70)
    version = queueing.queue_build(measured.aesthetic).version
    lease = Lease(version)
    assert lease.claim()
    images = [member.image for member in version.members.select_related("image")]
    building.encode_missing(images, version.space, lease)
    version.refresh_from_db()
    assert Feature.objects.count() == 5
    assert known < set(Feature.objects.values_list("pk", flat=True))
    # Two of five, but that is not told: it would say of a stranger's pictures that they are known.
    assert (version.stage, version.done, version.total) == ("encoding pictures", 5, 5)


def test_a_picture_that_somebody_else_has_measured_costs_nothing(
    measured: Version, bob: User
) -> None:
    other = factories.aesthetic(bob)
    factories.members(other, 3)
    before = set(Feature.objects.values_list("pk", flat=True))
    version = run(other)
    assert version.vector_digest == measured.vector_digest
    assert set(Feature.objects.values_list("pk", flat=True)) == before


def test_the_work_is_done_in_batches(
    draft: Aesthetic, demo_space: Space, settings: Settings
) -> None:
    settings.ENCODE_BATCH = 2
    factories.members(draft, 5)
    assert run(draft).has_succeeded
    assert Feature.objects.count() == 5


def test_a_picture_whose_bytes_are_gone_fails_the_build_and_is_named(
    draft: Aesthetic, demo_space: Space, media_folder: Path
) -> None:
    factories.members(draft, 3)
    gone = draft.members.first()
    assert gone is not None
    (media_folder / blobs.path_of(gone.image.digest)).unlink()
    version = run(draft)
    assert version.state == JobState.FAILED
    assert version.reason == f"The stored bytes of the picture {gone.image.digest} are gone."
    assert not version.files.exists()


def test_an_encoder_with_other_weights_than_the_space_refuses_to_mix(draft: Aesthetic) -> None:
    factories.space()
    factories.members(draft, 2)
    version = run(draft)
    assert version.state == JobState.FAILED
    assert "This worker's encoder has the weights sha256:" in version.reason
    assert not Feature.objects.exists()


def test_running_a_build_twice_changes_nothing(measured: Version) -> None:
    before = Version.objects.filter(pk=measured.pk).values().get()
    build_version(str(measured.pk))
    assert Version.objects.filter(pk=measured.pk).values().get() == before


def test_a_build_that_does_not_exist_is_passed_over(db: None) -> None:
    build_version("00000000-0000-0000-0000-000000000000")
