"""Builds and verifications while the store is away: they wait, and end well when it is back."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from registry import blobs, queueing, verifying
from registry.models import Aesthetic, Feature, JobState, Verification, Version
from registry.tasks import build_version, verify_version
from registry.worker_encoder import ensure_space
from tests import factories
from tests.bucket import HANG_UP, Bucket
from tests.registry.test_remeasuring import measured_and_published, verdict

pytestmark = pytest.mark.usefixtures("one_torch_thread")

WAITS = "The worker could not use the store of pictures and files. This waits for "


@pytest.fixture
def filled(draft: Aesthetic) -> Aesthetic:
    """A set of three pictures that nobody has measured."""
    ensure_space(project.HUB_SPACE)
    return draft


def build_again(version: Version) -> Version:
    """Let the pause be over and a worker take the build."""
    Version.objects.filter(pk=version.pk).update(leased_until=Now() - timedelta(seconds=1))
    build_version(str(version.pk))
    return Version.objects.get(pk=version.pk)


def queued(of: Aesthetic) -> Version:
    factories.members(of, 3)
    return queueing.queue_build(of).version


def test_a_build_waits_until_the_bucket_is_back(filled: Aesthetic, bucket: Bucket) -> None:
    version = queued(filled)
    bucket.stop()
    build_version(str(version.pk))
    version.refresh_from_db()
    assert (version.state, version.attempts) == (JobState.QUEUED, 1)
    assert version.reason.startswith(WAITS)
    bucket.start()
    for bucket.refuses in (503, HANG_UP):
        assert build_again(version).reason.startswith(WAITS)
    bucket.refuses = None
    found = build_again(version)
    assert (found.state, found.reason, found.attempts) == (JobState.SUCCEEDED, "", 4)
    assert blobs.read_blob(found.version_digest) == found.sealed_manifest


def test_what_was_measured_before_the_bucket_went_is_kept(
    filled: Aesthetic, bucket: Bucket
) -> None:
    """The files are written last; where that fails no picture is encoded anew."""
    version = queued(filled)
    bucket.takes = False
    build_version(str(version.pk))
    version.refresh_from_db()
    assert version.reason.startswith(WAITS)
    assert not version.files.exists()
    known = set(Feature.objects.values_list("pk", flat=True))
    assert len(known) == 3
    bucket.takes = True
    assert build_again(version).has_succeeded
    assert set(Feature.objects.values_list("pk", flat=True)) == known


def test_a_bucket_without_the_picture_fails_the_build_at_once(
    filled: Aesthetic, bucket: Bucket
) -> None:
    version = queued(filled)
    bucket.objects.clear()
    build_version(str(version.pk))
    version.refresh_from_db()
    assert version.state == JobState.FAILED
    assert version.reason.endswith(" are gone.")


def test_a_bucket_that_knows_us_not_fails_the_build_at_once(
    filled: Aesthetic, bucket: Bucket
) -> None:
    version = queued(filled)
    bucket.refuses, bucket.code = 403, "InvalidAccessKeyId"
    build_version(str(version.pk))
    version.refresh_from_db()
    assert (version.state, version.attempts) == (JobState.FAILED, 1)


def test_a_build_waits_until_the_disk_is_mounted_again(
    filled: Aesthetic, media_folder: Path
) -> None:
    version = queued(filled)
    elsewhere = media_folder.rename(media_folder.with_name("elsewhere"))
    media_folder.mkdir()
    build_version(str(version.pk))
    version.refresh_from_db()
    assert (version.state, version.reason.startswith(WAITS)) == (JobState.QUEUED, True)
    media_folder.rmdir()
    elsewhere.rename(media_folder)
    assert build_again(version).has_succeeded


def test_thumbnails_are_not_made_anew_while_the_store_is_away(
    draft: Aesthetic, media_folder: Path
) -> None:
    """All is measured, so that only the set doctor reads: thumbnails alone."""
    within = factories.space()
    factories.members(draft, 3)
    factories.features(draft, within)
    version = queueing.queue_build(draft).version
    elsewhere = media_folder.rename(media_folder.with_name("elsewhere"))
    build_version(str(version.pk))
    version.refresh_from_db()
    assert version.reason.startswith(WAITS)
    assert not media_folder.exists()
    elsewhere.rename(media_folder)
    assert build_again(version).has_succeeded


def test_a_verification_judges_nothing_while_the_store_is_away(
    filled: Aesthetic, media_folder: Path
) -> None:
    factories.members(filled, 3)
    asked = verifying.queue_verification(measured_and_published(filled))
    elsewhere = media_folder.rename(media_folder.with_name("elsewhere"))
    verify_version(str(asked.pk))
    asked = Verification.objects.get(pk=asked.pk)
    assert verdict(asked) == (JobState.QUEUED, "", "")
    assert asked.reason.startswith(WAITS)
    assert not asked.remeasurements.exists()
    elsewhere.rename(media_folder)
    Verification.objects.update(leased_until=Now() - timedelta(seconds=1))
    verify_version(str(asked.pk))
    asked = Verification.objects.get(pk=asked.pk)
    assert verdict(asked) == (JobState.SUCCEEDED, Verification.Verdict.REPRODUCED, "")


def test_an_audit_without_the_store_ends_in_words_and_calls_nothing_lost(
    version: Version, media_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media_folder.rename(media_folder.with_name("elsewhere"))
    with pytest.raises(CommandError, match=r"^The store is away, after .*empty or not there\.$"):
        call_command("verify")
    assert "missing" not in capsys.readouterr().out
