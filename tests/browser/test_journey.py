"""What the hub is for, from the first page to a drawn picture, in a real browser."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from hub.demo.children import Child
from tests import factories
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, sha256_of
from tests.processes import tail
from tests.samples import sample_files

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORK = 90_000  # milliseconds for a worker to import torch, load its models and do the work
LOOK = "painted-nebulae"
REFUSED = "not-a-picture.png"
FORMATS = ["json", "npy", "pt", "safetensors"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Four pictures, a zip of four others, and one file that is not what its name says."""
    pictures = sample_files(8, LOOK)
    archive = tmp_path / "more.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in pictures[4:]:
            zipped.write(path, path.name)
    wrong = tmp_path / REFUSED
    wrong.write_bytes(b"GIF89a, or so it says")
    return [*map(str, pictures[:4]), str(archive), str(wrong)]


def join(visitor: Visitor, name: str) -> None:
    visitor.go("/")
    visitor.follow("Join")
    page = visitor.page
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Email").fill(f"{name}@example.org")
    page.get_by_label("Password", exact=True).fill(factories.PASSWORD)
    page.get_by_label("Password (again)").fill(factories.PASSWORD)
    visitor.press("Join")


def create(visitor: Visitor, title: str, slug: str) -> None:
    visitor.go("/new")
    page = visitor.page
    page.get_by_label("Title").fill(title)
    page.get_by_label("Short name").fill(slug)
    page.get_by_label("Description").fill("Clouds of *glowing gas*, painted by a telescope.")
    page.get_by_label("Tags").fill("space, nebula")
    visitor.press("Continue to the pictures")


def await_work(page_part: Locator, worker: Child) -> None:
    """Wait until the worker has done its work; say what its log says where it has not."""
    try:
        expect(page_part).to_be_visible(timeout=WORK)
    except AssertionError as error:
        pytest.fail(f"{error}\n{tail(worker.log)}")


def test_a_look_is_made_found_and_drawn_with(
    visit: Visit, worker: Child, files: list[str], tmp_path: Path
) -> None:
    ada = visit()
    join(ada, "ada")
    create(ada, "Glowing clouds", "glowing-clouds")

    page = ada.page
    say_origin(page)
    page.set_input_files("#upload-files", files)
    expect(page.get_by_text("Done: 8 pictures added, 1 refused.")).to_be_visible()
    refused = page.locator(".upload-row", has_text=REFUSED)
    expect(refused).to_contain_text("Refused")
    expect(refused.locator(".is-refusal")).to_contain_text(REFUSED)
    expect(page.get_by_text("4 pictures stored")).to_be_visible()
    expect(page.locator("#image-set img")).to_have_count(8)
    ada.look()

    ada.press("Build")
    expect(page.locator(".build progress")).to_be_visible()
    await_work(page.locator(".build .state--succeeded"), worker)
    ada.look()
    page.get_by_text("Publish…").click()
    ada.press("Publish for good")
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()

    expect(page.locator(".file__name")).to_have_count(4)
    names = page.locator(".file__name").all_inner_texts()
    assert sorted(names) == [f"glowing-clouds.{suffix}" for suffix in FORMATS]
    check_downloads(ada, names, tmp_path)
    page.get_by_role("button", name="Account menu of ada").click()
    ada.press("Sign out")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    ada.assert_no_complaints()

    anyone = visit()
    anyone.go("/")
    anyone.page.get_by_role("searchbox", name="Search looks").fill("glow nebula")
    anyone.press("Search")
    anyone.follow("Glowing clouds")
    assert anyone.looked_at[-1] == "/ada/glowing-clouds"
    anyone.follow("Draw with this look")
    assert anyone.looked_at[-1] == "/accounts/login/"
    sign_in_and_draw(anyone, worker)
    anyone.assert_no_complaints()


def say_origin(page: Page) -> None:
    """Say where the pictures are from, without which nothing is published."""
    page.get_by_text("Where these pictures are from").click()
    page.get_by_label("Licence").fill("CC0-1.0")
    page.get_by_label("Credit").fill("A. Painter")


