"""Pages that somebody works on for a while, in a real browser: nothing is lost or done twice."""

import re
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from generation.models import Generation
from generation.prompts import queue_generation
from registry.models import Aesthetic, JobState
from tests import factories
from tests.browser.conftest import Visit
from tests.browser.visitor import NARROW, Visitor
from tests.generation.drawn_sheets import doses

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIGNED_OUT = "You are signed out. Sign in in another tab, then go on here."


@pytest.fixture
def ada(transactional_db: None) -> User:
    return factories.person("ada", factories.PASSWORD)


def signed_in(visit: Visit, person: User) -> Visitor:
    client = Client()
    client.force_login(person)
    return visit(session=client.session.session_key)


def test_who_is_signed_out_signs_in_in_another_tab_and_goes_on(visit: Visit, ada: User) -> None:
    factories.published(factories.aesthetic(ada))
    visitor = signed_in(visit, ada)
    page = visitor.page
    visitor.go("/draw?aesthetic=ada/sea-mist")
    Session.objects.all().delete()
    page.get_by_label("Prompt").fill("a lighthouse at night")
    failure = page.locator("#failure")
    expect(failure).to_contain_text(SIGNED_OUT)
    with page.context.expect_page() as opened:
        failure.get_by_role("link", name="Sign in").click()
    tab = opened.value
    tab.get_by_label("Name or email").fill("ada")
    tab.get_by_label("Password").fill(factories.PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab).to_have_url(f"{visitor.home}/draw?aesthetic=ada/sea-mist")
    page.get_by_label("Prompt").fill("a lighthouse at noon")
    expect(failure).to_be_hidden()
    visitor.press("Draw it")
    assert Generation.objects.get().prompt == "a lighthouse at noon"


def test_a_sent_form_leads_back_to_its_page_after_the_login(visit: Visit, ada: User) -> None:
    factories.members(factories.aesthetic(ada), 3)
    visitor = signed_in(visit, ada)
    visitor.go("/ada/sea-mist/images")
    Session.objects.all().delete()
    visitor.press("Build")
    sign_in(visitor)
    expect(visitor.page).to_have_url(f"{visitor.home}/ada/sea-mist/images")


def test_what_was_typed_is_there_again_after_the_login(visit: Visit, ada: User) -> None:
    factories.published(factories.aesthetic(ada))
    visitor = signed_in(visit, ada)
    page = visitor.page
    visitor.go("/draw?aesthetic=ada/sea-mist")
    page.get_by_label("Prompt", exact=True).fill("a lighthouse at night")
    page.get_by_text("Expert settings").click()
    page.get_by_label("Seed").fill("77")
    Session.objects.all().delete()
    visitor.press("Draw it")
    sign_in(visitor, password="wrong")
    sign_in(visitor)
    expect(page).to_have_url(f"{visitor.home}/draw?aesthetic=ada/sea-mist")
    expect(page.get_by_role("status").filter(has_text="nothing was sent")).to_be_visible()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a lighthouse at night")
    expect(page.get_by_label("Seed")).to_have_value("77")
    assert not Generation.objects.exists()
    visitor.press("Draw it")
    assert Generation.objects.get().seed == 77
    visitor.go("/draw?aesthetic=ada/sea-mist")
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("")


def test_nobody_else_gets_what_was_typed(visit: Visit, ada: User) -> None:
    factories.person("bob", factories.PASSWORD)
    visitor = signed_in(visit, ada)
    visitor.go("/new")
    visitor.page.get_by_label("Title").fill("My secret look")
    Session.objects.all().delete()
    visitor.press("Continue to the pictures")
    sign_in(visitor, "bob")
    expect(visitor.page).to_have_url(f"{visitor.home}/new")
    expect(visitor.page.get_by_label("Title")).to_have_value("")
    assert "secret" not in visitor.page.evaluate("JSON.stringify(sessionStorage)")


