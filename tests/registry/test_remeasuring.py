"""A sealed version measured again by the built-in encoder; what a hostile hand changed is named."""

import struct
import zlib
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as project
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from pytest_django import Settings

from registry import blobs, digests, publishing, queueing, remeasuring, verifying
from registry.leases import JobLost, Lease
from registry.models import (
    Aesthetic,
    Feature,
    JobState,
    Remeasurement,
    Side,
    Space,
    Verification,
    Version,
)
from registry.tasks import build_version, verify_version
from registry.worker_encoder import encoder_for, ensure_space, this_measurer
from tests import factories
from tests.registry.test_auditing import unsealed

COUNT = 5  # pictures of the version
OTHER = "sha256:" + "0" * 64


@pytest.fixture
def demo_space(db: None) -> Space:
    """The space of the real encoder that comes with the hub."""
    space, _ = ensure_space(project.HUB_SPACE)
    return space


@pytest.fixture
def sealed(draft: Aesthetic, demo_space: Space) -> Version:
    """A published version that the real encoder has measured."""
    factories.members(draft, COUNT)
    return measured_and_published(draft)


def measured_and_published(of: Aesthetic) -> Version:
    build = queueing.queue_build(of).version
    build_version(str(build.pk))
    build.refresh_from_db()
    assert build.has_succeeded, build.reason
    publishing.publish(build, accepts={"accept_few", "accept_close"})
    return Version.objects.select_related("aesthetic__owner", "space").get(pk=build.pk)


def verify(version: Version) -> Verification:
    """Ask for the measuring and do the task's work here and now."""
    asked = verifying.queue_verification(version)
    verify_version(str(asked.pk))
    return Verification.objects.get(pk=asked.pk)


def agreeing(verification: Verification) -> dict[str, tuple[int, int]]:
    """Return of each stage how many agree, of how many."""
    return {stage["name"]: (stage["agree"], stage["of"]) for stage in verification.stages}


ALL_AGREE = {
    "image": (COUNT, COUNT),
    "pixels": (COUNT, COUNT),
    "set": (1, 1),
    "features": (COUNT, COUNT),
    "vector": (1, 1),
}


def verdict(verification: Verification) -> tuple[str, str, str]:
    return verification.state, verification.verdict, verification.deviates_at


def image_of(version: Version) -> str:
    """Return the digest of one picture of the version."""
    return version.members.order_by("image__digest")[0].image.digest


def replace_bytes(digest: str, data: bytes, media_folder: Path) -> None:
    path = media_folder / blobs.path_of(digest)
    assert path.exists()
    path.write_bytes(data)


def test_a_sealed_version_is_reproduced_bit_for_bit(sealed: Version) -> None:
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "reproduced", "")
    assert agreeing(found) == ALL_AGREE
    assert [stage["largest_deviation"] for stage in found.stages] == [None, None, None, 0.0, 0.0]
    assert (found.done, found.total, found.stage, found.lease) == (COUNT, COUNT, "", None)
    assert sealed.verifications.times_reproduced() == 1
    assert not found.remeasurements.deviating().exists()


def test_a_contrast_is_reproduced_with_a_picture_that_is_on_both_sides(
    draft: Aesthetic, demo_space: Space
) -> None:
    factories.members(draft, 3)
    factories.members(draft, 3, Side.AWAY, first=2)
    version = measured_and_published(draft)
    found = verify(version)
    assert version.construction == "contrast"
    assert verdict(found) == ("succeeded", "reproduced", "")
    assert agreeing(found) == {**ALL_AGREE}


def test_the_kept_features_are_not_what_is_measured(sealed: Version) -> None:
    """Without any the vector is the same, and the features agree with nothing."""
    Feature.objects.all().delete()
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "pixels")
    assert agreeing(found) == {**ALL_AGREE, "pixels": (0, COUNT), "features": (0, COUNT)}
    assert {row.finding for row in found.remeasurements.all()} == {"No feature of it is kept."}
    assert not Feature.objects.exists()


def test_other_bytes_in_the_store_deviate_at_the_image_and_after(
    sealed: Version, media_folder: Path
) -> None:
    replace_bytes(image_of(sealed), factories.picture(999), media_folder)
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "image")
    some = (COUNT - 1, COUNT)
    assert agreeing(found) == {
        "image": some, "pixels": some, "set": (0, 1), "features": some, "vector": (0, 1),
    }  # fmt: skip
    assert sealed.verifications.times_reproduced() == 0
    (row,) = verifying.deviating_pictures(found)
    assert row.finding == "The stored bytes are others."
    assert row.found == digests.digest_bytes(factories.picture(999))
    assert row.filename.endswith(".png")


def test_metadata_in_the_store_deviates_at_the_image_alone(
    sealed: Version, media_folder: Path
) -> None:
    """Later stages are told all the same: the vector is still that of these pictures."""
    data = blobs.read_blob(image_of(sealed))
    end = data.index(b"IEND") - 4
    text = b"tEXtComment\0x"
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    replace_bytes(image_of(sealed), data[:end] + chunk + data[end:], media_folder)
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "image")
    assert agreeing(found) == {**ALL_AGREE, "image": (COUNT - 1, COUNT), "set": (0, 1)}


