"""A sheet shared as a whole and taken back, on pages and by API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from generation import sharing, sheets
from generation.models import Generation, Sheet
from registry import publishing
from registry.models import Aesthetic, JobState, Version
from tests import factories
from tests.answers import problem
from tests.generation.drawn_sheets import PROMPT, doses, drawn, drawn_doses

OF_LOOK = "/ada/sea-mist/drawings"


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def stranger(bob: User) -> Client:
    visitor = Client()
    visitor.force_login(bob)
    return visitor


@pytest.fixture
def other(version: Version) -> Version:
    return factories.shelved(factories.aesthetic(factories.person("eve"), "ink", title="Ink"))


@pytest.fixture
def sheet(ada: User, version: Version) -> Sheet:
    """Six drawings, all of them ready."""
    return drawn_doses(ada, version)


@pytest.fixture
def looks(version: Version, other: Version) -> Sheet:
    """Two looks by two prompts, all ready; its owner owns neither look."""
    made = sheets.queue_looks_by_prompts(
        factories.person("cleo"), versions=[version, other], prompts=["a cat", "a house"]
    )
    for cell in made.cells.all():
        drawn(cell)
    return made


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def shared_places(sheet: Sheet) -> list[tuple[int | None, int | None]]:
    cells = sheet.cells.filter(shared_at__isnull=False).order_by("row", "column")
    return list(cells.values_list("row", "column"))


# --- On the page of a sheet ---------------------------------------------------------------------


def test_a_sheet_is_shared_and_taken_back_on_its_page(
    page: Client, stranger: Client, sheet: Sheet
) -> None:
    path = f"/sheets/{sheet.pk}"
    assert f'action="{path}/share"' in html(page.get(path))
    assert stranger.get(path).status_code == 404
    assert Client().get(path)["Location"].startswith("/accounts/login/")

    answer = page.post(f"{path}/share", follow=True)
    assert "Everybody can see this sheet now." in html(answer)
    assert f'action="{path}/unshare"' in html(answer)
    assert ">Shared<" in html(page.get("/sheets"))
    assert {visitor.get(path).status_code for visitor in (stranger, Client())} == {200}

    answer = page.post(f"{path}/unshare", follow=True)
    assert "Only you can see this sheet and its drawings now." in html(answer)
    assert f'action="{path}/share"' in html(answer)
    assert stranger.get(path).status_code == 404


def test_others_see_the_pictures_the_heads_and_who_drew_it(stranger: Client, sheet: Sheet) -> None:
    sharing.share_sheet(sheet)
    cell = sheet.cells.get(row=0, column=0)
    for visitor in (stranger, Client()):
        shown = html(visitor.get(f"/sheets/{sheet.pk}"))
        for said in (PROMPT, "0 steps", "seed 7", "Sea mist", 'drawn by <a href="/ada">ada</a>'):
            assert said in shown
        assert shown.count("/personalised.png") == 6
        picture = visitor.get(f"/drawings/{cell.pk}/personalised.png")
        assert (picture.status_code, picture["Cache-Control"]) == (200, "public, no-cache")


def test_others_are_offered_nothing_that_only_the_owner_may_do(
    stranger: Client, sheet: Sheet
) -> None:
    sharing.share_sheet(sheet)
    for visitor in (stranger, Client()):
        shown = html(visitor.get(f"/sheets/{sheet.pk}"))
        for said in ("Who sees it", "/remove", "/unshare", "hx-get", "Your sheets"):
            assert said not in shown
    for action in ("cancel", "share", "unshare", "remove", "put-back"):
        assert stranger.post(f"/sheets/{sheet.pk}/{action}").status_code == 403, action
    assert stranger.get(f"/sheets/{sheet.pk}/status").status_code == 403
    assert len(shared_places(sheet)) == 6


def test_its_drawings_are_shared_as_drawings_and_lead_to_it(stranger: Client, sheet: Sheet) -> None:
    sharing.share_sheet(sheet)
    cell = sheet.cells.get(row=1, column=1)
    assert f'href="/sheets/{sheet.pk}"' in html(stranger.get(f"/drawings/{cell.pk}"))


def test_a_drawing_that_is_shared_alone_does_not_lead_to_its_sheet(
    stranger: Client, sheet: Sheet
) -> None:
    cell = sheet.cells.get(row=1, column=1)
    sharing.share(cell)
    assert str(sheet.pk) not in html(stranger.get(f"/drawings/{cell.pk}"))
    assert stranger.get(f"/sheets/{sheet.pk}").status_code == 404


def test_sharing_twice_changes_nothing(sheet: Sheet) -> None:
    sharing.share_sheet(sheet)
    Generation.objects.unshare(sheet.cells.get(row=0, column=0).pk)
    before = [*Sheet.objects.values(), *Generation.objects.order_by("pk").values()]
    sharing.share_sheet(sheet)
    assert [*Sheet.objects.values(), *Generation.objects.order_by("pk").values()] == before


@pytest.mark.parametrize("hide", [Generation.objects.unshare, Generation.objects.remove])
def test_a_drawing_that_is_taken_back_or_removed_by_itself_is_a_gap(
    stranger: Client, sheet: Sheet, hide: Callable[[Any], bool]
) -> None:
    sharing.share_sheet(sheet)
    cell = sheet.cells.get(row=1, column=1)
    assert hide(cell.pk)
    shown = html(stranger.get(f"/sheets/{sheet.pk}"))
    assert shown.count("/personalised.png") == 5
    assert str(cell.pk) not in shown
    assert shown.count("not shown") == 1


def test_taking_back_takes_back_what_was_shared_before_as_well(sheet: Sheet) -> None:
    sharing.share(sheet.cells.get(row=0, column=0))
    sharing.share_sheet(sheet)
    assert sharing.unshare_sheet(sheet)
    assert not sharing.unshare_sheet(sheet)
    assert shared_places(sheet) == []


def test_a_column_keeps_its_plain_picture_while_any_of_its_cells_is_shown(
    stranger: Client, looks: Sheet
) -> None:
    sharing.share_sheet(looks)
    Generation.objects.unshare(looks.cells.get(row=0, column=0).pk)
    below = looks.cells.get(row=1, column=0)
    shown = html(stranger.get(f"/sheets/{looks.pk}"))
    assert f'src="/drawings/{below.pk}/plain.png"' in shown
    assert shown.count("/plain.png") == 2


# --- What cannot be shared ----------------------------------------------------------------------


def test_a_sheet_is_not_shared_before_its_owner_has_seen_all_of_it(
    page: Client, ada: User, version: Version
) -> None:
    made = doses(ada, version)
    drawn(made.cells.get(row=0, column=0))
    reason = "5 drawings are not drawn yet; wait, or cancel the rest"
    shown = html(page.get(f"/sheets/{made.pk}"))
    assert f"It can't be shared now: {reason}" in shown
    assert f"/sheets/{made.pk}/share" not in shown
    assert reason in html(page.post(f"/sheets/{made.pk}/share", follow=True))
    assert shared_places(made) == []
    sheets.cancel(made)
    sharing.share_sheet(made)
    assert shared_places(made) == [(0, 0)]


def test_how_a_cell_went_stays_its_owners(stranger: Client, ada: User, version: Version) -> None:
    made = doses(ada, version, steps=[5], seeds=[1, 2])
    drawn(made.cells.get(column=0))
    made.cells.filter(column=1).update(state=JobState.FAILED, reason="No memory left.")
    sharing.share_sheet(made)
    shown = html(stranger.get(f"/sheets/{made.pk}"))
    assert "No memory left." not in shown
    assert "failed" not in shown
    assert shown.count("not shown") == 1


def test_a_sheet_of_nothing_is_not_shared(ada: User, version: Version) -> None:
    made = doses(ada, version)
    sheets.cancel(made)
    with pytest.raises(sharing.SharingRefused, match="there is nothing to share"):
        sharing.share_sheet(made)
    removed = drawn_doses(ada, version, steps=[1], seeds=[1])
    Generation.objects.remove(removed.cells.get().pk)
    with pytest.raises(sharing.SharingRefused, match="there is nothing to share"):
        sharing.share_sheet(removed)


def test_a_removed_sheet_is_not_shared(sheet: Sheet) -> None:
    sheets.remove(sheet)
    with pytest.raises(sharing.SharingRefused, match="put it back before you share it"):
        sharing.share_sheet(sheet)
    assert shared_places(sheet) == []


# --- Looks that are hidden ----------------------------------------------------------------------


def make_private(version: Version) -> None:
    Aesthetic.objects.filter(pk=version.aesthetic_id).update(
        visibility=Aesthetic.Visibility.PRIVATE
    )


def delete(version: Version) -> None:
    publishing.delete(version.aesthetic)


def withdraw(version: Version) -> None:
    publishing.yank(version, reason="A picture was not mine.")


HIDING = [make_private, delete, withdraw]


@pytest.mark.parametrize("hide", HIDING)
def test_what_hides_one_look_hides_the_sheet_that_names_it(
    stranger: Client, looks: Sheet, other: Version, hide: Callable[[Version], None]
) -> None:
    sharing.share_sheet(looks)
    path = f"/sheets/{looks.pk}"
    assert stranger.get(path).status_code == 200
    hide(other)
    assert stranger.get(path).status_code == 404
    assert stranger.get(f"/api/v1{path}").status_code == 404
    assert str(looks.pk) not in html(stranger.get(OF_LOOK))
    first, second = looks.cells.get(row=0, column=0), looks.cells.get(row=1, column=0)
    assert stranger.get(f"/drawings/{first.pk}").status_code == 200  # its own look is public
    assert path not in html(stranger.get(f"/drawings/{first.pk}"))
    assert stranger.get(f"/drawings/{second.pk}").status_code == 404


@pytest.mark.parametrize("hide", HIDING)
def test_a_sheet_with_a_hidden_look_is_not_shared(
    looks: Sheet, other: Version, hide: Callable[[Version], None]
) -> None:
    hide(other)
    with pytest.raises(sharing.SharingRefused, match="nobody else may see it named"):
        sharing.share_sheet(looks)
    assert shared_places(looks) == []


@pytest.mark.parametrize("hide", HIDING)
def test_a_look_that_is_mixed_in_counts_like_the_others(
    stranger: Client,
    ada: User,
    version: Version,
    other: Version,
    hide: Callable[[Version], None],
) -> None:
    made = drawn_doses(ada, version, others=[(other, 0.5)])
    sharing.share_sheet(made)
    assert stranger.get(f"/sheets/{made.pk}").status_code == 200
    hide(other)
    assert stranger.get(f"/sheets/{made.pk}").status_code == 404
    assert sharing.unshare_sheet(made)
    with pytest.raises(sharing.SharingRefused, match="nobody else may see it named"):
        sharing.share_sheet(made)


def test_a_look_of_a_cell_that_is_not_drawn_is_named_too(
    stranger: Client, looks: Sheet, other: Version
) -> None:
    looks.cells.filter(row=1).update(state=JobState.CANCELLED)
    sharing.share_sheet(looks)
    assert stranger.get(f"/sheets/{looks.pk}").status_code == 200
    make_private(other)
    assert stranger.get(f"/sheets/{looks.pk}").status_code == 404


def test_the_owner_is_told_that_a_hidden_look_hides_the_sheet(page: Client, sheet: Sheet) -> None:
    sharing.share_sheet(sheet)
    make_private(sheet.cells.all()[0].version)
    shown = html(page.get(f"/sheets/{sheet.pk}"))
    assert "You share it, but one of its looks is withdrawn or not public" in shown
    assert f'action="/sheets/{sheet.pk}/unshare"' in shown


# --- On the page of a look ----------------------------------------------------------------------


def test_a_look_lists_a_shared_sheet_once_and_not_each_of_its_drawings(
    client: Client, looks: Sheet
) -> None:
    sharing.share_sheet(looks)
    for path in (OF_LOOK, "/eve/ink/drawings"):
        answer = client.get(path)
        assert [each.pk for each in answer.context["sheets"]] == [looks.pk]
        assert list(answer.context["page"]) == []
        assert "Nothing shared yet." not in html(answer)
    newest = client.get(f"{OF_LOOK}/newest")
    assert list(newest.context["drawings"]) == []
    assert f'href="/sheets/{looks.pk}"' in html(newest)
    assert "Nobody shares a drawing" not in html(newest)
    listed = "/api/v1/aesthetics/ada/sea-mist"
    assert client.get(f"{listed}/generations").json()["items"] == []
    told = client.get(f"{listed}/sheets").json()["items"]
    assert [(each["id"], each["owner"]) for each in told] == [(str(looks.pk), "cleo")]
    assert "cells" not in told[0]


@pytest.mark.parametrize("first", ["drawing", "sheet"])
def test_a_drawing_that_is_shared_by_itself_is_listed_by_itself(
    client: Client, sheet: Sheet, first: str
) -> None:
    cell = sheet.cells.get(row=0, column=0)
    if first == "drawing":
        sharing.share(cell)
        sharing.share_sheet(sheet)
    else:
        sharing.share_sheet(sheet)
        Generation.objects.unshare(cell.pk)
        sharing.share(cell)
    assert [each.pk for each in client.get(OF_LOOK).context["page"]] == [cell.pk]


def test_drawings_of_a_shared_sheet_that_is_hidden_are_listed_by_themselves(
    client: Client, looks: Sheet, other: Version
) -> None:
    sharing.share_sheet(looks)
    of_look = "/api/v1/aesthetics/ada/sea-mist/generations"
    assert client.get(of_look).json()["items"] == []
    Aesthetic.objects.filter(pk=other.aesthetic_id).update(visibility="private")
    in_sea_mist = {str(cell.pk) for cell in looks.cells.filter(row=0)}
    visitor = Client()
    assert {each["id"] for each in visitor.get(of_look).json()["items"]} == in_sea_mist
    for path in (OF_LOOK, f"{OF_LOOK}/newest"):
        shown = html(visitor.get(path))
        assert all(pk in shown for pk in in_sea_mist), path
    assert visitor.get("/eve/ink/drawings").status_code == 404


def test_another_look_does_not_list_it(client: Client, ada: User, sheet: Sheet) -> None:
    factories.shelved(factories.aesthetic(ada, "another"))
    sharing.share_sheet(sheet)
    assert list(client.get("/ada/another/drawings").context["sheets"]) == []


def test_the_shared_sheets_use_their_index(sheet: Sheet) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    assert "sheet_shared" in Sheet.objects.filter(shared_at__isnull=False).newest_shared().explain()


def test_a_sheet_asks_the_database_as_often_for_many_cells_as_for_one(
    stranger: Client, ada: User, version: Version, django_assert_num_queries: Any
) -> None:
    small = drawn_doses(ada, version, steps=[1], seeds=[1])
    large = drawn_doses(ada, version, steps=range(6), seeds=range(6))
    sharing.share_sheet(small)
    sharing.share_sheet(large)
    for made in (small, large):
        with django_assert_num_queries(5):  # session, visitor, sheet, cells, notices
            stranger.get(f"/sheets/{made.pk}")


# --- By the API ---------------------------------------------------------------------------------


def test_a_sheet_is_shared_and_taken_back_by_the_api(
    client: Client, ada: User, bob: User, sheet: Sheet
) -> None:
    path = f"/api/v1/sheets/{sheet.pk}"
    owner = factories.bearer(ada)
    strangers: list[dict[str, str]] = [factories.bearer(bob), {}]
    for headers in strangers:
        problem(client.get(path, headers=headers), 404, "not-found")
    for _ in range(2):  # the second time is the same
        answer = client.put(f"{path}/share", headers=owner)
        assert answer.status_code == 200, answer.content
        assert answer.json()["shared_at"] is not None
    Generation.objects.unshare(sheet.cells.get(row=0, column=0).pk)
    for headers in strangers:
        told = client.get(path, headers=headers).json()
        assert (told["owner"], told["url"]) == ("ada", f"/sheets/{sheet.pk}")
        places = [(cell["row"], cell["column"]) for cell in told["cells"]]
        assert places == [(0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
        cell = client.get(f"/api/v1/generations/{told['cells'][0]['id']}", headers=headers)
        assert cell.json()["personalised"]["digest"] == told["cells"][0]["personalised"]
    assert len(client.get(path, headers=owner).json()["cells"]) == 6
    for _ in range(2):
        assert client.delete(f"{path}/share", headers=owner).status_code == 204
    for headers in strangers:
        problem(client.get(path, headers=headers), 404, "not-found")
    assert client.get(path, headers=owner).json()["shared_at"] is None


def test_sharing_by_the_api_needs_the_scope_generate_and_the_owner(
    client: Client, ada: User, bob: User, sheet: Sheet
) -> None:
    sharing.share_sheet(sheet)
    path = f"/api/v1/sheets/{sheet.pk}/share"
    for headers, status, kind in (
        (factories.bearer(ada, "read", "write", "publish"), 403, "forbidden"),
        (factories.bearer(bob), 403, "forbidden"),
        ({}, 401, "unauthenticated"),
    ):
        for call in (client.put, client.delete):
            problem(call(path, headers=headers), status, kind)
    assert len(shared_places(sheet)) == 6


def test_what_cannot_be_shared_is_a_conflict_that_says_why(
    client: Client, ada: User, version: Version
) -> None:
    made = doses(ada, version, steps=[1], seeds=[1])
    answer = client.put(f"/api/v1/sheets/{made.pk}/share", headers=factories.bearer(ada))
    assert "1 drawing is not drawn yet" in problem(answer, 409, "not-shareable")["detail"]