def sign_in(visitor: Visitor, name: str = "ada", password: str = factories.PASSWORD) -> None:
    visitor.page.get_by_label("Name or email").fill(name)
    visitor.page.get_by_label("Password").fill(password)
    visitor.press("Sign in")


def test_a_button_pressed_twice_sends_its_form_once(visit: Visit, ada: User) -> None:
    visitor = signed_in(visit, ada)
    visitor.go("/new")
    page = visitor.page
    page.get_by_label("Title").fill("Sea mist")
    page.get_by_role("button", name="Continue to the pictures").dblclick()
    expect(page).to_have_url(f"{visitor.home}/ada/sea-mist/images")
    assert Aesthetic.objects.count() == 1
    visitor.assert_no_complaints()


def test_a_file_that_is_too_large_is_not_sent(visit: Visit, tmp_path: Path) -> None:
    visitor = visit()
    visitor.go("/by-hash")
    page = visitor.page
    file = tmp_path / "model.safetensors"
    file.write_bytes(bytes(1_500_000))
    page.set_input_files("input[type=file]", file)
    field = page.locator("input[type=file]")
    said = "“model.safetensors” has 1.5 MB; 262 kB are the most here."
    assert field.evaluate("field => field.validationMessage") == said
    small = tmp_path / "look.safetensors"
    small.write_bytes(bytes(1000))
    page.set_input_files("input[type=file]", small)
    assert field.evaluate("field => field.validationMessage") == ""
    visitor.assert_no_complaints()


def test_a_keyboard_stays_where_it_moved_a_picture(visit: Visit, ada: User) -> None:
    factories.members(factories.aesthetic(ada), 4)
    visitor = signed_in(visit, ada)
    visitor.go("/ada/sea-mist/images")
    page = visitor.page
    page.locator(".picture__move").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Not the look 1")).to_be_visible()
    expect(page.locator(".picture__move").nth(1)).to_be_focused()
    page.locator(".picture__remove").nth(2).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#image-set img")).to_have_count(3)
    expect(page.locator(".picture__remove").nth(2)).to_be_focused()
    visitor.assert_no_complaints()


def test_what_is_open_beside_the_set_stays_open_when_the_set_changes(
    visit: Visit, ada: User, tmp_path: Path
) -> None:
    factories.members(factories.aesthetic(ada), 3)
    visitor = signed_in(visit, ada)
    visitor.go("/ada/sea-mist/images")
    page = visitor.page
    page.get_by_text("Import a file instead…").click()
    file = tmp_path / "look.pt"
    file.write_bytes(b"x")
    page.set_input_files("#id_file", file)
    page.locator(".picture__remove").first.click()
    expect(page.get_by_text("one vector from 2 pictures")).to_be_visible()
    assert page.locator("#id_file").evaluate("field => field.files[0].name") == "look.pt"
    visitor.assert_no_complaints()


def test_a_sheet_is_swapped_only_where_it_has_news_and_stays_scrolled(
    visit: Visit, ada: User
) -> None:
    sheet = doses(ada, factories.published(factories.aesthetic(ada)))
    visitor = signed_in(visit, ada)
    visitor.go(sheet.get_absolute_url())
    page = visitor.page
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]  # a plain dict is one
    asked = "**/status"
    for _ in range(2):
        with page.expect_response(asked):
            pass
    page.evaluate("document.getElementById('sheet').dataset.mark = 'mine'")
    page.evaluate("document.getElementById('sheet-table').scrollLeft = 60")
    with page.expect_response(asked):
        pass
    with page.expect_response(asked):
        pass
    assert page.locator("#sheet").get_attribute("data-mark") == "mine"
    Generation.objects.filter(row=0, column=0).update(state=JobState.CANCELLED)
    expect(page.get_by_text("1 ended without a picture")).to_be_visible()
    assert page.locator("#sheet").get_attribute("data-mark") is None
    assert page.evaluate("document.getElementById('sheet-table').scrollLeft") == 60