@pytest.mark.parametrize("data", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 99])
def test_bytes_that_are_no_picture_are_measured_no_further(
    sealed: Version, media_folder: Path, data: bytes
) -> None:
    replace_bytes(image_of(sealed), data, media_folder)
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "image")
    assert agreeing(found)["vector"] == (0, 1)
    assert found.stages[-1]["largest_deviation"] is None
    (row,) = verifying.deviating_pictures(found)
    assert row.finding == "The stored bytes can't be read as the picture that they were."


def test_a_picture_whose_bytes_are_gone_is_named_to_the_owner(
    sealed: Version, media_folder: Path
) -> None:
    digest = image_of(sealed)
    (media_folder / blobs.path_of(digest)).unlink()
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "image")
    assert agreeing(found)["image"] == (COUNT - 1, COUNT)
    (row,) = verifying.deviating_pictures(found)
    name = sealed.aesthetic.members.get(image__digest=digest).filename
    assert (row.image.digest, row.filename, row.found) == (digest, name, "")
    assert row.finding == "The stored bytes are gone."


def test_a_changed_feature_deviates_at_the_features_alone(sealed: Version) -> None:
    feature = Feature.objects.get(image__digest=image_of(sealed))
    vector = np.array(feature.vector, dtype=np.float32)  # [768]
    vector[:40] *= -1
    Feature.objects.filter(pk=feature.pk).update(vector=vector)
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "features")
    assert agreeing(found) == {**ALL_AGREE, "features": (COUNT - 1, COUNT)}
    assert found.stages[3]["largest_deviation"] > 1e-3
    (row,) = verifying.deviating_pictures(found)
    assert row.finding.startswith("Its feature deviates by ")


def test_a_feature_of_the_same_direction_and_another_length_deviates(sealed: Version) -> None:
    feature = Feature.objects.get(image__digest=image_of(sealed))
    vector = np.array(feature.vector, dtype=np.float32) * 2  # [768]
    Feature.objects.filter(pk=feature.pk).update(vector=vector)
    assert verdict(verify(sealed)) == ("succeeded", "deviates", "features")


def test_a_feature_that_differs_in_its_last_bits_is_within_the_tolerance(sealed: Version) -> None:
    feature = Feature.objects.get(image__digest=image_of(sealed))
    vector = np.nextafter(np.array(feature.vector, dtype=np.float32), np.float32(np.inf))  # [768]
    Feature.objects.filter(pk=feature.pk).update(vector=vector)
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "within-tolerance", "")
    assert agreeing(found) == ALL_AGREE
    assert found.stages[3]["equal"] == COUNT - 1
    assert 0 < found.stages[3]["largest_deviation"] < 1e-10
    assert sealed.verifications.times_reproduced() == 1


def test_other_kept_pixels_deviate_at_the_pixels_and_not_at_the_sealed_set(
    sealed: Version,
) -> None:
    Feature.objects.filter(image__digest=image_of(sealed)).update(pixels=OTHER)
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "pixels")
    assert agreeing(found) == {**ALL_AGREE, "pixels": (COUNT - 1, COUNT)}
    (row,) = verifying.deviating_pictures(found)
    assert row.finding == "It decodes to other pixels than were measured."


@pytest.mark.parametrize("scale", [-1.0, 2.0, 1 + 1e-6])
def test_a_changed_vector_deviates_at_the_vector_alone(sealed: Version, scale: float) -> None:
    """Even by its last bits: it is not what its digest says."""
    vector = np.array(sealed.vector, dtype=np.float32) * np.float32(scale)  # [768]
    with unsealed():
        Version.objects.filter(pk=sealed.pk).update(vector=vector)
    sealed.refresh_from_db()
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "vector")
    assert agreeing(found) == {**ALL_AGREE, "vector": (0, 1)}


def test_a_vector_that_was_changed_with_its_digest_deviates_too(sealed: Version) -> None:
    vector = np.array(sealed.vector, dtype=np.float32) * 2  # [768]
    with unsealed():
        Version.objects.filter(pk=sealed.pk).update(
            vector=vector, vector_digest=digests.vector_digest(vector.tolist())
        )
    sealed.refresh_from_db()
    assert verdict(verify(sealed)) == ("succeeded", "deviates", "vector")


def test_a_snapshot_without_one_of_its_pictures_deviates_at_the_set(sealed: Version) -> None:
    with unsealed():
        sealed.members.order_by("image__digest")[0].delete()
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "set")
    assert agreeing(found)["image"] == (COUNT - 1, COUNT - 1)
    assert agreeing(found)["vector"] == (0, 1)


def test_a_snapshot_without_any_picture_deviates_at_the_set(sealed: Version) -> None:
    with unsealed():
        sealed.members.all().delete()
    found = verify(sealed)
    assert verdict(found) == ("succeeded", "deviates", "set")
    assert agreeing(found)["vector"] == (0, 1)


