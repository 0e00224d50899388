"""A changed card, by page, API and admin, while others write to the same row."""

from collections.abc import Callable

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.models import User
from registry import editing
from registry.models import Aesthetic
from tests import factories
from tests.answers import Answer, problem
from tests.concurrency import before_writing

pytestmark = pytest.mark.django_db(transaction=True)  # others' writes are committed

CARD = {"title": "Haze", "licence": "CC-BY-4.0", "rating": "general", "visibility": "public"}
TABLE = "registry_aesthetic"

Edit = Callable[[Aesthetic], Answer]


def by_page(draft: Aesthetic) -> Answer:
    client = Client()
    client.force_login(draft.owner)
    return client.post(f"/{draft.ref}/edit", CARD)


def by_api(draft: Aesthetic) -> Answer:
    client, headers = Client(), factories.bearer(draft.owner)
    return client.patch(
        f"/api/v1/aesthetics/{draft.ref}", {"title": "Haze"}, "application/json", headers=headers
    )


def by_admin(draft: Aesthetic) -> Answer:
    client = Client()
    client.force_login(User.objects.create_superuser("keeper"))
    return client.post(f"/admin/registry/aesthetic/{draft.pk}/change/", CARD)


@pytest.mark.parametrize("edit", [by_page, by_api, by_admin])
def test_what_the_hub_writes_meanwhile_stands(draft: Aesthetic, edit: Edit) -> None:
    rows, now = Aesthetic.objects.filter(pk=draft.pk), timezone.now()
    others = {"published_at": now, "download_count": F("download_count") + 1}
    with before_writing(TABLE, lambda: rows.update(**others)):
        edit(draft)
    changed = rows.get()
    assert (changed.title, changed.published_at, changed.download_count) == ("Haze", now, 1)
    assert changed.updated_at > draft.updated_at


@pytest.mark.parametrize("edit", [by_page, by_api, by_admin])
def test_what_is_deleted_meanwhile_stays_deleted(draft: Aesthetic, edit: Edit) -> None:
    rows = Aesthetic.objects.filter(pk=draft.pk)
    with before_writing(TABLE, lambda: rows.update(deleted_at=timezone.now())):
        edit(draft)
    assert rows.get().deleted_at is not None


def test_who_edits_what_was_deleted_meanwhile_is_told(draft: Aesthetic) -> None:
    def delete() -> object:
        return Aesthetic.objects.update(deleted_at=timezone.now())

    with before_writing(TABLE, delete):
        page = by_page(draft)
    assert "ada/sea-mist was deleted." in page.content.decode()
    Aesthetic.objects.update(deleted_at=None)
    with before_writing(TABLE, delete):
        body = problem(by_api(draft), 404, "not-found")
    assert body["detail"] == "ada/sea-mist was deleted."


def test_two_changes_of_different_fields_both_stand(draft: Aesthetic) -> None:
    stale = Aesthetic.objects.get(pk=draft.pk)
    editing.change_card(draft, {"title": "Haze"})
    editing.change_card(stale, {"tags": ["grey"]})
    draft.refresh_from_db()
    assert (draft.title, draft.tags) == ("Haze", ["grey"])
