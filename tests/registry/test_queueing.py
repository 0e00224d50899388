"""From a set to a build in the queue."""

import json

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.quotas import QuotaExceeded
from registry import digests, queueing, uploads
from registry.models import Aesthetic, JobState, Side, Space, Version
from tests import factories
from tests.concurrency import in_threads, refused_at_once

OTHER_ENDS = [JobState.FAILED, JobState.CANCELLED]


@pytest.fixture
def filled(draft: Aesthetic) -> Aesthetic:
    """An aesthetic of three pictures, in a hub with a space."""
    factories.space()
    factories.members(draft, 3)
    return draft


def end(version: Version, state: JobState) -> None:
    Version.objects.filter(pk=version.pk).update(state=state, reason="It rained.")


def test_a_build_waits_with_the_snapshot_of_the_set(filled: Aesthetic) -> None:
    queued = queueing.queue_build(filled)
    assert queued.is_new
    version = queued.version
    assert (version.state, version.construction, version.image_count) == ("queued", "mean", 3)
    snapshot = set(version.members.values_list("image__digest", "side"))
    assert snapshot == set(filled.members.values_list("image__digest", "side"))


def test_the_recipe_is_known_before_any_work_and_named_by_its_bytes(filled: Aesthetic) -> None:
    version = queueing.queue_build(filled).version
    recipe = json.loads(bytes(version.recipe))
    assert digests.digest_bytes(bytes(version.recipe)) == version.recipe_digest
    assert recipe["construction"] == "mean"
    assert recipe["space"]["weights"] == version.space.weights
    assert recipe["members"] == digests.members_digest(
        filled.members.values_list("image__digest", "side")
    )


def test_the_same_set_gives_the_same_version(filled: Aesthetic) -> None:
    first, second = queueing.queue_build(filled), queueing.queue_build(filled)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.version.pk == second.version.pk


def test_a_ready_build_stands_for_the_same_set(filled: Aesthetic) -> None:
    ready = factories.built(filled)
    again = queueing.queue_build(filled)
    assert (again.is_new, again.version.pk) == (False, ready.pk)


def test_a_changed_set_gives_a_new_version(filled: Aesthetic) -> None:
    first = queueing.queue_build(filled)
    added = factories.member(filled, 99)
    second = queueing.queue_build(filled)
    uploads.remove_image(filled, added.image.digest)
    third = queueing.queue_build(filled)
    assert second.is_new
    assert second.version.pk != first.version.pk
    assert third.version.pk == first.version.pk


def test_a_picture_on_the_other_side_is_a_changed_set(filled: Aesthetic) -> None:
    first = queueing.queue_build(filled)
    factories.members(filled, 2, Side.AWAY)
    second = queueing.queue_build(filled)
    assert second.version.recipe_digest != first.version.recipe_digest
    assert second.version.construction == "contrast"


def test_another_space_gives_another_version(filled: Aesthetic, settings: Settings) -> None:
    first = queueing.queue_build(filled)
    factories.space("clip")
    settings.HUB_SPACE = "clip"
    second = queueing.queue_build(filled)
    assert second.is_new
    assert second.version.recipe_digest != first.version.recipe_digest


def test_a_later_change_of_the_set_leaves_the_snapshot_alone(filled: Aesthetic) -> None:
    version = queueing.queue_build(filled).version
    filled.members.all().delete()
    assert version.members.count() == 3


@pytest.mark.parametrize("state", OTHER_ENDS)
def test_a_build_that_came_to_nothing_can_be_queued_again(
    filled: Aesthetic, state: JobState
) -> None:
    first = queueing.queue_build(filled).version
    end(first, state)
    second = queueing.queue_build(filled)
    assert second.is_new
    assert second.version.recipe_digest == first.recipe_digest


def test_one_picture_is_refused(draft: Aesthetic) -> None:
    factories.space()
    factories.member(draft, 1)
    with pytest.raises(queueing.BuildRefused) as caught:
        queueing.queue_build(draft)
    assert caught.value.code == "too-few-images"
    assert caught.value.detail.startswith("The side “towards” has 1 picture; 2 are the least")


def test_an_empty_set_is_refused(draft: Aesthetic) -> None:
    factories.space()
    with pytest.raises(queueing.BuildRefused, match="The side “towards” has 0 pictures"):
        queueing.queue_build(draft)


def test_one_picture_on_the_away_side_is_refused(filled: Aesthetic) -> None:
    factories.member(filled, 50, Side.AWAY)
    with pytest.raises(queueing.BuildRefused, match="The side “away” has 1 picture;"):
        queueing.queue_build(filled)
    assert not filled.versions.exists()


def test_a_hub_without_a_space_says_how_it_gets_one(filled: Aesthetic) -> None:
    Space.objects.all().delete()
    with pytest.raises(queueing.BuildRefused, match="register_space") as caught:
        queueing.queue_build(filled)
    assert caught.value.code == "no-space"


def test_the_share_of_builds_of_a_day_has_an_end(filled: Aesthetic, settings: Settings) -> None:
    settings.QUOTA_BUILDS = 1
    queueing.queue_build(filled)
    queueing.queue_build(filled)  # the same one costs nothing
    factories.member(filled, 99)
    with pytest.raises(QuotaExceeded, match="today's 1 builds"):
        queueing.queue_build(filled)


def test_a_build_stays_in_the_queue_while_the_broker_is_away(
    filled: Aesthetic, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        version = queueing.queue_build(filled).version
    assert len(callbacks) == 1
    version.refresh_from_db()
    assert version.state == JobState.QUEUED


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_give_one_version() -> None:
    factories.space()
    draft = factories.aesthetic(factories.person("ada"))
    factories.members(draft, 2)
    results: list[queueing.Queued] = []
    in_threads(2, lambda: results.append(queueing.queue_build(draft)))
    assert sorted(queued.is_new for queued in results) == [False, True]
    assert len({queued.version.pk for queued in results}) == 1
    assert Version.objects.count() == 1


@pytest.mark.usefixtures("broker")
@pytest.mark.django_db(transaction=True)
def test_builds_asked_for_at_once_do_not_pass_the_share_together(settings: Settings) -> None:
    factories.space()
    ada = factories.person("ada")
    drafts = [factories.aesthetic(ada, slug=f"look-{number}") for number in range(4)]
    for draft in drafts:
        factories.members(draft, 2)
    settings.QUOTA_BUILDS = 1
    assert refused_at_once(4, lambda: queueing.queue_build(drafts.pop())) == 3
    assert Version.objects.count() == 1
