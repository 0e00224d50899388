"""What a digest or a file is the name of; and that nothing private answers."""

import pytest
import torch
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry import blobs, digests, formats, identifying, importing, publishing
from registry.models import Aesthetic, Version
from tests import factories
from tests.registry.made_files import a_vector, saved

NOBODY = AnonymousUser()
PT = saved(torch.from_numpy(a_vector()))


def names_of(version: Version) -> dict[str, str]:
    """Return a digest of each kind that names a measured version."""
    return {
        "version": version.version_digest,
        "vector": version.vector_digest,
        "recipe": version.recipe_digest,
        "image-set": version.image_set_digest,
        "file": version.files.all()[0].digest,
    }


def an_import(of: Aesthetic) -> Version:
    candidate = importing.examine("x.pt", PT, space=factories.space(), person=of.owner)
    return publishing.publish(importing.import_into(of, candidate).version)


def kind_and_version(named: identifying.Named | None) -> tuple[str, list[Version]] | None:
    return (named.kind, named.versions) if named else None


def test_each_kind_of_name_leads_to_the_version(version: Version) -> None:
    for kind, digest in names_of(version).items():
        for text in (digest, digest.removeprefix("sha256:"), digest[7:].upper()):
            found = identifying.named_by(text, person=NOBODY)
            assert kind_and_version(found) == (kind, [version]), kind
            (one,) = identifying.named_by_each([text], person=NOBODY)
            assert kind_and_version(one) == (kind, [version]), kind


def test_the_file_that_was_imported_leads_to_the_version(draft: Aesthetic) -> None:
    version = an_import(draft)
    digest = digests.digest_bytes(PT)
    expected = ("imported-file", [version])
    assert kind_and_version(identifying.named_by(digest, person=NOBODY)) == expected
    (one,) = identifying.named_by_each([digest], person=NOBODY)
    assert kind_and_version(one) == expected


def test_many_are_answered_in_order_with_none_for_the_unknown(
    version: Version, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    known = names_of(version)
    asked = ["x", *known.values(), "sha256:" + "0" * 64, *known.values(), ""]
    with django_assert_max_num_queries(9):
        found = identifying.named_by_each(asked, person=NOBODY)
    kinds = [named.kind if named else None for named in found]
    assert kinds == [None, *known, None, *known, None]


def test_of_many_that_share_a_name_the_oldest_answers(draft: Aesthetic, bob: User) -> None:
    first, second = an_import(draft), an_import(factories.aesthetic(bob, "copy"))
    found = identifying.named_by(first.vector_digest, person=NOBODY)
    assert found is not None
    assert found.versions == [first, second]
    (one,) = identifying.named_by_each([first.vector_digest], person=NOBODY)
    assert one is not None
    assert one.versions == [first]


@pytest.mark.parametrize("way", ["draft", "private", "deleted"])
def test_nothing_hidden_answers(draft: Aesthetic, bob: User, way: str) -> None:
    version = factories.built(draft) if way == "draft" else factories.published(draft)
    imported = an_import(draft) if way != "draft" else version
    if way == "private":
        Aesthetic.objects.update(visibility="private")
    elif way == "deleted":
        publishing.delete(draft)
    asked = [*names_of(version).values(), *names_of(imported).values(), digests.digest_bytes(PT)]
    data = [blobs.read_blob(file.digest) for file in version.files.all()]
    for person in (NOBODY, bob):
        assert [identifying.named_by(name, person=person) for name in asked] == [None] * len(asked)
        assert identifying.named_by_each(asked, person=person) == [None] * len(asked)
        for file in (*data, PT):
            found = identifying.identify(file, person=person)
            assert (found.file, found.vector, found.nearest) == (None, None, [])


def test_images_are_no_names(version: Version) -> None:
    images = list(version.members.values_list("image__digest", flat=True))
    assert identifying.named_by_each(images, person=version.aesthetic.owner) == [None] * 5
    assert identifying.named_by(images[0], person=version.aesthetic.owner) is None


def test_a_file_of_ours_is_found_by_its_bytes(version: Version) -> None:
    file = version.files.all()[0]
    found = identifying.identify(blobs.read_blob(file.digest), person=NOBODY)
    assert kind_and_version(found.file) == ("file", [version])
    assert found.nearest == []


def test_another_file_with_the_vector_is_found_by_its_vector(version: Version) -> None:
    data = saved(torch.tensor(version.vector))
    found = identifying.identify(data, person=NOBODY)
    assert found.file is None
    assert kind_and_version(found.vector) == ("vector", [version])
    assert found.digest == digests.digest_bytes(data)


def test_an_unknown_vector_is_answered_with_the_nearest_and_their_cosines(
    version: Version,
) -> None:
    near = torch.tensor(version.vector)
    near[5] += 1.0
    found = identifying.identify(saved(near), person=NOBODY)
    assert (found.file, found.vector) == (None, None)
    (nearest,) = found.nearest
    assert nearest.version == version
    assert nearest.cosine == pytest.approx(
        float(torch.cosine_similarity(near, torch.tensor(version.vector), dim=0)), abs=1e-5
    )


def test_a_vector_of_another_space_is_not_compared(version: Version) -> None:
    data = formats.write_json(
        a_vector(), formats.Card("a/b", "", "", "", "", "another", "sha256:" + "0" * 64, "mean", 1)
    )
    found = identifying.identify(data, person=NOBODY)
    assert (found.space, found.nearest) == (None, [])


def test_a_file_that_can_not_be_read_is_still_found_by_its_bytes(version: Version) -> None:
    found = identifying.identify(version.sealed_manifest, person=NOBODY)
    assert kind_and_version(found.file) == ("version", [version])
    assert found.refusal
