"""From a ready version to a published one, and its withdrawal."""

import json
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from django.core.files.base import File
from django.db import connection
from pytest_django import Settings

from registry import blending, blobs, editing, publishing, queueing, rights, verifying
from registry.models import Aesthetic, JobState, Side, Version
from registry.safetensors_files import PREFIX
from tests import factories
from tests.concurrency import in_threads


def metadata_of(version: Version) -> dict[str, str]:
    """Return the texts in the published .safetensors file."""
    data = blobs.read_blob(version.files.get(name__endswith=".safetensors").digest)
    length = int.from_bytes(data[:PREFIX], "little")
    metadata = json.loads(data[PREFIX : PREFIX + length])["__metadata__"]
    assert isinstance(metadata, dict)
    return metadata


def test_the_first_version_is_v1_and_makes_the_aesthetic_public(draft: Aesthetic) -> None:
    assert not Aesthetic.objects.public().exists()
    version = publishing.publish(factories.built(draft))
    assert (version.number, version.name, version.is_published) == (1, "v1", True)
    assert version.published_at is not None
    assert Aesthetic.objects.public().get() == draft


def test_publishing_twice_is_a_result_not_an_error(draft: Aesthetic) -> None:
    built = factories.built(draft)
    first, second = publishing.publish(built), publishing.publish(built)
    assert (first.number, second.number) == (1, 1)
    assert first.published_at == second.published_at


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.FAILED, JobState.CANCELLED])
def test_only_a_ready_build_is_published(draft: Aesthetic, state: JobState) -> None:
    built = factories.built(draft)
    Version.objects.filter(pk=built.pk).update(state=state, reason="It rained.")
    with pytest.raises(publishing.PublishingRefused) as caught:
        publishing.publish(built)
    assert caught.value.code == "not-ready"
    assert caught.value.detail == (
        f"This build is {state.label}; only a ready one can be published."
    )


@pytest.mark.parametrize(
    ("towards", "away", "is_few"), [(4, 0, 1), (5, 0, 0), (5, 4, 1), (5, 5, 0)]
)
def test_a_side_of_fewer_than_five_pictures_calls_for_consent(
    draft: Aesthetic, towards: int, away: int, is_few: int
) -> None:
    factories.members(draft, towards)
    factories.members(draft, away, Side.AWAY, first=100)
    built = factories.built(draft)
    cautions = publishing.cautions(built)
    assert [caution.name for caution in cautions] == ["accept_few"] * is_few
    if is_few:
        with pytest.raises(publishing.PublishingRefused) as caught:
            publishing.publish(built, accepts={"something else"})
        assert caught.value.code == "few-images"
        assert caught.value.detail.startswith("This is few: with fewer than 5 pictures")
    assert publishing.publish(built, accepts={"accept_few"}).number == 1


@pytest.mark.parametrize(("more", "is_close"), [(1, True), (4, True), (5, False)])
def test_a_set_close_to_a_published_one_calls_for_consent(
    version: Version, more: int, is_close: bool
) -> None:
    factories.members(version.aesthetic, more, first=77)
    built = factories.built(version.aesthetic)
    assert [caution.name for caution in publishing.cautions(built)] == ["accept_close"] * is_close
    if is_close:
        with pytest.raises(publishing.PublishingRefused) as caught:
            publishing.publish(built, accepts={"accept_few"})
        assert caught.value.code == "close-versions"
        assert caught.value.detail.startswith(f"This set and that of v1 differ in {more} picture")
    assert publishing.publish(built, accepts={"accept_close"}).number == 2


def test_a_withdrawn_version_counts_and_one_picture_for_another_is_two(version: Version) -> None:
    publishing.yank(version, reason="The licence was wrong.")
    version.aesthetic.members.all()[0].delete()
    factories.member(version.aesthetic, 77)
    (caution,) = publishing.cautions(factories.built(version.aesthetic))
    assert caution.sentence.startswith("This set and that of v1 differ in 2 pictures:")


def test_a_title_changed_after_the_build_is_in_the_published_files(draft: Aesthetic) -> None:
    built = factories.built(draft)
    before = built.version_digest
    Aesthetic.objects.update(title="Haze at sea", licence="CC0-1.0")
    version = publishing.publish(built)
    metadata = metadata_of(version)
    assert metadata["modelspec.title"] == "Haze at sea"
    assert metadata["licence"] == "CC0-1.0"
    annotations = json.loads(version.sealed_manifest)["annotations"]
    assert annotations["org.opencontainers.image.title"] == "Haze at sea"
    assert version.version_digest != before
    listed = [layer["digest"] for layer in json.loads(version.sealed_manifest)["layers"]]
    assert sorted(listed) == sorted(version.files.values_list("digest", flat=True))
    assert version.vector_digest == built.vector_digest


