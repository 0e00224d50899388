"""`manage.py verify`: what a hostile hand changes in rows and bytes is named."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry import auditing, blending, blobs, formats, importing, publishing, queueing
from registry.management.commands import verify
from registry.models import Aesthetic, Feature, Space, Version, VersionFile, VersionMember
from tests import factories

OTHER = "sha256:" + "0" * 64
TABLES = ("version", "versionfile", "versionmember")


@contextmanager
def unsealed() -> Iterator[None]:
    """Do what the owner of the database can do: switch the seals off, and on again."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE registry_{table} DISABLE TRIGGER {table}_is_sealed")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE registry_{table} ENABLE TRIGGER {table}_is_sealed")


def path_of(digest: str, media_folder: Path) -> Path:
    return media_folder / blobs.path_of(digest)


def named() -> list[str]:
    """Return every deviation as its subject's kind and what deviates."""
    found = [each for checked in auditing.audit() for each in checked.deviations]
    return [f"{each.subject.partition(' ')[0]}: {each.what}" for each in found]


def run(*options: str) -> str:
    """Run the command on a hub that is as it should be; return what it prints."""
    output = StringIO()
    call_command("verify", *options, stdout=output, stderr=StringIO())
    return output.getvalue()


def refuse(*options: str) -> tuple[str, str]:
    """Run the command on a hub that is not; return what it prints, and its last word."""
    output = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("verify", *options, stdout=output, stderr=StringIO())
    assert refused.value.returncode == 1
    return output.getvalue(), str(refused.value)


def test_all_is_as_it_should_be(version: Version, bob: User) -> None:
    factories.built(factories.aesthetic(bob, "draft"))
    contrast = factories.aesthetic(bob, "contrast")
    factories.members(contrast, 5, first=500)
    factories.members(contrast, 5, "away", first=600)  # type: ignore[arg-type]
    factories.published(contrast)
    blobs.ensure_blob(b"what no row of the registry names")
    assert named() == []
    assert run() == (
        "Looked at 3 versions, 20 images, 1 other file: all are what they are called.\n"
    )


def test_a_hub_without_anything_is_right(db: None) -> None:
    assert run() == "Looked at nothing: all are what they are called.\n"


def test_a_version_that_waits_has_a_recipe_to_check(draft: Aesthetic, version: Version) -> None:
    factories.members(draft, 2, first=300)
    factories.features(draft, factories.space())
    waiting = queueing.queue_build(draft).version
    assert named() == []
    Version.objects.filter(pk=waiting.pk).update(recipe=b"{}")
    assert named() == [
        "ada/sea-mist@draft: recipe, members of the set",
        "ada/sea-mist@draft: recipe, architecture of the space",
        "ada/sea-mist@draft: recipe, weights of the space",
        "ada/sea-mist@draft: recipe, preprocessing of the space",
        "ada/sea-mist@draft: recipe, width of the space",
        "ada/sea-mist@draft: recipe digest",
        "ada/sea-mist@draft: recipe, construction",
        "ada/sea-mist@draft: recipe, name of the space",
    ]


COLUMNS: list[tuple[dict[str, object], list[str]]] = [
    ({"vector": [1.0] * 768}, ["vector digest"]),
    (
        {"vector_digest": OTHER},
        [
            "manifest, vnd.aesthetic-embedding.vector-digest",
            *(f"file sea-mist.{kind}, vector digest" for kind in ("json", "npy", "pt")),
            "file sea-mist.safetensors, vector digest",
            "vector digest",
        ],
    ),
    (
        {"image_set_digest": OTHER},
        ["manifest, vnd.aesthetic-embedding.image-set-digest", "image-set digest"],
    ),
    (
        {"version_digest": OTHER},
        ["version digest, the sha256 of the manifest", "stored manifest"],
    ),
    (
        {"manifest": b"{}"},
        [
            "version digest, the sha256 of the manifest",
            "manifest",
            "stored manifest, bytes",
        ],
    ),
    ({"image_count": 6}, ["number of images", "manifest, vnd.aesthetic-embedding.images"]),
    ({"resultant_length": 1.0}, ["manifest, vnd.aesthetic-embedding.resultant-length"]),
    (
        {"construction": "contrast"},
        ["recipe, construction", "manifest, vnd.aesthetic-embedding.construction"],
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"), COLUMNS, ids=[next(iter(change)) for change, _ in COLUMNS]
)
def test_a_changed_column_is_named(
    version: Version, change: dict[str, object], expected: list[str]
) -> None:
    with unsealed():
        Version.objects.filter(pk=version.pk).update(**change)
    assert named() == [f"ada/sea-mist@v1: {what}" for what in expected]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"weights": OTHER}, "recipe, weights of the space"),
        ({"architecture": "another"}, "recipe, architecture of the space"),
        ({"preprocessing": {"size": 224}}, "recipe, preprocessing of the space"),
    ],
)
def test_a_changed_space_is_named(version: Version, change: dict[str, object], what: str) -> None:
    Space.objects.update(**change)
    assert named() == [f"ada/sea-mist@v1: {what}"]


