"""From looks with weights to a published version: recipe, rights, credits, and making it again."""

import json

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from accounts.models import User
from accounts.quotas import QuotaExceeded
from accounts.refusals import Refusal
from registry import (
    blending,
    blobs,
    constructions,
    digests,
    importing,
    publishing,
    rights,
    takedowns,
)
from registry.blending import BlendRefused, Order
from registry.models import Aesthetic, Feature, Parentage, Side, Version
from registry.rights import RightsRefused
from tests import factories
from tests.registry.test_publishing import metadata_of


@pytest.fixture
def fog(ada: User) -> Version:
    return factories.published(factories.aesthetic(ada, "fog", licence="CC-BY-4.0"), direction=0)


@pytest.fixture
def neon(bob: User) -> Version:
    look = factories.aesthetic(bob, "neon", licence="CC-BY-SA-4.0", rating="mature")
    return factories.published(look, direction=1)


@pytest.fixture
def mine(bob: User) -> Aesthetic:
    """Where bob's blends go: as strict as `neon` wants it."""
    return factories.aesthetic(bob, "mine", licence="CC-BY-SA-4.0", rating="mature")


def mix(*looks: tuple[Version, float | None]) -> blending.Candidate:
    return blending.examine(Order("weighted-mean", looks))


def refused(order: Order) -> Refusal:
    with pytest.raises((BlendRefused, RightsRefused)) as caught:
        blending.examine(order)
    return caught.value


def test_a_blend_is_ready_and_its_recipe_names_its_parents_by_digest(
    mine: Aesthetic, fog: Version, neon: Version
) -> None:
    made = blending.blend_into(mine, mix((fog, None), (neon, -0.5)))
    version = Version.objects.get(pk=made.version.pk)
    assert made.is_new
    assert version.has_succeeded
    recipe = json.loads(bytes(version.recipe))
    assert recipe["construction"] == "blend"
    assert recipe["parents"] == sorted([fog.version_digest, neon.version_digest])
    assert recipe["parameters"] == {
        "operation": "weighted-mean",
        "weights": {fog.version_digest: 1, neon.version_digest: -0.5},
    }
    assert digests.recipe_digest(recipe) == version.recipe_digest
    assert set(version.parentage.values_list("parent", flat=True)) == {fog.pk, neon.pk}


def test_the_same_blend_again_is_the_same_version(
    mine: Aesthetic, fog: Version, neon: Version
) -> None:
    first = blending.blend_into(mine, mix((fog, 1.0), (neon, 0.5)))
    again = blending.blend_into(mine, mix((neon, 0.5), (fog, None)))
    other = blending.blend_into(mine, mix((fog, 1.0), (neon, 0.25)))
    assert (again.version.pk, again.is_new) == (first.version.pk, False)
    assert other.is_new
    assert first.candidate.recipe_digest == again.candidate.recipe_digest
    assert mine.versions.count() == 2


@pytest.mark.parametrize(
    ("operation", "share"), [("slerp", 0.25), ("difference", None), ("project-out", None)]
)
def test_the_order_of_two_looks_matters_where_it_should(
    mine: Aesthetic, fog: Version, neon: Version, operation: str, share: float | None
) -> None:
    ways = [
        blending.examine(Order(operation, [(first, None), (second, None)], share))
        for first, second in ((fog, neon), (neon, fog))
    ]
    assert ways[0].recipe_digest != ways[1].recipe_digest
    assert ways[0].vector_digest != ways[1].vector_digest
    assert [parent.version for parent in ways[0].parents] == [fog, neon]
    version = blending.blend_into(mine, ways[0]).version
    assert constructions.execute_again(version).agrees


def test_every_recipe_but_an_imports_gives_the_same_vector_again(
    ada: User, mine: Aesthetic, fog: Version, neon: Version
) -> None:
    contrast = factories.aesthetic(ada, "contrast")
    factories.members(contrast, 5, first=600)
    factories.members(contrast, 6, Side.AWAY, first=700)
    blend = publishing.publish(blending.blend_into(mine, mix((fog, 1.0), (neon, 0.5))).version)
    deeper = blending.blend_into(mine, mix((blend, 1.0), (fog, -0.3))).version
    made = [fog, factories.built(contrast), blend, deeper]
    assert [version.construction for version in made] == ["mean", "contrast", "blend", "blend"]
    for version in Version.objects.filter(pk__in=[each.pk for each in made]):
        again = constructions.execute_again(version)
        assert again.agrees, version
        assert again.vector_digest == version.vector_digest
    data = blobs.read_blob(fog.files.get(name="fog.npy").digest)
    found = importing.examine("x.npy", data, space=fog.space, person=ada)
    imported = importing.import_into(contrast, found).version
    with pytest.raises(constructions.NotExecutable, match="was imported"):
        constructions.execute_again(imported)