def test_the_files_say_what_they_were_measured_from(draft: Aesthetic) -> None:
    metadata = metadata_of(factories.published(draft, pictures=6))
    assert metadata["n"] == "6"
    assert metadata["ref"] == "ada/sea-mist"
    assert metadata["modelspec.author"] == "ada"
    assert metadata["homepage"].endswith("/ada/sea-mist")


def test_numbers_are_an_aesthetics_own(draft: Aesthetic) -> None:
    factories.published(draft)
    other = factories.published(factories.aesthetic(draft.owner, "other"))
    assert other.number == 1


def test_a_version_is_yanked_with_a_reason_and_still_there(version: Version) -> None:
    yanked = publishing.yank(version, reason="The licence was wrong.")
    assert yanked.yanked_at is not None
    assert yanked.yank_reason == "The licence was wrong."
    assert Version.objects.published().get() == version
    assert not Version.objects.offered().exists()


def test_yanking_again_keeps_the_first_reason(version: Version) -> None:
    publishing.yank(version, reason="First.")
    again = publishing.yank(version, reason="Second.")
    assert again.yank_reason == "First."


def test_a_build_that_was_not_published_is_not_yanked(draft: Aesthetic) -> None:
    built = factories.built(draft)
    with pytest.raises(publishing.PublishingRefused) as caught:
        publishing.yank(built, reason="Why not.")
    assert caught.value.code == "not-published"


def test_latest_is_the_newest_that_was_not_yanked(version: Version) -> None:
    aesthetic = version.aesthetic
    factories.member(aesthetic, 77)
    second = factories.published(aesthetic)
    assert second.number == 2
    assert aesthetic.versions.named("latest").first() == second
    publishing.yank(second, reason="Too grey.")
    assert aesthetic.versions.named("latest").first() == version
    assert aesthetic.versions.named("v2").first() == second
    assert aesthetic.versions.named(second.version_digest).first() == second
    assert aesthetic.versions.named("v3").first() is None
    assert aesthetic.versions.named("v02").first() is None


def test_deleting_hides_keeps_the_name_and_ends_builds(version: Version) -> None:
    aesthetic = version.aesthetic
    factories.member(aesthetic, 77)
    factories.features(aesthetic, version.space)
    waiting = queueing.queue_build(aesthetic).version
    publishing.delete(aesthetic)
    assert not Aesthetic.objects.public().exists()
    assert not Aesthetic.objects.owned_by(aesthetic.owner).exists()
    assert not aesthetic.members.exists()
    waiting.refresh_from_db()
    assert waiting.state == JobState.CANCELLED
    assert Aesthetic.objects.filter(slug="sea-mist").exists()


def test_deleting_ends_the_measuring_anew_of_its_versions_alone(version: Version) -> None:
    told = factories.verified(version)
    asked = verifying.queue_verification(version)
    other = factories.shelved(factories.aesthetic(version.aesthetic.owner, "other"))
    others = verifying.queue_verification(other)
    publishing.delete(version.aesthetic)
    states = [(told, "succeeded"), (asked, "cancelled"), (others, "queued")]
    for verification, state in states:
        verification.refresh_from_db()
        assert verification.state == state


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_the_numbers_one_to_twenty() -> None:
    draft = factories.aesthetic(factories.person("ada"))
    builds = [factories.built(draft, pictures=2)]
    for seed in range(19):
        factories.member(draft, 500 + seed)
        builds.append(factories.built(draft))
    waiting = list(builds)
    accepts = {"accept_few", "accept_close"}
    in_threads(20, lambda: publishing.publish(waiting.pop(), accepts=accepts))
    numbers = draft.versions.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 21))


class StoreOutsideTransactions(blobs.WholeFileStorage):
    """A store that is too slow to hold locks for."""

    def _save(self, name: str, content: File[bytes]) -> str:
        assert not connection.in_atomic_block
        return super()._save(name, content)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_lock_while_files_are_stored(settings: Settings) -> None:
    built = factories.built(factories.aesthetic(factories.person("ada")))
    Aesthetic.objects.update(title="Haze at sea")  # so that there are files to write
    store = {"BACKEND": f"{__name__}.{StoreOutsideTransactions.__name__}"}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    assert publishing.publish(built).number == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_on_publish_give_one_number() -> None:
    built = factories.built(factories.aesthetic(factories.person("ada")))
    in_threads(2, lambda: publishing.publish(built))
    built.refresh_from_db()
    assert built.number == 1