def test_a_version_given_to_another_aesthetic_is_named(version: Version, bob: User) -> None:
    other = factories.aesthetic(bob, "other")
    with unsealed():
        Version.objects.filter(pk=version.pk).update(aesthetic=other)
    assert named() == ["bob/other@v1: manifest, org.opencontainers.image.ref.name"]


def test_a_changed_recipe_is_named(version: Version) -> None:
    recipe = bytes(version.recipe).replace(b'"mean"', b'"import"')
    with unsealed():
        Version.objects.filter(pk=version.pk).update(recipe=recipe)
    found = named()
    assert "ada/sea-mist@v1: recipe digest" in found
    assert "ada/sea-mist@v1: recipe, construction" in found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"digest": OTHER}, ["manifest, entry of sea-mist.npy", "file sea-mist.npy"]),
        ({"size": 5}, ["manifest, entry of sea-mist.npy", "file sea-mist.npy, bytes"]),
        (
            {"name": "other.npy"},
            ["manifest, entry of other.npy", "manifest, entry of sea-mist.npy"],
        ),
    ],
)
def test_a_changed_row_of_a_file_is_named(
    version: Version, change: dict[str, object], expected: list[str]
) -> None:
    with unsealed():
        VersionFile.objects.filter(name="sea-mist.npy").update(**change)
    assert [what for what in named() if "ada/" in what] == [
        f"ada/sea-mist@v1: {what}" for what in expected
    ]


def test_a_removed_row_of_a_file_is_named(version: Version) -> None:
    with unsealed():
        VersionFile.objects.filter(name="sea-mist.pt").delete()
    assert named() == ["ada/sea-mist@v1: manifest, entry of sea-mist.pt"]


def test_a_picture_put_into_or_taken_from_the_snapshot_is_named(version: Version) -> None:
    with unsealed():
        VersionMember.objects.filter(version=version).first().delete()  # type: ignore[union-attr]
    assert named() == [
        "ada/sea-mist@v1: recipe, members of the set",
        "ada/sea-mist@v1: number of images",
        "ada/sea-mist@v1: image-set digest",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda: Feature.objects.filter(pk=first_feature()).update(pixels=OTHER), "image-set"),
        (lambda: Feature.objects.filter(pk=first_feature()).delete(), "feature of the image"),
    ],
)
def test_other_pixels_than_those_that_were_measured_are_named(
    version: Version, change: Callable[[], object], expected: str
) -> None:
    change()
    (what,) = named()
    assert what.startswith(f"ada/sea-mist@v1: {expected}")


def first_feature() -> int:
    return Feature.objects.order_by("pk").values_list("pk", flat=True)[0]


@pytest.mark.parametrize("kind", ["safetensors", "pt", "npy", "json"])
def test_changed_bytes_of_a_file_are_named(version: Version, media_folder: Path, kind: str) -> None:
    file = version.files.get(name=f"sea-mist.{kind}")
    path = path_of(file.digest, media_folder)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    found = named()
    assert f"ada/sea-mist@v1: file sea-mist.{kind}, sha256" in found
    assert {what.partition(",")[0] for what in found} == {f"ada/sea-mist@v1: file sea-mist.{kind}"}


def test_missing_bytes_are_named(version: Version, media_folder: Path) -> None:
    picture = version.members.select_related("image")[0].image
    file = version.files.get(name="sea-mist.pt")
    gone = [picture.digest, file.digest, version.version_digest, version.recipe_digest]
    for digest in gone:
        path_of(digest, media_folder).unlink()
    found = [each for checked in auditing.audit() for each in checked.deviations]
    assert [(each.what, each.expected, each.found) for each in found] == [
        ("file sea-mist.pt", file.digest, "nothing"),
        ("stored manifest", version.version_digest, "nothing"),
        ("stored recipe", version.recipe_digest, "nothing"),
        ("stored bytes", picture.digest, "nothing"),
    ]


