"""Published rows are sealed by the database, whoever tries."""

from collections.abc import Callable
from uuid import UUID

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from registry import formats, importing, publishing
from registry.models import Aesthetic, ImportedFile, Side, Version, VersionFile, VersionMember
from tests import factories

SEALED = "is published and cannot be|of a published version cannot be changed"


def refused(change: Callable[[], object], match: str = SEALED) -> None:
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        change()


def sql(text: str, *values: str | int | UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"number": None, "published_at": None},
        {"vector": [1.0] * 768},
        {"vector_digest": "sha256:" + "0" * 64},
        {"manifest": b"{}"},
        {"version_digest": "sha256:" + "0" * 64},
        {"recipe": b"{}"},
        {"image_count": 500},
        {"state": "failed", "reason": "x"},
        {"published_at": timezone.now()},
        {"resultant_length": 1.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_column_of_a_published_version_changes(
    version: Version, change: dict[str, object]
) -> None:
    refused(lambda: Version.objects.filter(pk=version.pk).update(**change))


def test_saving_a_changed_row_is_refused(version: Version) -> None:
    version.image_count = 6
    refused(version.save)


def test_raw_sql_is_refused(version: Version) -> None:
    refused(lambda: sql("UPDATE registry_version SET image_count = 6 WHERE id = %s", version.pk))
    refused(lambda: sql("DELETE FROM registry_version WHERE id = %s", version.pk))


def test_a_published_version_is_not_deleted(version: Version) -> None:
    refused(version.delete)
    refused(Version.objects.all().delete)
    assert Version.objects.filter(pk=version.pk).exists()


def test_the_files_of_a_published_version_do_not_change(version: Version) -> None:
    files = VersionFile.objects.filter(version=version)
    refused(lambda: files.update(digest="sha256:" + "0" * 64))
    refused(files.delete)
    refused(
        lambda: VersionFile.objects.create(
            version=version, name="x", media_type="x", size=1, digest="sha256:" + "0" * 64
        )
    )


def test_files_are_not_moved_from_or_to_a_published_version(version: Version) -> None:
    other = factories.built(factories.aesthetic(version.aesthetic.owner, "other"))
    refused(lambda: VersionFile.objects.filter(version=version).update(version=other))
    refused(lambda: VersionFile.objects.filter(version=other).update(version=version))


def test_the_snapshot_of_a_published_version_does_not_change(version: Version) -> None:
    members = VersionMember.objects.filter(version=version)
    image = members[0].image
    refused(lambda: members.update(side=Side.AWAY))
    refused(members.delete)
    refused(lambda: VersionMember.objects.create(version=version, image=image, side=Side.AWAY))


def test_the_aesthetic_of_a_published_version_is_not_removed(version: Version) -> None:
    with pytest.raises(ProtectedError):
        Aesthetic.objects.all().delete()
    with pytest.raises(ProtectedError):
        User.objects.all().delete()


def test_the_yank_may_change_and_needs_a_reason(version: Version) -> None:
    rows = Version.objects.filter(pk=version.pk)
    refused(lambda: rows.update(yanked_at=timezone.now()), "version_yanked_has_a_reason")
    refused(lambda: rows.update(yank_reason="Because."), "version_yanked_has_a_reason")
    assert rows.update(yanked_at=timezone.now(), yank_reason="Because.") == 1


def test_the_takedown_may_change_and_needs_a_reason(version: Version) -> None:
    rows = Version.objects.filter(pk=version.pk)
    named = "version_taken_down_has_a_reason"
    refused(lambda: rows.update(taken_down_at=timezone.now()), named)
    refused(lambda: rows.update(takedown_reason="Because."), named)
    assert rows.update(taken_down_at=timezone.now(), takedown_reason="Because.") == 1


def test_a_successor_is_named_of_withdrawn_versions_only_and_never_itself(
    version: Version,
) -> None:
    other = factories.shelved(version.aesthetic)
    rows = Version.objects.filter(pk=version.pk)
    refused(lambda: rows.update(superseded_by=other), "version_superseded_is_yanked")
    rows.update(yanked_at=timezone.now(), yank_reason="Because.")
    refused(lambda: rows.update(superseded_by=version), "version_superseded_is_yanked")
    assert rows.update(superseded_by=other) == 1


def test_with_yank_and_takedown_nothing_else_passes(version: Version) -> None:
    rows = Version.objects.filter(pk=version.pk)
    reasons = {"taken_down_at": timezone.now(), "takedown_reason": "Because."}
    refused(lambda: rows.update(**reasons, image_count=6))
    refused(
        lambda: sql(
            "UPDATE registry_version SET yanked_at = now(), yank_reason = 'x', fingerprint = 'x'"
            " WHERE id = %s",
            version.pk,
        )
    )
    version.yanked_at, version.yank_reason, version.number = timezone.now(), "Because.", 7
    refused(version.save)


@pytest.fixture
def imported(draft: Aesthetic) -> Version:
    data = formats.write_npy(np.ones(768, dtype=np.float32))
    candidate = importing.examine("x.npy", data, space=factories.space(), person=draft.owner)
    return publishing.publish(importing.import_into(draft, candidate).version)


@pytest.mark.parametrize("change", [{"fingerprint": "consistent"}, {"finding": "All is well."}])
def test_what_was_said_of_an_import_is_sealed(imported: Version, change: dict[str, str]) -> None:
    refused(lambda: Version.objects.filter(pk=imported.pk).update(**change))


def test_the_remembered_files_stay_as_they_are_and_others_may_come(imported: Version) -> None:
    files = ImportedFile.objects.filter(version=imported)
    digest = "sha256:" + "0" * 64
    refused(lambda: files.update(digest=digest))
    refused(files.delete)
    refused(lambda: sql("DELETE FROM registry_importedfile"))
    ImportedFile.objects.create(version=imported, digest=digest, kind="pt", size=1)


@pytest.mark.parametrize(
    "change", [{"image_count": 5}, {"resultant_length": 0.5}, {"fingerprint": ""}]
)
def test_an_import_has_no_images(draft: Aesthetic, change: dict[str, object]) -> None:
    data = formats.write_npy(np.ones(768, dtype=np.float32))
    candidate = importing.examine("x.npy", data, space=factories.space(), person=draft.owner)
    rows = Version.objects.filter(pk=importing.import_into(draft, candidate).version.pk)
    refused(lambda: rows.update(**change), "version_import_has_no_images")


def test_what_was_measured_has_images_and_no_fingerprint(draft: Aesthetic) -> None:
    rows = Version.objects.filter(pk=factories.built(draft).pk)
    refused(lambda: rows.update(image_set_digest=""), "version_measured_has_images")
    refused(lambda: rows.update(fingerprint="consistent"), "version_import_has_no_images")


def test_a_build_that_was_not_published_may_still_change(draft: Aesthetic) -> None:
    built = factories.built(draft)
    assert Version.objects.filter(pk=built.pk).update(image_count=6) == 1
    built.files.all().delete()
    built.delete()


def test_published_means_ready(draft: Aesthetic) -> None:
    rows = Version.objects.filter(pk=factories.built(draft).pk)
    numbered = {"number": 1, "published_at": timezone.now()}
    refused(
        lambda: rows.update(**numbered, state="failed", reason="x"), "version_published_is_ready"
    )
    refused(lambda: rows.update(number=1), "version_published_is_ready")
    refused(lambda: rows.update(number=0, published_at=timezone.now()), "published_is_ready")


@pytest.mark.parametrize("column", ["vector", "manifest", "vector_digest", "version_digest"])
def test_ready_means_complete(draft: Aesthetic, column: str) -> None:
    rows = Version.objects.filter(pk=factories.built(draft).pk)
    nothing = None if column in {"vector", "manifest"} else ""
    refused(lambda: rows.update(**{column: nothing}), "version_ready_is_complete")


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(User.objects.create(username="keeper", is_staff=True, is_superuser=True))
    return client


def test_the_admin_shows_a_published_version_and_changes_nothing(
    admin: Client, version: Version
) -> None:
    page = f"/admin/registry/version/{version.pk}"
    assert admin.get("/admin/registry/version/").status_code == 200
    assert admin.get(f"{page}/change/").status_code == 200
    before = Version.objects.filter(pk=version.pk).values().get()
    assert admin.post(f"{page}/change/", {"image_count": 6}).status_code == 403
    assert admin.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert Version.objects.filter(pk=version.pk).values().get() == before


def test_the_admin_deletes_nobody_who_has_an_aesthetic(admin: Client, version: Version) -> None:
    owner = version.aesthetic.owner
    admin.post(f"/admin/accounts/user/{owner.pk}/delete/", {"post": "yes"})
    assert User.objects.filter(pk=owner.pk).exists()


@pytest.mark.parametrize("table", ["registry/aesthetic", "registry/space", "accounts/user"])
def test_the_other_lists_of_the_admin_render(admin: Client, version: Version, table: str) -> None:
    assert admin.get(f"/admin/{table}/").status_code == 200


def test_the_admin_hides_what_must_go(admin: Client, version: Version) -> None:
    page = f"/admin/registry/aesthetic/{version.aesthetic_id}/change/"
    form = admin.get(page).context["adminform"].form
    sent = {**form.initial, "tags": "", "visibility": "private"}
    assert admin.post(page, sent).status_code == 302
    assert not Aesthetic.objects.public().exists()
