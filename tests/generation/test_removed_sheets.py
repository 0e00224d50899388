"""A sheet removed as a whole and put back, on pages and by API."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.quotas import QuotaExceeded
from generation import sharing, sheets
from generation.models import Generation, Sheet
from generation.prompts import queue_generation
from registry.leases import JobLost, Lease
from registry.models import JobState, Version
from tests import factories
from tests.concurrency import in_threads
from tests.generation.drawn_sheets import PROMPT, doses, drawn, drawn_doses


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def sheet(ada: User, version: Version) -> Sheet:
    """Six drawings, all of them ready."""
    return drawn_doses(ada, version)


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def hidden(sheet: Sheet) -> set[tuple[int, int]]:
    """Return the places of the cells that are removed."""
    places = sheet.cells.exclude(hidden_at=None).values_list("row", "column")
    return {(row or 0, column or 0) for row, column in places}


EVERY_PLACE = {(row, column) for row in range(2) for column in range(3)}


def test_removing_hides_every_cell_and_putting_back_shows_them(sheet: Sheet) -> None:
    assert sheets.remove(sheet)
    assert not sheets.remove(sheet)
    assert hidden(sheet) == EVERY_PLACE
    assert sheets.put_back(sheet)
    assert not sheets.put_back(sheet)
    assert hidden(sheet) == set()
    assert Sheet.objects.kept().get() == sheet


def test_a_cell_that_was_removed_by_itself_does_not_come_back_with_the_sheet(
    sheet: Sheet,
) -> None:
    cell = sheet.cells.get(row=1, column=2)
    assert Generation.objects.remove(cell.pk)
    sheets.remove(sheet)
    assert not Generation.objects.remove(cell.pk)
    sheets.put_back(sheet)
    assert hidden(sheet) == {(1, 2)}
    assert Generation.objects.put_back(cell.pk)
    sheets.remove(sheet)
    sheets.put_back(sheet)
    assert hidden(sheet) == set()


def test_what_waits_or_runs_is_cancelled_and_its_worker_writes_nothing_more(
    ada: User, version: Version
) -> None:
    made = doses(ada, version)
    drawn(made.cells.get(row=0, column=0))
    lease = Lease(made.cells.get(row=0, column=1))
    assert lease.claim()
    sheets.remove(made)
    with pytest.raises(JobLost):
        lease.report(stage="drawing", done=1, total=2)
    sheets.put_back(made)
    states = list(made.cells.order_by("row", "column").values_list("state", flat=True))
    assert states == [JobState.SUCCEEDED] + [JobState.CANCELLED] * 5


def test_a_cell_of_a_removed_sheet_is_not_put_back_by_itself(page: Client, sheet: Sheet) -> None:
    cell = sheet.cells.get(row=0, column=0)
    sheets.remove(sheet)
    assert not Generation.objects.put_back(cell.pk)
    shown = html(page.get(f"/drawings/{cell.pk}"))
    assert f'You removed <a href="/sheets/{sheet.pk}">the sheet of this drawing</a>' in shown
    assert f"/drawings/{cell.pk}/put-back" not in shown
    answer = page.post(f"/drawings/{cell.pk}/put-back", follow=True)
    assert "The sheet of this drawing is removed; put the sheet back." in html(answer)
    assert answer.redirect_chain[-1][0] == f"/sheets/{sheet.pk}"
    assert hidden(sheet) == EVERY_PLACE


def test_removing_gives_no_quota_back(
    ada: User, version: Version, sheet: Sheet, settings: Settings
) -> None:
    settings.QUOTA_GENERATIONS = 6
    sheets.remove(sheet)
    with pytest.raises(QuotaExceeded):
        queue_generation(ada, version=version, prompt=PROMPT)


def test_removing_takes_back_what_is_shared_and_putting_back_does_not_share_it(
    bob: User, sheet: Sheet
) -> None:
    sharing.share_sheet(sheet)
    sheets.remove(sheet)
    sheets.put_back(sheet)
    assert not Sheet.objects.shared_with(bob).exists()
    assert not Generation.objects.shared_with(bob).exists()


def test_the_database_hides_no_shared_sheet(sheet: Sheet) -> None:
    sharing.share_sheet(sheet)
    with pytest.raises(IntegrityError, match="sheet_hidden_is_not_shared"), transaction.atomic():
        Sheet.objects.update(hidden_at=timezone.now())


# --- Pages --------------------------------------------------------------------------------------


def test_removing_is_asked_first_and_can_be_undone(page: Client, sheet: Sheet) -> None:
    path = f"/sheets/{sheet.pk}"
    assert f'href="{path}/remove"' in html(page.get(path))
    asked = html(page.get(f"{path}/remove"))
    assert "Remove this sheet?" in asked
    assert "“a lighthouse at night”, 2" in asked
    assert "not drawn yet" not in asked
    assert "It is shared" not in asked
    assert not hidden(sheet)

    answer = page.post(f"{path}/remove", follow=True)
    assert answer.redirect_chain == [("/sheets", 302)]
    assert "The sheet of “a lighthouse at night” is removed, with its drawings." in html(answer)
    assert f'action="{path}/put-back"' in html(answer)
    assert f'href="{path}"' not in html(answer)
    assert "put-back" not in html(page.get("/sheets"))  # told once

    answer = page.post(f"{path}/put-back", follow=True)
    assert "The sheet is among yours again." in html(answer)
    assert f'href="{path}"' in html(page.get("/sheets"))


def test_what_removing_ends_and_takes_back_is_said_before(
    page: Client, ada: User, version: Version, sheet: Sheet
) -> None:
    sharing.share_sheet(sheet)
    assert "It is shared. Removing takes it and" in html(page.get(f"/sheets/{sheet.pk}/remove"))
    waiting = doses(ada, version, steps=[5], seeds=[1, 2])
    path = f"/sheets/{waiting.pk}/remove"
    assert "2 drawings are not drawn yet: removing ends them" in html(page.get(path))
    drawn(waiting.cells.get(column=0))
    assert "1 drawing is not drawn yet: removing ends it" in html(page.get(path))


def test_a_removed_sheet_is_one_entry_among_what_is_removed(page: Client, sheet: Sheet) -> None:
    cell = sheet.cells.get(row=0, column=0)
    Generation.objects.remove(cell.pk)
    answer = page.get("/drawings/removed")
    assert [drawing.pk for drawing in answer.context["page"]] == [cell.pk]
    assert f"/sheets/{sheet.pk}/put-back" not in html(answer)
    sheets.remove(sheet)
    answer = page.get("/drawings/removed")
    assert list(answer.context["page"]) == []
    assert f'action="/sheets/{sheet.pk}/put-back"' in html(answer)
    assert "You have removed nothing." not in html(answer)


def test_many_removed_sheets_come_in_pages(page: Client, sheet: Sheet) -> None:
    sheets.remove(sheet)
    for _ in range(25):
        made = Sheet.objects.create(owner=sheet.owner, kind="doses", rows=["0 steps"], columns=[])
        sheets.remove(made)
    answers = [page.get(f"/drawings/removed?sheets={number}") for number in (1, 2)]
    assert [html(answer).count("/put-back") for answer in answers] == [24, 2]
    assert len({each.pk for answer in answers for each in answer.context["sheets"]}) == 26
    assert "Page 1 of 2" in html(answers[0])
    assert 'href="?sheets=2"' in html(answers[0])


def test_the_page_of_a_removed_sheet_says_so_and_that_of_a_removed_cell_too(
    page: Client, sheet: Sheet
) -> None:
    cell = sheet.cells.get(row=0, column=0)
    Generation.objects.remove(cell.pk)
    shown = html(page.get(f"/sheets/{sheet.pk}"))
    assert shown.count("/personalised.png") == 5
    assert '<span class="state">removed</span>' in shown
    sheets.remove(sheet)
    shown = html(page.get(f"/sheets/{sheet.pk}"))
    assert "You removed this sheet on" in shown
    assert shown.count("/personalised.png") == 5
    assert f"/sheets/{sheet.pk}/share" not in shown


def test_a_cell_that_is_put_back_leads_to_its_sheet(page: Client, sheet: Sheet) -> None:
    cell = sheet.cells.get(row=0, column=0)
    Generation.objects.remove(cell.pk)
    answer = page.post(f"/drawings/{cell.pk}/put-back", follow=True)
    assert answer.redirect_chain == [(f"/sheets/{sheet.pk}", 302)]
    assert "The drawing is among yours again." in html(answer)


def test_removing_needs_a_form_of_ours(ada: User, sheet: Sheet) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    for action in ("remove", "put-back", "share", "unshare"):
        assert browser.post(f"/sheets/{sheet.pk}/{action}").status_code == 403, action
    assert not hidden(sheet)


# --- API ----------------------------------------------------------------------------------------


def test_a_sheet_is_removed_and_put_back_by_the_api(
    client: Client, ada: User, sheet: Sheet
) -> None:
    headers = factories.bearer(ada)
    path = f"/api/v1/sheets/{sheet.pk}"
    for _ in range(2):  # the second time is the same
        assert client.delete(path, headers=headers).status_code == 204
    assert client.get("/api/v1/sheets", headers=headers).json()["items"] == []
    assert client.get("/api/v1/generations", headers=headers).json()["items"] == []
    removed = client.get("/api/v1/sheets/removed", headers=headers).json()["items"]
    assert [each["id"] for each in removed] == [str(sheet.pk)]
    assert removed[0]["removed_at"] is not None
    assert client.get(path, headers=headers).json()["removed_at"] == removed[0]["removed_at"]
    for _ in range(2):
        answer = client.post(f"{path}/put-back", headers=headers)
        assert (answer.status_code, answer.json()["removed_at"]) == (200, None)
    assert len(answer.json()["cells"]) == 6
    assert client.get("/api/v1/sheets/removed", headers=headers).json()["items"] == []
    assert len(client.get("/api/v1/generations", headers=headers).json()["items"]) == 6


def test_removing_by_the_api_needs_the_scope_generate(
    client: Client, ada: User, sheet: Sheet
) -> None:
    reader = factories.bearer(ada, "read", "write", "publish")
    path = f"/api/v1/sheets/{sheet.pk}"
    assert client.delete(path, headers=reader).status_code == 403
    assert client.post(f"{path}/put-back", headers=reader).status_code == 403
    assert client.delete(path).status_code == 401
    assert not hidden(sheet)


@pytest.mark.django_db(transaction=True)
def test_sharing_and_removing_at_once_leave_nothing_shared_that_is_removed() -> None:
    ada = factories.person("ada")
    made = drawn_doses(ada, factories.shelved(factories.aesthetic(ada)))
    ended: list[str] = []

    def share() -> None:
        try:
            sharing.share_sheet(made)
        except sharing.SharingRefused as refusal:
            ended.append(refusal.detail)
        else:
            ended.append("shared")

    def remove() -> None:
        sheets.remove(made)
        ended.append("removed")

    turns = iter([share, remove] * 3)
    in_threads(6, lambda: next(turns)())  # noqa: PLW0108 (each thread takes its own turn)
    refused = "This sheet is removed; put it back before you share it."
    assert len(ended) == 6  # nothing was stopped by a constraint or a deadlock
    assert set(ended) <= {"shared", "removed", refused}
    assert hidden(made) == EVERY_PLACE
    assert not made.cells.filter(shared_at__isnull=False).exists()
    assert Sheet.objects.get().shared_at is None


# --- Single generations, by API -----------------------------------------------------------------


def test_a_generation_is_removed_and_put_back_by_api(
    client: Client, ada: User, finished: Generation
) -> None:
    said = factories.bearer(ada, "generate", "read")
    address = f"/api/v1/generations/{finished.pk}"
    sharing.share(finished)
    assert client.delete(address, headers=said).status_code == 204
    assert client.delete(address, headers=said).status_code == 204  # twice is the same
    assert client.get("/api/v1/generations", headers=said).json()["items"] == []
    removed = client.get("/api/v1/generations/removed", headers=said).json()["items"]
    assert [each["id"] for each in removed] == [str(finished.pk)]
    back = client.post(f"{address}/put-back", headers=said)
    assert (back.status_code, back.json()["shared_at"]) == (200, None)
    assert client.get("/api/v1/generations/removed", headers=said).json()["items"] == []


def test_a_generation_of_a_removed_sheet_is_not_put_back_by_itself(
    client: Client, ada: User, sheet: Sheet
) -> None:
    sheets.remove(sheet)
    cell, said = sheet.cells.first(), factories.bearer(ada, "generate")
    assert cell is not None
    answer = client.post(f"/api/v1/generations/{cell.pk}/put-back", headers=said)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (409, "sheet-removed")
    assert "put the sheet back" in answer.json()["detail"]


def test_others_cannot_remove_a_shared_generation(
    client: Client, bob: User, finished: Generation
) -> None:
    sharing.share(finished)
    said = factories.bearer(bob, "generate")
    assert client.delete(f"/api/v1/generations/{finished.pk}", headers=said).status_code == 403
    assert (
        client.post(f"/api/v1/generations/{finished.pk}/put-back", headers=said).status_code == 403
    )
    finished.refresh_from_db()
    assert finished.hidden_at is None
