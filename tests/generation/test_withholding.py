"""Keepers take drawings and sheets back from everybody; their owners read why."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from generation import sharing, sheets, withholding
from generation.models import Generation, Sheet
from registry.models import Version
from tests import factories
from tests.answers import problem
from tests.generation.drawn_sheets import PROMPT, drawn, drawn_doses

REASON = "It shows a neighbour."
DRAWINGS, SHEETS = "/admin/generation/generation/", "/admin/generation/sheet/"


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    """A browser in which ada is signed in."""
    client.force_login(ada)
    return client


@pytest.fixture
def shared(finished: Generation) -> Generation:
    sharing.share(finished)
    finished.refresh_from_db()
    return finished


@pytest.fixture
def sheet(ada: User, version: Version) -> Sheet:
    """Six drawings, all of them ready, shared with their sheet."""
    made = drawn_doses(ada, version)
    sharing.share_sheet(made)
    made.refresh_from_db()
    return made


def keeper(*permissions: str) -> Client:
    person = User.objects.create(username="keeper", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return client


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# --- A drawing ----------------------------------------------------------------------------------


def test_a_keeper_takes_a_drawing_back_after_giving_a_reason(shared: Generation) -> None:
    client = keeper("view_generation", "withhold_generation")
    assert str(shared.pk) in html(client.get(DRAWINGS, {"q": str(shared.pk)}))
    asked = {"action": "withhold", "_selected_action": [str(shared.pk)]}
    assert "a lighthouse at night" in html(client.post(DRAWINGS, asked))
    assert "This field is required." in html(client.post(DRAWINGS, {**asked, "reason": ""}))
    assert Client().get(f"/drawings/{shared.pk}").status_code == 200

    assert client.post(DRAWINGS, {**asked, "reason": REASON}).status_code == 302
    assert Client().get(f"/drawings/{shared.pk}")["Location"].startswith("/accounts/login/")
    history = html(client.get(f"{DRAWINGS}{shared.pk}/history/"))
    assert f"Taken back: {REASON}" in history


def test_whoever_may_only_look_takes_nothing_back(shared: Generation) -> None:
    client = keeper("view_generation")
    asked = {"action": "withhold", "_selected_action": [str(shared.pk)], "reason": REASON}
    client.post(DRAWINGS, asked)
    assert Client().get(f"/drawings/{shared.pk}").status_code == 200


def test_its_owner_reads_why_and_cannot_share_it_again(
    page: Client, ada: User, shared: Generation
) -> None:
    assert withholding.withhold(shared, reason=REASON)
    assert not withholding.withhold(shared, reason="Another one.")
    path = f"/drawings/{shared.pk}"
    told = html(page.get(path))
    assert f"can&#x27;t be shared again. The reason: {REASON}" in told
    assert f'action="{path}/share"' not in told
    assert REASON in html(page.post(f"{path}/share", follow=True))
    answer = page.put(f"/api/v1/generations/{shared.pk}/share", headers=factories.bearer(ada))
    assert REASON in problem(answer, 409, "not-shareable")["detail"]
    assert not Generation.objects.share(shared.pk)
    shared.refresh_from_db()
    assert (shared.shared_at, shared.is_shareable) == (None, False)


def test_the_database_holds_that_what_is_withheld_is_not_shared(shared: Generation) -> None:
    with pytest.raises(IntegrityError, match="withheld_is_not_shared"), transaction.atomic():
        Generation.objects.filter(pk=shared.pk).update(withheld_at=timezone.now())


def test_a_keeper_lets_its_owner_share_it_again(page: Client, shared: Generation) -> None:
    withholding.withhold(shared, reason=REASON)
    client = keeper("view_generation", "withhold_generation")
    client.post(DRAWINGS, {"action": "release", "_selected_action": [str(shared.pk)]})
    assert Client().get(f"/drawings/{shared.pk}").status_code == 302  # not shared by that
    assert "Its owner may share it again." in html(client.get(f"{DRAWINGS}{shared.pk}/history/"))
    page.post(f"/drawings/{shared.pk}/share")
    assert Client().get(f"/drawings/{shared.pk}").status_code == 200


def test_what_somebody_shared_who_left_is_not_shown(
    shared: Generation, sheet: Sheet, bob: User
) -> None:
    User.objects.filter(pk=shared.owner_id).update(is_active=False)
    assert not Generation.objects.shared_with(bob).exists()
    assert not Sheet.objects.shared_with(bob).exists()
    assert not Generation.objects.get(pk=shared.pk).is_public


# --- A sheet ------------------------------------------------------------------------------------


def test_a_sheet_is_taken_back_with_its_drawings(page: Client, sheet: Sheet) -> None:
    client = keeper("view_sheet", "withhold_generation")
    asked = {"action": "withhold", "_selected_action": [str(sheet.pk)]}
    assert "of ada" in html(client.post(SHEETS, asked))
    client.post(SHEETS, {**asked, "reason": REASON})
    assert Client().get(f"/sheets/{sheet.pk}").status_code == 302
    assert f"The reason: {REASON}" in html(page.get(f"/sheets/{sheet.pk}"))
    assert REASON in html(page.post(f"/sheets/{sheet.pk}/share", follow=True))
    for cell in sheet.cells.all():
        assert REASON in html(page.post(f"/drawings/{cell.pk}/share", follow=True))
    assert not Generation.objects.filter(shared_at__isnull=False).exists()
    assert f"Taken back: {REASON}" in html(client.get(f"{SHEETS}{sheet.pk}/history/"))


def test_a_sheet_without_the_drawing_that_was_taken_back_may_be_shared(sheet: Sheet) -> None:
    cell = sheet.cells.first()
    assert cell is not None
    withholding.withhold(cell, reason=REASON)
    sharing.unshare_sheet(sheet)
    sharing.share_sheet(sheet)
    assert sheet.cells.filter(shared_at__isnull=False).count() == 5


@pytest.fixture
def prompts(ada: User, version: Version) -> Sheet:
    """One look by two prompts, shared."""
    made = sheets.queue_looks_by_prompts(ada, versions=[version], prompts=["a cat", "a neighbour"])
    for cell in made.cells.all():
        drawn(cell)
    sharing.share_sheet(made)
    return made


def test_words_of_which_nothing_is_shown_any_more_are_not_told_to_others(
    page: Client, ada: User, prompts: Sheet
) -> None:
    path, listed = f"/sheets/{prompts.pk}", "/ada/sea-mist/drawings"
    api, of_look = f"/api/v1{path}", "/api/v1/aesthetics/ada/sea-mist/sheets"
    assert Client().get(api).json()["columns"] == ["a cat", "a neighbour"]
    withholding.withhold(prompts.cells.get(column=1), reason=REASON)
    for each in (path, listed, f"{listed}/newest"):
        shown = html(Client().get(each))
        assert "a cat" in shown, each
        assert "neighbour" not in shown, each
    assert Client().get(api).json()["columns"] == ["a cat", ""]
    assert Client().get(of_look).json()["items"][0]["columns"] == ["a cat", ""]
    assert "a neighbour" in html(page.get(path))
    own = page.get(api, headers=factories.bearer(ada)).json()
    assert own["columns"] == ["a cat", "a neighbour"]


def test_nothing_is_told_of_a_row_and_a_prompt_of_which_nothing_is_shown(
    sheet: Sheet, version: Version
) -> None:
    for cell in sheet.cells.filter(row=0):
        withholding.withhold(cell, reason=REASON)
    shown = html(Client().get(f"/sheets/{sheet.pk}"))
    assert ("0 steps" in shown, "5 steps" in shown) == (False, True)
    for cell in sheet.cells.filter(row=1):
        withholding.withhold(cell, reason=REASON)
    shown = html(Client().get(f"/sheets/{sheet.pk}"))
    assert PROMPT not in shown
    assert "2 by 3 doses by seeds" in shown


def test_the_keeper_is_told_what_of_a_drawing_stays_on_its_sheet(prompts: Sheet) -> None:
    client = keeper("view_generation", "withhold_generation")
    chosen = prompts.cells.get(column=1)
    asked = {"action": "withhold", "_selected_action": [str(chosen.pk)]}
    assert "To hide them too, take back the sheet." in html(client.post(DRAWINGS, asked))
    sharing.unshare_sheet(prompts)
    assert "take back the sheet" not in html(client.post(DRAWINGS, asked))


def test_a_sheet_is_given_free_but_for_what_was_taken_back_before(sheet: Sheet) -> None:
    cell = sheet.cells.first()
    assert cell is not None
    withholding.withhold(cell, reason=REASON)
    assert withholding.withhold_sheet(sheet, reason=REASON)
    assert not withholding.withhold_sheet(sheet, reason=REASON)
    assert withholding.release_sheet(sheet)
    assert not withholding.release_sheet(sheet)
    assert [each.pk for each in sheet.cells.filter(withheld_at__isnull=False)] == [cell.pk]
    sharing.share_sheet(sheet)
    assert sheet.cells.filter(shared_at__isnull=False).count() == 5