@pytest.mark.parametrize("selector", ["[aria-label='Copy the seed']", "text=Remove…"])
def test_a_keyboard_stays_where_it_was_when_a_drawing_has_news(
    visit: Visit, ada: User, selector: str
) -> None:
    version = factories.published(factories.aesthetic(ada))
    drawing = queue_generation(ada, version=version, prompt="a lighthouse at night")
    visitor = signed_in(visit, ada)
    visitor.go(drawing.get_absolute_url())
    page = visitor.page
    page.locator(selector).focus()
    Generation.objects.update(state=JobState.CANCELLED)
    expect(page.locator(".state--cancelled")).to_be_visible()
    expect(page.locator(selector)).to_be_focused()
    visitor.assert_no_complaints()


@pytest.mark.parametrize("selector", ["a:has-text('removed')", "text=Remove…"])
def test_a_keyboard_stays_where_it_was_when_a_sheet_has_news(
    visit: Visit, ada: User, selector: str
) -> None:
    sheet = doses(ada, factories.published(factories.aesthetic(ada)))
    removed = {"state": JobState.CANCELLED, "hidden_at": timezone.now()}
    sheet.cells.filter(row=0, column=0).update(**removed)
    visitor = signed_in(visit, ada)
    visitor.go(sheet.get_absolute_url())
    page = visitor.page
    page.locator(f"#sheet >> {selector}").focus()
    sheet.cells.filter(row=1, column=1).update(state=JobState.CANCELLED)
    expect(page.locator(".state--cancelled")).to_be_visible()
    expect(page.locator(f"#sheet >> {selector}")).to_be_focused()
    visitor.assert_no_complaints()


def test_what_was_said_of_the_dose_goes_with_the_look(visit: Visit, ada: User) -> None:
    factories.published(factories.aesthetic(ada))
    visitor = signed_in(visit, ada)
    visitor.go("/draw?aesthetic=ada/sea-mist&prompt=a+boat&rate=99")
    page = visitor.page
    expect(page.locator("#dose")).to_contain_text("less than or equal to 10")
    page.get_by_role("link", name="Choose another").click()
    expect(page.locator("#dose")).to_contain_text("Say what to draw and choose a look")
    visitor.assert_no_complaints()


def test_a_preset_that_the_form_is_set_to_is_pressed(visit: Visit, ada: User) -> None:
    visitor = signed_in(visit, ada)
    page = visitor.page
    visitor.go("/draw")
    strong = page.get_by_role("button", name="strong")
    expect(strong).to_have_accessible_description(re.compile(r"in the look \d\.\d\d, subject kept"))
    expect(strong).to_have_attribute("aria-pressed", "false")
    strong.click()
    expect(strong).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-preset][aria-pressed=true]")).to_have_count(1)
    page.get_by_text("Expert settings").click()
    page.locator("[name=steps]").fill("3")
    expect(strong).to_have_attribute("aria-pressed", "false")


def test_another_kind_of_sheet_keeps_what_was_typed(visit: Visit, ada: User) -> None:
    visitor = signed_in(visit, ada)
    page = visitor.page
    visitor.go("/sheets/new?kind=looks")
    page.get_by_label("Looks", exact=True).fill("Ink\nSea mist")
    page.get_by_label("Prompts").fill("a cat\na house")
    page.get_by_role("link", name="Doses by seeds").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a cat")
    expect(page.get_by_role("link", name="Doses by seeds")).to_be_focused()
    expect(page).to_have_url(f"{visitor.home}/sheets/new?kind=doses")
    page.get_by_role("link", name="Looks by prompts").click()
    expect(page.get_by_label("Prompts")).to_have_value("a cat\na house")
    expect(page.get_by_label("Looks", exact=True)).to_have_value("Ink\nSea mist")
    visitor.assert_no_complaints()