def test_a_missing_thumbnail_is_named(version: Version, media_folder: Path) -> None:
    picture = version.members.select_related("image")[0].image
    path = blobs.thumbnail_path(picture.digest)
    (media_folder / path).unlink()
    (found,) = [each for checked in auditing.audit() for each in checked.deviations]
    assert found.subject == f"image {picture.digest} (image {picture.pk})"
    assert (found.what, found.expected, found.found) == ("thumbnail", path, "nothing")


def test_changed_bytes_of_a_picture_are_named(version: Version, media_folder: Path) -> None:
    picture = version.members.select_related("image")[0].image
    path = path_of(picture.digest, media_folder)
    path.write_bytes(path.read_bytes() + b"x")
    assert named() == ["image: stored bytes, sha256", "image: stored bytes"]


def test_changed_bytes_that_no_row_names_are_named(db: None, media_folder: Path) -> None:
    digest = blobs.ensure_blob(b"a drawing")
    path_of(digest, media_folder).write_bytes(b"another drawing")
    assert named() == [f"{blobs.path_of(digest)}: stored bytes, sha256"]


def test_a_file_that_is_being_written_is_none_of_ours(db: None, media_folder: Path) -> None:
    digest = blobs.ensure_blob(b"a drawing")
    (path_of(digest, media_folder).parent / "tmpk2x9").write_bytes(b"a dra")
    assert named() == []


def test_the_command_says_each_deviation_and_ends_with_one(version: Version) -> None:
    with unsealed():
        Version.objects.filter(pk=version.pk).update(vector=[1.0] * 768)
    printed, last_word = refuse()
    assert printed.startswith(f"ada/sea-mist@v1 (version {version.pk}): vector digest: expected ")
    assert version.vector_digest in printed
    assert last_word == "1 deviation in 1 version, 5 images."


def test_the_command_says_it_to_programs(version: Version) -> None:
    assert json.loads(run("--json")) == {
        "checked": {"versions": 1, "images": 5},
        "deviations": [],
    }
    with unsealed():
        Version.objects.filter(pk=version.pk).update(version_digest=OTHER)
    printed, _ = refuse("--json")
    assert json.loads(printed)["deviations"] == [
        {
            "subject": f"ada/sea-mist@v1 (version {version.pk})",
            "what": "version digest, the sha256 of the manifest",
            "expected": OTHER,
            "found": version.version_digest,
        },
        {
            "subject": f"ada/sea-mist@v1 (version {version.pk})",
            "what": "stored manifest",
            "expected": OTHER,
            "found": "nothing",
        },
    ]


def test_the_command_tells_how_far_it_is_beside_its_result(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PAUSE", 0)
    output, errors = StringIO(), StringIO()
    call_command("verify", stdout=output, stderr=errors)
    assert output.getvalue() == "Looked at 1 version, 5 images: all are what they are called.\n"
    assert errors.getvalue().splitlines()[::5] == ["1 version", "1 version, 5 images"]


def test_more_versions_are_no_more_queries(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        factories.published(factories.aesthetic(ada, f"look-{number}"))
    with django_assert_num_queries(4):  # versions, files, members with images, features
        assert len(list(auditing.audit_versions())) == 3
    for number in range(3, 6):
        factories.published(factories.aesthetic(ada, f"look-{number}"))
    with django_assert_num_queries(4):
        assert len(list(auditing.audit_versions())) == 6
    with django_assert_num_queries(1):
        assert len(list(auditing.audit_images())) == 30


def test_imports_and_blends_are_audited_as_what_they_are(version: Version, ada: User) -> None:
    data = formats.write_npy(np.linspace(-1, 1, 768, dtype=np.float32))
    found = importing.examine("from-afar.npy", data, space=version.space, person=ada)
    into = factories.aesthetic(ada, "from-afar", licence="CC-BY-4.0")
    imported = publishing.publish(importing.import_into(into, found).version)
    order = blending.Order("weighted-mean", [(version, None), (imported, -0.5)])
    mixed = factories.aesthetic(ada, "mixed", licence="CC-BY-4.0")
    publishing.publish(blending.blend_into(mixed, blending.examine(order)).version)
    assert named() == []
    with unsealed():  # a parent becomes another, which its own file and digest say as well
        Version.objects.filter(pk=version.pk).update(vector=np.ones(768).tolist())
    assert "ada/mixed@v1: vector, made of its parents again" in named()