class StoreDuringWhichCardsChange(blobs.WholeFileStorage):
    """A store so slow that somebody changes cards while it writes."""

    changes: ClassVar[list[Callable[[], object]]] = []

    def _save(self, name: str, content: File[bytes]) -> str:
        if self.changes:
            in_threads(1, self.changes.pop(0))
        return super()._save(name, content)


@pytest.fixture
def meanwhile(settings: Settings) -> Iterator[list[Callable[[], object]]]:
    """Give a list of changes, of which one is made at each write into the store."""
    store = {"BACKEND": f"{__name__}.{StoreDuringWhichCardsChange.__name__}"}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    yield StoreDuringWhichCardsChange.changes
    StoreDuringWhichCardsChange.changes.clear()


@pytest.mark.django_db(transaction=True)
def test_a_card_changed_while_its_files_are_written_is_what_is_sealed(
    meanwhile: list[Callable[[], object]],
) -> None:
    draft = factories.aesthetic(factories.person("ada"), licence="CC-BY-4.0")
    built = factories.built(draft)
    editing.change_card(draft, {"title": "Haze"})  # so that there are files to write
    said = {"title": "Haze at sea", "licence": "CC-BY-SA-4.0"}
    meanwhile.append(lambda: editing.change_card(draft, said))
    version = publishing.publish(built)
    assert version.aesthetic.title == "Haze at sea"
    annotations = json.loads(version.sealed_manifest)["annotations"]
    assert annotations["org.opencontainers.image.title"] == "Haze at sea"
    assert annotations["org.opencontainers.image.licenses"] == "CC-BY-SA-4.0"
    metadata = metadata_of(version)
    assert (metadata["modelspec.title"], metadata["licence"]) == ("Haze at sea", "CC-BY-SA-4.0")
    assert blobs.read_blob(version.version_digest) == version.sealed_manifest


@pytest.mark.django_db(transaction=True)
def test_a_licence_that_became_unfit_while_files_are_written_is_refused(
    meanwhile: list[Callable[[], object]],
) -> None:
    bob = factories.person("bob")
    parents = [
        factories.published(factories.aesthetic(bob, slug, licence="CC-BY-SA-4.0"), direction=place)
        for place, slug in enumerate(("fog", "neon"))
    ]
    mine = factories.aesthetic(factories.person("ada"), licence="CC-BY-SA-4.0")
    order = blending.Order("weighted-mean", [(parent, None) for parent in parents])
    blend = blending.blend_into(mine, blending.examine(order)).version
    editing.change_card(mine, {"title": "Fog in neon"})
    meanwhile.append(lambda: editing.change_card(mine, {"licence": "CC0-1.0"}))
    with pytest.raises(rights.RightsRefused) as caught:
        publishing.publish(blend)
    assert caught.value.code == "licence-not-inherited"
    blend.refresh_from_db()
    assert blend.number is None


@pytest.mark.django_db(transaction=True)
def test_a_card_that_never_stands_still_is_not_published(
    meanwhile: list[Callable[[], object]],
) -> None:
    draft = factories.aesthetic(factories.person("ada"))
    built = factories.built(draft)
    editing.change_card(draft, {"title": "Haze"})
    titles = iter(range(1000))
    meanwhile.extend([lambda: editing.change_card(draft, {"title": f"Haze {next(titles)}"})] * 500)
    with pytest.raises(publishing.PublishingRefused) as caught:
        publishing.publish(built)
    assert caught.value.code == "card-changed"
    assert draft.versions.published().count() == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_close_looks_at_once_the_second_is_asked_about_the_first() -> None:
    ada = factories.person("ada")
    builds = []
    for slug, pictures in (("mist", 9), ("haze", 10)):
        look = factories.aesthetic(ada, slug)
        factories.members(look, pictures)
        builds.append(factories.built(look))
    refused = []

    def publish() -> None:
        try:
            publishing.publish(builds.pop(), accepts={"accept_few"})
        except publishing.PublishingRefused as error:
            refused.append(error.code)

    in_threads(2, publish)
    assert refused == ["close-versions"]