def test_a_changed_feature_or_vector_is_noticed(mine: Aesthetic, fog: Version) -> None:
    feature = Feature.objects.filter(image__memberships__aesthetic=fog.aesthetic).first()
    assert feature is not None
    feature.vector = np.asarray(feature.vector) + 0.5
    feature.save()
    assert not constructions.execute_again(fog).agrees
    feature.delete()
    with pytest.raises(constructions.NotExecutable, match="features"):
        constructions.execute_again(fog)


def test_spaces_must_agree(fog: Version, bob: User) -> None:
    other = factories.shelved(factories.aesthetic(bob, "elsewhere"))
    other.space = factories.space("another-space")
    error = refused(Order("weighted-mean", [(fog, None), (other, None)]))
    assert error.code == "incompatible-space"
    assert "another-space" in error.detail
    assert fog.space.name in error.detail


@pytest.mark.parametrize(
    ("operation", "weights", "share"),
    [
        ("weighted-mean", [None], None),
        ("weighted-mean", [1.0, 0.0], None),
        ("weighted-mean", [1.0, 1.0], 0.5),
        ("slerp", [None, None], None),
        ("slerp", [1.0, None], 0.5),
        ("difference", [None], None),
        ("difference", [None, None], 0.5),
        ("sum", [None, None], None),
    ],
)
def test_what_is_no_order_is_refused(
    fog: Version, neon: Version, operation: str, weights: list[float | None], share: float | None
) -> None:
    looks = list(zip([fog, neon], weights, strict=False))
    assert refused(Order(operation, looks, share)).code == "wrong-parents"


def test_a_look_named_twice_is_refused_by_its_name(fog: Version) -> None:
    error = refused(Order("weighted-mean", [(fog, 1.0), (fog, 2.0)]))
    assert (error.code, error.detail) == ("wrong-parents", "ada/fog@v1 is named twice.")


def test_two_copies_of_a_look_cancel_out(fog: Version, bob: User) -> None:
    copy = factories.aesthetic(bob, "copy")
    for seed in range(5):
        factories.member(copy, 1000 * fog.aesthetic_id + seed)
    same = factories.published(copy)
    assert same.vector_digest == fog.vector_digest
    assert refused(Order("difference", [(fog, None), (same, None)])).code == "zero-result"


def test_a_blend_inherits_the_strictest_licence_and_rating(fog: Version, neon: Version) -> None:
    inherited = mix((fog, None), (neon, None)).rights
    assert (inherited.licence, inherited.rating) == ("CC-BY-SA-4.0", "mature")


def test_what_forbids_a_blend_is_named_with_its_reason(fog: Version, neon: Version) -> None:
    Aesthetic.objects.filter(pk=fog.aesthetic_id).update(licence="CC-BY-NC-4.0")
    fog.aesthetic.refresh_from_db()
    error = refused(Order("weighted-mean", [(fog, None), (neon, None)]))
    assert error.code == "incompatible-licences"
    for part in ("ada/fog@v1", "bob/neon@v1", "CC BY-NC 4.0", "CC BY-SA 4.0"):
        assert part in error.detail
    fog.aesthetic.licence = "CC-BY-ND-4.0"
    error = refused(Order("weighted-mean", [(fog, None), (neon, None)]))
    assert error.detail == (
        "ada/fog@v1 can't be blended: CC BY-ND 4.0 lets nothing that is made of it be shared."
    )


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"licence": "CC0-1.0"}, "licence-not-inherited"),
        ({"rating": "general"}, "rating-not-inherited"),
    ],
)
def test_a_card_more_open_than_the_parents_is_refused_now_and_at_publishing(
    mine: Aesthetic, fog: Version, neon: Version, card: dict[str, str], code: str
) -> None:
    candidate = mix((fog, None), (neon, None))
    version = blending.blend_into(mine, candidate).version
    Aesthetic.objects.filter(pk=mine.pk).update(**card)
    mine.refresh_from_db()
    for attempt in (
        lambda: blending.blend_into(mine, candidate),
        lambda: publishing.publish(version),
    ):
        with pytest.raises(RightsRefused) as caught:
            attempt()
        assert caught.value.code == code
        assert "bob/neon@v1" in caught.value.detail


def test_the_card_of_a_published_blend_does_not_become_more_open(
    mine: Aesthetic, fog: Version, neon: Version
) -> None:
    rights.refuse_unfit_change(mine, licence="CC0-1.0", rating="general")  # nothing published yet
    publishing.publish(blending.blend_into(mine, mix((fog, None), (neon, None))).version)
    with pytest.raises(RightsRefused):
        rights.refuse_unfit_change(mine, licence="CC0-1.0", rating="mature")
    rights.refuse_unfit_change(mine, licence="GPL-3.0-or-later", rating="mature")