def test_a_worker_of_another_space_refuses(draft: Aesthetic) -> None:
    version = factories.published(draft)  # in an invented space
    found = verify(version)
    assert found.state == JobState.FAILED
    assert "This worker's encoder has the weights sha256:" in found.reason
    assert (found.verdict, found.stages, found.remeasurements.count()) == ("", [], 0)
    assert version.verifications.times_reproduced() == 0


def test_the_worker_says_what_it_is_and_not_its_name(
    sealed: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.node", lambda: "secret-machine.example.org")
    found = verify(sealed)
    assert found.worker.startswith("worker-")
    assert "secret" not in f"{found.worker} {found.device} {found.torch}"
    assert found.device.startswith("cpu (")
    assert found.encoder == sealed.space.weights
    monkeypatch.setattr("platform.node", lambda: "another-machine")
    assert verify(sealed).worker != found.worker
    assert sealed.verifications.times_reproduced() == 2


def test_the_new_features_are_not_kept_once_the_verdict_is_there(sealed: Version) -> None:
    found = verify(sealed)
    assert found.remeasurements.count() == COUNT
    assert not found.remeasurements.filter(vector__isnull=False).exists()


def test_a_verdict_cannot_be_changed(sealed: Version) -> None:
    found = verify(sealed)
    rows = Verification.objects.filter(pk=found.pk)
    for change in (lambda: rows.update(verdict="reproduced", worker="x"), rows.delete):
        with pytest.raises(IntegrityError, match="the verdict of"), transaction.atomic():
            change()


def test_running_a_verification_twice_changes_nothing(sealed: Version) -> None:
    found = verify(sealed)
    before = [*Verification.objects.values(), *Remeasurement.objects.values()]
    verify_version(str(found.pk))
    assert [*Verification.objects.values(), *Remeasurement.objects.values()] == before


def half_done(version: Version) -> tuple[Verification, Lease]:
    """Measure two of the pictures, as far as a worker came that was killed then."""
    asked = verifying.queue_verification(version)
    lease = Lease(asked)
    assert lease.claim()
    encoder = encoder_for(version.space)
    remeasuring.begin(asked, this_measurer(encoder), lease, total=COUNT)
    remeasuring.measure_missing(asked, remeasuring.images_of(version)[:2], encoder, lease)
    return asked, lease


def expire(verification: Verification) -> None:
    """Let the lease of its worker end."""
    rows = Verification.objects.filter(pk=verification.pk)
    assert rows.update(leased_until=Now() - timedelta(minutes=1))


def test_the_next_worker_goes_on_where_a_killed_one_was(sealed: Version) -> None:
    asked, _ = half_done(sealed)
    kept = set(asked.remeasurements.values_list("pk", flat=True))
    assert len(kept) == 2
    verify_version(str(asked.pk))
    asked.refresh_from_db()
    assert asked.state == JobState.RUNNING, "Its lease has not ended yet."
    expire(asked)
    verify_version(str(asked.pk))
    asked.refresh_from_db()
    assert asked.verdict in {"reproduced", "within-tolerance"}  # other batches, other last bits
    assert (asked.attempts, asked.remeasurements.count()) == (2, COUNT)
    assert kept < set(asked.remeasurements.values_list("pk", flat=True))


def test_another_kind_of_worker_begins_anew(
    sealed: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a verdict says of its worker holds for every picture."""
    asked, _ = half_done(sealed)
    first = set(asked.remeasurements.values_list("pk", flat=True))
    expire(asked)
    monkeypatch.setattr("platform.node", lambda: "another-machine")
    verify_version(str(asked.pk))
    assert asked.remeasurements.count() == COUNT
    assert not first & set(asked.remeasurements.values_list("pk", flat=True))


def test_a_worker_that_lost_its_lease_writes_nothing(sealed: Version) -> None:
    asked, lease = half_done(sealed)
    assert Verification.objects.cancel(asked.pk)
    encoder = encoder_for(sealed.space)
    with pytest.raises(JobLost):
        remeasuring.measure_missing(asked, remeasuring.images_of(sealed), encoder, lease)
    with pytest.raises(JobLost):
        remeasuring.begin(asked, this_measurer(encoder), lease, total=COUNT)
    assert asked.remeasurements.count() == 2
    verify_version(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, asked.verdict) == ("cancelled", "")


def test_what_a_cancelled_one_has_measured_goes_with_the_next(sealed: Version) -> None:
    asked, _ = half_done(sealed)
    Verification.objects.cancel(asked.pk)
    found = verify(sealed)
    assert found.pk != asked.pk
    assert set(Remeasurement.objects.values_list("verification", flat=True)) == {found.pk}


def test_the_work_is_done_in_batches_and_told(sealed: Version, settings: Settings) -> None:
    settings.ENCODE_BATCH = 2
    found = verify(sealed)
    assert found.verdict in {"reproduced", "within-tolerance"}  # other batches, other last bits
    assert (found.done, found.total) == (COUNT, COUNT)
