"""Sheets: from two lists to drawings in rows and columns, on pages and by API."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.quotas import QuotaExceeded
from generation import sheets
from generation.models import Generation, Sheet
from generation.models.generations import LARGEST_SEED
from generation.prompts import queue_generation
from registry.models import JobState, Version
from tests import factories
from tests.generation.drawn_sheets import PROMPT, doses, drawn


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def other(version: Version) -> Version:
    return factories.shelved(factories.aesthetic(factories.person("eve"), "ink", title="Ink"))


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# --- From lists to cells ------------------------------------------------------------------------


def test_each_dose_is_a_row_and_each_seed_a_column(ada: User, version: Version) -> None:
    sheet = doses(ada, version)
    assert (sheet.rows, sheet.columns) == (["0 steps", "5 steps"], ["seed 7", "seed 8", "seed 9"])
    cells = {(cell.row, cell.column): (cell.steps, cell.seed) for cell in sheet.cells.all()}
    assert cells == {
        (row, column): (steps, seed)
        for row, steps in enumerate([0, 5])
        for column, seed in enumerate([7, 8, 9])
    }
    assert {cell.prompt for cell in sheet.cells.all()} == {PROMPT}


def test_looks_draw_the_same_prompts_from_one_seed(
    ada: User, version: Version, other: Version
) -> None:
    sheet = sheets.queue_looks_by_prompts(
        ada, versions=[version, other], prompts=["a cat", "a house"], steps=3
    )
    assert (sheet.rows, sheet.columns) == ([str(version), str(other)], ["a cat", "a house"])
    assert len({cell.seed for cell in sheet.cells.all()}) == 1
    second = sheet.cells.get(row=1, column=0)
    assert (second.version, second.prompt, second.steps) == (other, "a cat", 3)


@pytest.mark.parametrize(("steps", "seeds"), [([], [1]), ([1], []), (range(6), range(7))])
def test_a_sheet_of_none_or_too_many_is_refused_and_nothing_is_queued(
    ada: User, version: Version, steps: Any, seeds: Any
) -> None:
    with pytest.raises(ValidationError, match="1 to 36"):
        doses(ada, version, steps=list(steps), seeds=list(seeds))
    assert not Generation.objects.exists()


def test_one_bad_cell_refuses_the_whole_sheet(ada: User, version: Version) -> None:
    with pytest.raises(ValidationError) as refused:
        doses(ada, version, steps=[1, 51])
    assert "steps" in refused.value.message_dict
    assert not Generation.objects.exists()
    assert not Sheet.objects.exists()


def test_a_sheet_counts_each_of_its_pictures(
    ada: User, version: Version, settings: Settings
) -> None:
    settings.QUOTA_GENERATIONS = 7
    queue_generation(ada, version=version, prompt=PROMPT)
    queue_generation(ada, version=version, prompt=PROMPT)
    with pytest.raises(QuotaExceeded):
        doses(ada, version)
    settings.QUOTA_GENERATIONS = 8
    assert doses(ada, version).cells.count() == 6


def test_seeds_follow_each_other_and_go_round_at_the_end() -> None:
    assert sheets.following_seeds(5, 3) == [5, 6, 7]
    assert sheets.following_seeds(LARGEST_SEED, 2) == [LARGEST_SEED, 0]
    first, second = sheets.following_seeds(None, 2)
    assert second == (first + 1) % (LARGEST_SEED + 1)


def test_the_database_gives_each_place_once_and_none_without_a_sheet(
    ada: User, version: Version
) -> None:
    sheet = doses(ada, version)
    cell = sheet.cells.get(row=0, column=0)
    with pytest.raises(IntegrityError, match="once_in_each_place"), transaction.atomic():
        Generation.objects.filter(pk=cell.pk).update(column=1)
    with pytest.raises(IntegrityError, match="has_a_place"), transaction.atomic():
        Generation.objects.filter(pk=cell.pk).update(sheet=None)


def test_cancelling_a_sheet_ends_what_is_not_drawn(ada: User, version: Version) -> None:
    sheet = doses(ada, version)
    drawn(sheet.cells.get(row=0, column=0))
    assert sheets.cancel(sheet) == 5
    assert sheets.cancel(sheet) == 0
    states = sorted(sheet.cells.values_list("state", flat=True))
    assert states == [JobState.CANCELLED] * 5 + [JobState.SUCCEEDED]


# --- Pages --------------------------------------------------------------------------------------


def test_a_sheet_of_doses_is_asked_for_on_its_page(page: Client, version: Version) -> None:
    form = page.get("/sheets/new?aesthetic=ada/sea-mist")
    assert form.context["form"]["aesthetic"].value() == "ada/sea-mist"
    asked = {"aesthetic": "ada/sea-mist", "prompt": PROMPT, "steps": "0, 5 5;10", "pictures": 2}
    answer = page.post("/sheets/new?kind=doses", {**asked, "seed": 3}, follow=True)
    sheet = Sheet.objects.get()
    assert answer.redirect_chain == [(f"/sheets/{sheet.pk}", 302)]
    assert sheet.rows == ["0 steps", "5 steps", "10 steps"]
    assert sheet.columns == ["seed 3", "seed 4"]
    assert "0 of 6 drawn" in html(answer)


def test_what_one_kind_of_sheet_was_asked_for_begins_the_other(page: Client) -> None:
    said = {"aesthetics": "Ink\nada/sea-mist", "prompts": "\na cat\na house", "seed": "7"}
    shown = page.get("/sheets/new", {"kind": "doses", **said})
    form = shown.context["form"]
    assert [form[name].value() for name in ("aesthetic", "prompt", "seed")] == ["Ink", "a cat", "7"]
    assert form["pictures"].value() == 4  # as where nothing is said
    # On the way back nothing is lost of what only the other kind has.
    aside = {name: said[name] for name in ("aesthetics", "prompts")}
    assert shown.context["aside"] == aside
    again = page.post("/sheets/new?kind=doses", {**aside, "aesthetic": "", "prompt": "a cat"})
    assert again.context["aside"] == aside
    back = {"kind": "looks", **aside, "aesthetic": "Ink", "prompt": "a cat"}
    assert page.get("/sheets/new", back).context["form"]["prompts"].value() == "\na cat\na house"
    one = page.get("/sheets/new", {"kind": "looks", "aesthetic": "Ink", "prompt": "a cat"})
    assert one.context["form"]["aesthetics"].value() == "Ink"
    assert one.context["form"]["prompts"].value() == "a cat"


def test_a_sheet_of_looks_is_asked_for_by_title_or_name(
    page: Client, version: Version, other: Version
) -> None:
    asked = {"aesthetics": "Ink\n\n ada/sea-mist \nInk", "prompts": "a cat\na house\n"}
    page.post("/sheets/new?kind=looks", asked)
    sheet = Sheet.objects.get()
    assert sheet.rows == [str(other), str(version)]
    assert sheet.columns == ["a cat", "a house"]


@pytest.mark.parametrize(
    ("kind", "field", "value", "sentence"),
    [
        ("doses", "steps", "1, many", "“many” is not a number of steps from 0 to 50."),
        ("doses", "steps", "51", "“51” is not a number of steps from 0 to 50."),
        ("doses", "aesthetic", "ada/nothing", "There is no published look “ada/nothing”."),
        ("doses", "steps", "1 2 3 4 5 6 7 8 9 10", "10 by 4 are 40 pictures; a sheet has 1 to 36."),
        ("looks", "aesthetics", "ada/sea-mist\nnobody/x", "no published look “nobody/x”."),
        ("looks", "prompts", "x" * 1001, "at most 1000 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    page: Client, version: Version, kind: str, field: str, value: str, sentence: str
) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "doses": {"aesthetic": "ada/sea-mist", "prompt": PROMPT, "steps": "1", "pictures": 4},
        "looks": {"aesthetics": "ada/sea-mist", "prompts": PROMPT},
    }
    answer = page.post(f"/sheets/new?kind={kind}", {**kinds[kind], field: value})
    assert answer.status_code == 200
    errors = " ".join(str(each) for each in answer.context["form"].errors.values())
    assert sentence in errors
    assert answer.context["form"][field].value() == value
    assert not Generation.objects.exists()


def test_a_sheet_asks_again_until_every_cell_is_final(
    page: Client, ada: User, version: Version
) -> None:
    sheet = doses(ada, version, steps=[5], seeds=[1, 2])
    waiting = html(page.get(f"/sheets/{sheet.pk}"))
    assert f'hx-get="/sheets/{sheet.pk}/status"' in waiting
    assert "Cancel the rest" in waiting
    for cell in sheet.cells.all():
        drawn(cell)
    done = html(page.get(f"/sheets/{sheet.pk}/status"))
    assert "hx-get" not in done
    assert done.count("/personalised.png") == 2
    assert 'alt="a lighthouse at night, 5 steps"' in done


def test_looks_stand_below_the_plain_pictures(page: Client, ada: User, version: Version) -> None:
    sheet = sheets.queue_looks_by_prompts(ada, versions=[version], prompts=["a cat", "a house"])
    for cell in sheet.cells.all():
        drawn(cell)
    shown = html(page.get(f"/sheets/{sheet.pk}"))
    assert shown.count("/plain.png") == 2
    assert shown.index('alt="a cat, plain"') < shown.index('alt="a house, plain"')  # as the heads
    assert "no look" in shown


def test_a_cell_that_failed_says_why(page: Client, ada: User, version: Version) -> None:
    sheet = doses(ada, version, steps=[5], seeds=[1])
    sheet.cells.update(state=JobState.FAILED, reason="The worker had no memory left.")
    assert "The worker had no memory left." in html(page.get(f"/sheets/{sheet.pk}"))


def test_the_rest_is_cancelled_on_the_page(page: Client, ada: User, version: Version) -> None:
    sheet = doses(ada, version)
    answer = page.post(f"/sheets/{sheet.pk}/cancel", follow=True)
    assert "6 drawings cancelled." in html(answer)
    assert "done already" in html(page.post(f"/sheets/{sheet.pk}/cancel", follow=True))


def test_sheets_are_listed_and_their_cells_do_not_fill_the_history(
    page: Client, ada: User, version: Version
) -> None:
    assert "No sheets yet." in html(page.get("/sheets"))
    sheet = doses(ada, version)
    queue_generation(ada, version=version, prompt="a cat alone")
    assert f"/sheets/{sheet.pk}" in html(page.get("/sheets"))
    history = page.get("/drawings")
    assert [drawing.prompt for drawing in history.context["page"]] == ["a cat alone"]


def test_several_pictures_of_one_prompt_come_on_a_sheet(page: Client, version: Version) -> None:
    asked = {"aesthetic": "ada/sea-mist", "prompt": PROMPT, "clip_skip": 1}
    page.post("/draw", {**asked, "pictures": 3, "seed": 5, "steps": 2})
    sheet = Sheet.objects.get()
    assert (sheet.rows, sheet.columns) == (["2 steps"], ["seed 5", "seed 6", "seed 7"])
    page.post("/draw", {**asked, "pictures": 1})
    assert Generation.objects.alone().count() == 1


# --- API ----------------------------------------------------------------------------------------


def test_sheets_by_api(client: Client, ada: User, version: Version, other: Version) -> None:
    headers = factories.bearer(ada)

    def post(path: str, **asked: Any) -> Any:
        return client.post(
            f"/api/v1/sheets/{path}", asked, content_type="application/json", headers=headers
        )

    made = post("doses", aesthetic="ada/sea-mist", prompt=PROMPT, steps=[0, 2], seeds=[1])
    assert made.status_code == 202, made.content
    sheet = client.get(made["Location"], headers=headers).json()
    assert sheet["rows"] == ["0 steps", "2 steps"]
    assert [(cell["row"], cell["column"]) for cell in sheet["cells"]] == [(0, 0), (1, 0)]
    assert {cell["state"] for cell in sheet["cells"]} == {"queued"}
    looks = post("looks", aesthetics=["eve/ink", "ada/sea-mist"], prompts=["a cat"], weight=0.5)
    assert looks.json()["rows"] == [str(other), str(version)]
    assert {cell.weight for cell in Sheet.objects.get(pk=looks.json()["id"]).cells.all()} == {0.5}
    listed = client.get("/api/v1/sheets", headers=headers).json()["items"]
    assert [each["kind"] for each in listed] == ["looks", "doses"]
    ended = client.post(f"{made['Location']}/cancel", headers=headers).json()
    assert {cell["state"] for cell in ended["cells"]} == {"cancelled"}
    missing = post("looks", aesthetics=["eve/nothing"], prompts=["a cat"])
    assert missing.status_code == 404
    assert "“eve/nothing”" in missing.json()["errors"][0]["detail"]
    few = client.post("/api/v1/sheets/doses", {}, content_type="application/json", headers=headers)
    assert {error["pointer"] for error in few.json()["errors"]} == {
        "/aesthetic", "/prompt", "/steps", "/seeds",
    }  # fmt: skip