def test_its_files_and_its_manifest_credit_everything_it_is_made_of(
    mine: Aesthetic, fog: Version, neon: Version
) -> None:
    blend = publishing.publish(blending.blend_into(mine, mix((fog, None), (neon, None))).version)
    deeper = publishing.publish(blending.blend_into(mine, mix((blend, None), (fog, -0.2))).version)
    lines = metadata_of(deeper)["attribution"].splitlines()
    assert [line.partition(" by ")[0] for line in lines] == [
        "Fog (ada/fog@v1)",
        "Mine (bob/mine@v1)",
        "Neon (bob/neon@v1)",
    ]
    assert lines[0].startswith("Fog (ada/fog@v1) by ada, CC-BY-4.0, http")
    annotations = json.loads(deeper.sealed_manifest)["annotations"]
    assert annotations["vnd.aesthetic-embedding.attribution"].splitlines() == lines
    named = annotations["vnd.aesthetic-embedding.parents"].split()
    assert named == sorted([blend.version_digest, fog.version_digest])
    written = json.loads(blobs.read_blob(deeper.files.get(name="mine.json").digest))
    assert written["attribution"].splitlines() == lines
    assert "attribution" not in metadata_of(fog)


@pytest.mark.parametrize("way", ["private", "yanked", "taken down"])
def test_what_is_made_of_something_hidden_or_withdrawn_is_not_published(
    mine: Aesthetic, fog: Version, neon: Version, way: str
) -> None:
    version = blending.blend_into(mine, mix((fog, None), (neon, None))).version
    if way == "private":
        Aesthetic.objects.filter(pk=fog.aesthetic_id).update(visibility="private")
    elif way == "yanked":
        publishing.yank(fog, reason="Too grey.")
    else:
        takedowns.take_down(fog, reason="Not hers.")
    with pytest.raises(RightsRefused) as caught:
        publishing.publish(version)
    assert caught.value.code == "parent-not-offered"
    assert caught.value.detail.startswith("ada/fog@v1 is private or was withdrawn")


def test_only_what_is_offered_to_the_asker_is_found_as_a_parent(
    ada: User, bob: User, fog: Version, neon: Version
) -> None:
    for ref in ("ada/fog", "ada/fog@v1", fog.version_digest):
        assert blending.find_parent(ref, person=bob) == fog
    publishing.yank(neon, reason="Too bright.")
    Aesthetic.objects.filter(pk=fog.aesthetic_id).update(visibility="private")
    for ref in ("ada/fog", fog.version_digest, "bob/neon@v1", neon.version_digest, "", "a/b/c"):
        assert blending.find_parent(ref, person=bob) is None
    assert blending.find_parent("ada/fog", person=ada) == fog


def test_parents_are_sealed_with_their_child(mine: Aesthetic, fog: Version, neon: Version) -> None:
    publishing.publish(blending.blend_into(mine, mix((fog, None), (neon, None))).version)
    for change in (
        lambda: Parentage.objects.all().delete(),
        lambda: Parentage.objects.filter(parent=fog).update(parent=mine.versions.get()),
        lambda: Parentage.objects.create(version=mine.versions.get(), parent=fog),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert Parentage.objects.count() == 2


def test_a_blend_counts_as_a_build_of_the_day(
    mine: Aesthetic, fog: Version, neon: Version, settings: Settings
) -> None:
    candidate = mix((fog, None), (neon, None))
    settings.QUOTA_BUILDS = mine.versions.count() + neon.aesthetic.versions.count()
    with pytest.raises(QuotaExceeded):
        blending.blend_into(mine, candidate)


def test_the_parents_are_among_the_nearest_with_the_cosine_that_is_said(
    bob: User, fog: Version, neon: Version
) -> None:
    candidate = mix((fog, 1.0), (neon, 0.5))
    near = {n.version.pk: n.cosine for n in blending.nearest(candidate, person=bob)}
    for parent in candidate.parents:
        assert near[parent.version.pk] == pytest.approx(parent.cosine, abs=1e-5)
    assert candidate.parents[0].version == fog
    assert candidate.parents[0].cosine > candidate.parents[1].cosine


def test_the_same_blend_again_is_refused_once_it_was_taken_down(
    mine: Aesthetic, fog: Version, neon: Version
) -> None:
    version = blending.blend_into(mine, mix((fog, None), (neon, None))).version
    takedowns.take_down(publishing.publish(version), reason="A person asked for it.")
    with pytest.raises(takedowns.TakenDown):
        blending.blend_into(mine, mix((fog, None), (neon, None)))
