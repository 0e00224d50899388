"""From a foreign file to a published version: what is stored, remembered, said and refused."""

import json
import re

import numpy as np
import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from accounts.models import User
from accounts.quotas import QuotaExceeded
from generation.prompts import find_version
from registry import blobs, digests, formats, importing, publishing, search, takedowns
from registry.models import Aesthetic, ImportedFile, Version
from tests import factories
from tests.concurrency import in_threads, refused_at_once
from tests.registry.made_files import CARD, a_vector, in_old_layout, saved

PT = saved(torch.from_numpy(a_vector()).reshape(1, 768))


def imported(of: Aesthetic, data: bytes = PT, name: str = "fantasy.pt") -> importing.Imported:
    candidate = importing.examine(name, data, space=factories.space(), person=of.owner)
    return importing.import_into(of, candidate)


def refused(of: User, data: bytes, name: str = "fantasy.pt") -> importing.ImportRefused:
    with pytest.raises(importing.ImportRefused) as caught:
        importing.examine(name, data, space=factories.space(), person=of)
    return caught.value


@pytest.mark.parametrize("layout", ["new", "old"])
@pytest.mark.parametrize("shape", [(768,), (1, 768)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_the_shapes_that_circulate_become_versions(
    draft: Aesthetic,
    layout: str,
    shape: tuple[int, ...],
    dtype: torch.dtype,
    device: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: device)
    tensor = torch.from_numpy(a_vector()).to(dtype).reshape(shape)
    data = saved(tensor)
    if layout == "old":
        data = in_old_layout(data, "fantasy")
    made = imported(draft, data)
    version = Version.objects.get(pk=made.version.pk)
    assert (np.float32(version.vector) == tensor.float().numpy().reshape(-1)).all()
    assert made.candidate.kind == "pt"


@pytest.mark.parametrize("suffix", ["safetensors", "npy", "json", "pt"])
def test_our_own_files_come_back_as_the_same_vector(draft: Aesthetic, suffix: str) -> None:
    own = factories.space(CARD.space)
    data = formats.write_all(a_vector(), CARD)[suffix]
    candidate = importing.examine(f"x.{suffix}", data, space=own, person=draft.owner)
    assert candidate.vector_digest == digests.vector_digest(a_vector())
    assert candidate.kind == suffix


def test_only_our_own_writing_is_stored(draft: Aesthetic) -> None:
    version = imported(draft).version
    with pytest.raises(FileNotFoundError):
        blobs.read_blob(digests.digest_bytes(PT))
    for file in version.files.all():
        assert (formats.read(blobs.read_blob(file.digest)) == a_vector()).all()
    assert {file.name for file in version.files.all()} == {
        f"sea-mist.{suffix}" for suffix in formats.MEDIA_TYPES
    }


def test_an_import_is_ready_without_pictures_and_publishes_like_all_others(
    draft: Aesthetic,
) -> None:
    build = imported(draft).version
    assert build.has_succeeded
    assert publishing.cautions(build) == []
    version = publishing.publish(build)
    assert version.name == "v1"
    manifest = json.loads(version.sealed_manifest)
    facts = manifest["annotations"]
    assert digests.digest_bytes(version.sealed_manifest) == version.version_digest
    assert facts["vnd.aesthetic-embedding.construction"] == "import"
    assert facts["vnd.aesthetic-embedding.images"] == "0"
    assert "vnd.aesthetic-embedding.image-set-digest" not in facts
    assert "vnd.aesthetic-embedding.resultant-length" not in facts


def test_its_files_say_imported_and_never_how_many_images(draft: Aesthetic) -> None:
    version = publishing.publish(imported(draft).version)
    data = {
        file.name.partition(".")[2]: blobs.read_blob(file.digest) for file in version.files.all()
    }
    card = json.loads(data["json"])
    assert card["construction"] == "import"
    assert "images" not in card
    header = json.loads(data["safetensors"][8:].partition(b"}}")[0] + b"}}")
    assert header["__metadata__"]["construction"] == "import"
    assert "n" not in header["__metadata__"]


def test_the_recipe_names_the_vector_and_the_space_alone(draft: Aesthetic) -> None:
    recipe = json.loads(bytes(imported(draft).version.recipe))
    assert recipe["parameters"] == {"vector": digests.vector_digest(a_vector())}
    assert recipe["space"]["weights"] == factories.space().weights
    assert recipe["parents"] == []


def test_the_same_vector_again_is_the_same_version_and_both_files_are_remembered(
    draft: Aesthetic,
) -> None:
    first = imported(draft)
    publishing.publish(first.version)
    again = imported(draft)
    other = imported(draft, formats.write_npy(a_vector()), "fantasy.npy")
    assert (first.is_new, again.is_new, other.is_new) == (True, False, False)
    assert first.version == again.version == other.version
    kinds = ImportedFile.objects.order_by("pk").values_list("kind", "digest")
    assert list(kinds) == [
        ("pt", digests.digest_bytes(PT)),
        ("npy", digests.digest_bytes(formats.write_npy(a_vector()))),
    ]


def test_it_says_where_the_same_vector_is_already(draft: Aesthetic, bob: User) -> None:
    assert imported(draft).candidate.elsewhere == []
    private = factories.aesthetic(bob, "hidden")
    publishing.publish(imported(private).version)
    Aesthetic.objects.filter(pk=private.pk).update(visibility="private")
    assert imported(draft).candidate.elsewhere == []
    public = publishing.publish(imported(factories.aesthetic(bob, "shown")).version)
    assert imported(draft).candidate.elsewhere == [public]


def test_an_imported_version_is_found_near_others_and_drawn_with(
    draft: Aesthetic, bob: User
) -> None:
    version = publishing.publish(imported(draft).version)
    other = publishing.publish(imported(factories.aesthetic(bob, "copy")).version)
    (nearest,) = search.neighbours(other, person=bob, most=5)
    assert nearest.version == version
    assert nearest.cosine == pytest.approx(1)
    assert list(search.browse(search.Criteria(query="mist"), person=bob)) == [draft]
    assert find_version("ada/sea-mist", person=bob) == version


def test_a_file_that_says_another_space_is_foreign(ada: User) -> None:
    error = refused(ada, formats.write_json(a_vector(), CARD), "x.json")
    assert error.code == "foreign-space"
    assert f"“clip-vit-l-14-openai”, not to “{factories.space().name}”" in error.detail


def test_a_vector_of_zeros_is_of_no_space(ada: User) -> None:
    assert refused(ada, saved(torch.zeros(768))).code == "foreign-space"


@pytest.mark.parametrize(("length", "told"), [(9e-7, "9e-07"), (1.1e6, "1.1e\\+06"), (1e30, "1e")])
def test_a_vector_too_short_or_too_long_to_be_compared_is_of_no_space(
    ada: User, length: float, told: str
) -> None:
    error = refused(ada, saved(of_length(length)))
    assert error.code == "foreign-space"
    assert re.search(f"fantasy.pt: its vector has the length {told}", error.detail)


@pytest.mark.parametrize("length", [2e-6, 9e5])
def test_one_that_can_be_compared_is_imported_whatever_its_length(
    draft: Aesthetic, bob: User, length: float
) -> None:
    version = publishing.publish(imported(draft, saved(of_length(length))).version)
    other = publishing.publish(imported(factories.aesthetic(bob, "copy")).version)
    (nearest,) = search.neighbours(other, person=bob, most=5)
    assert nearest.version == version
    assert nearest.cosine == pytest.approx(1)


def of_length(length: float) -> torch.Tensor:
    """Return the vector of the other files at another length."""
    return torch.from_numpy(length * a_vector() / np.linalg.norm(a_vector()))


def test_a_refusal_names_the_file_without_what_misleads_the_eye(ada: User) -> None:
    error = refused(ada, b"x", "a\u202etp.exe")
    assert error.code == "unsafe-file"
    assert error.detail.startswith("a\ufffdtp.exe: ")


def test_a_file_that_is_too_large_is_not_read(db: None) -> None:
    large = SimpleUploadedFile("large.pt", bytes(importing.MOST_BYTES + 1))
    with pytest.raises(importing.ImportRefused, match="has more than 262,144 bytes"):
        importing.read_upload(large)


def test_what_was_taken_down_is_not_imported_again(draft: Aesthetic, bob: User) -> None:
    version = publishing.publish(imported(draft).version)
    takedowns.take_down(version, reason="Its maker asked for it.")
    with pytest.raises(takedowns.TakenDown, match="Its maker asked"):
        imported(factories.aesthetic(bob, "copy"))


@pytest.mark.parametrize("hidden", ["deleted", "private"])
def test_nor_once_its_look_is_hidden_and_then_nothing_tells_which_it_was(
    draft: Aesthetic, bob: User, hidden: str
) -> None:
    version = publishing.publish(imported(draft).version)
    takedowns.take_down(version, reason="Its maker asked for it.")
    if hidden == "deleted":
        publishing.delete(draft)
    else:
        Aesthetic.objects.filter(pk=draft.pk).update(visibility="private")
    with pytest.raises(takedowns.VectorTakenDown) as caught:
        imported(factories.aesthetic(bob, "copy"), formats.write_npy(a_vector()), "x.npy")
    assert caught.value.code == "taken-down"
    for secret in ("ada", "sea-mist", "maker"):
        assert secret not in caught.value.detail


def test_a_deleted_aesthetic_takes_no_import(draft: Aesthetic) -> None:
    publishing.delete(draft)
    with pytest.raises(importing.ImportRefused) as caught:
        imported(draft)
    assert caught.value.code == "not-found"


def test_imports_count_as_builds_of_the_day(
    draft: Aesthetic, settings: pytest.FixtureRequest
) -> None:
    settings.QUOTA_BUILDS = 1  # type: ignore[attr-defined]
    imported(draft)
    with pytest.raises(QuotaExceeded):
        imported(draft, formats.write_npy(a_vector(1)))


def test_files_of_one_vector_are_counted_although_they_are_one_version(
    draft: Aesthetic, settings: Settings
) -> None:
    settings.QUOTA_IMPORTS = 2
    imported(draft)
    again = imported(draft, formats.write_npy(a_vector()), "fantasy.npy")
    assert not again.is_new
    with pytest.raises(QuotaExceeded) as caught:
        imported(draft, formats.write_pt(a_vector()))
    assert "today's 2 imported files" in caught.value.detail
    assert ImportedFile.objects.count() == 2


def test_the_fingerprint_compares_with_what_is_public_and_was_measured(
    draft: Aesthetic, bob: User
) -> None:
    assert imported(draft).version.fingerprint == "unknown"
    for number in range(9):
        factories.shelved(factories.aesthetic(bob, f"look-{number}"))
    unusual = imported(draft, formats.write_npy(a_vector(1)), "a.npy").version
    assert unusual.fingerprint == "unusual"
    assert "9 published means" in unusual.finding
    alike = np.random.default_rng(7).normal(0, 0.1, 768).astype(np.float32)
    alike[0] += 4
    assert imported(draft, formats.write_npy(alike), "b.npy").version.fingerprint == "consistent"
    Aesthetic.objects.filter(owner=bob).update(visibility="private")
    hidden = imported(draft, formats.write_npy(a_vector(2)), "c.npy").version
    assert hidden.fingerprint == "unknown"


def test_the_fingerprint_compares_with_one_mean_of_each_look(draft: Aesthetic, bob: User) -> None:
    """Two versions of a look are nearly one vector, and looks are not that near each other."""
    rng = np.random.default_rng(8)
    shared, *own, new = rng.normal(0, 1, (11, 768)) / np.sqrt(768)  # each of length 1 or so
    for number, each in enumerate(own):
        look = factories.aesthetic(bob, f"look-{number}")
        for _ in range(2):
            slightly = rng.normal(0, 0.001, 768)
            factories.shelved(look, vector=0.6 * shared + 0.8 * each + slightly)
    real = (0.6 * shared + 0.8 * new).astype(np.float32)
    version = imported(draft, formats.write_npy(real), "a.npy").version
    assert version.fingerprint == "consistent", version.finding
    assert "9 published means" in version.finding


@pytest.mark.django_db(transaction=True)
def test_many_imports_of_one_vector_at_once_make_one_version() -> None:
    draft = factories.aesthetic(factories.person("ada"))
    factories.space()
    made: list[bool] = []
    in_threads(6, lambda: made.append(imported(draft).is_new))
    assert sorted(made) == [False] * 5 + [True]
    assert Version.objects.count() == ImportedFile.objects.count() == 1


@pytest.mark.parametrize("share", ["QUOTA_IMPORTS", "QUOTA_BUILDS"])
@pytest.mark.django_db(transaction=True)
def test_imports_at_one_moment_do_not_pass_a_share_together(settings: Settings, share: str) -> None:
    ada = factories.person("ada")
    setattr(settings, share, 1)
    prepared = [
        (
            factories.aesthetic(ada, f"look-{number}"),
            importing.examine(
                "fantasy.pt",
                saved(torch.from_numpy(a_vector()).reshape(1, 768) * (1 + number)),
                space=factories.space(),
                person=ada,
            ),
        )
        for number in range(4)
    ]
    assert refused_at_once(4, lambda: importing.import_into(*prepared.pop())) == 3
    assert (Version.objects.count(), ImportedFile.objects.count()) == (1, 1)