def check_downloads(visitor: Visitor, names: list[str], folder: Path) -> None:
    """Download each file, and check it as the page says: by its digest, and by its numbers."""
    page = visitor.page
    for name in names:
        row = page.locator(".file", has=page.get_by_role("link", name=name, exact=True))
        shown = row.get_by_role("button").get_attribute("data-copy")
        assert shown == f"sha256:{sha256_of(visitor.download(name, folder))}"
    lines = page.locator("#verify-vector").inner_text()
    assert "hashlib" in lines
    subprocess.run([sys.executable, "-I", "-c", lines], cwd=folder, check=True, timeout=30)


def sign_in_and_draw(visitor: Visitor, worker: Child) -> None:
    """Sign in on the way, draw, and compare the two pictures by the keyboard alone."""
    page = visitor.page
    page.get_by_label("Name or email").fill("ada")
    page.get_by_label("Password").fill(factories.PASSWORD)
    visitor.press("Sign in")
    expect(page.get_by_label("Look", exact=True)).to_have_value("ada/glowing-clouds")
    page.get_by_label("Prompt").fill("a lighthouse at night")
    dose = page.get_by_role("slider", name="Dose")
    await_work(dose, worker)
    before = page.locator("[data-dose-agreement]").inner_text()
    dose.fill("12")
    assert float(page.locator("[data-dose-agreement]").inner_text()) != float(before)
    visitor.look()
    visitor.press("Draw it")
    await_work(page.locator(".compare"), worker)
    visitor.look()
    for picture in page.locator(".compare img").all():
        expect(picture).to_be_visible()
        assert picture.evaluate(
            "async (image) => { await image.decode(); return image.naturalWidth }"
        )
    expect(page.locator("#main").get_by_text("12 steps brought the words from")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("The drawing is ready.")

    page.get_by_role("button", name="Wipe").focus()
    page.keyboard.press("Enter")
    wipe = page.get_by_role("slider")
    expect(wipe).to_be_visible()
    page.keyboard.press("Tab")
    expect(wipe).to_be_focused()
    for key, value in (("ArrowRight", "51"), ("Home", "0"), ("End", "100")):
        page.keyboard.press(key)
        expect(wipe).to_have_value(value)
    assert (
        page.locator(".compare__stage").evaluate("(stage) => stage.style.getPropertyValue('--at')")
        == "100%"
    )
    visitor.look()
    visitor.follow("Drawings")
    expect(page.get_by_role("link", name="a lighthouse at night", exact=True)).to_be_visible()


def test_everything_works_without_javascript(visit: Visit, worker: Child, files: list[str]) -> None:
    bob = visit(scripts=False)
    page = bob.page
    join(bob, "bob")
    create(bob, "Plain clouds", "plain-clouds")

    say_origin(page)
    page.set_input_files("#upload-files", files)
    bob.press("Upload")
    expect(page.get_by_text("8 pictures are in the set.")).to_be_visible()
    refusals = page.get_by_role("region", name="Refused files")
    expect(refusals).to_contain_text(REFUSED)
    expect(page.locator("#image-set img")).to_have_count(8)

    bob.press("Build")
    reload_until(bob, page.locator(".build .state--succeeded"), worker)
    page.get_by_text("Publish…").click()
    bob.press("Publish for good")
    expect(page.locator(".file__name")).to_have_count(4)

    bob.follow("Draw with this look")
    page.get_by_label("Prompt").fill("a lighthouse at night")
    bob.press("Draw it")
    reload_until(bob, page.locator(".compare"), worker)
    for picture in page.locator(".compare img").all():
        expect(picture).to_be_visible()
    bob.follow("Use these settings again")
    expect(page.get_by_label("Prompt")).to_have_value("a lighthouse at night")
    bob.look()
    bob.assert_no_complaints()


def reload_until(visitor: Visitor, part: Locator, worker: Child) -> None:
    """Reload the page, as its reader has to, until the part is there."""
    for _ in range(WORK // 1000):
        if part.is_visible():
            return
        visitor.page.wait_for_timeout(1000)
        visitor.page.reload()
    pytest.fail(f"{part} did not appear.\n{tail(worker.log)}")
