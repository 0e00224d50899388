"""A person at a real browser: goes from page to page and notices what no page may do."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, Response

NARROW = {"width": 390, "height": 844}  # a telephone
WIDE = {"width": 1280, "height": 900}

# The widest element says more than "the page is too wide".
TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  const over = [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > room + 1)
    .map((element) => element.outerHTML.slice(0, 120));
  return document.documentElement.scrollWidth > room ? over.slice(0, 3) : null;
}"""
TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return [...new Set(ids.filter((id, place) => ids.indexOf(id) !== place))];
}"""


class Visitor:
    """Wraps a page; `look` is called on each page, `assert_no_complaints` at the end."""

    def __init__(self, page: Page, home: str) -> None:
        self.page = page
        self.home = home
        self.looked_at: list[str] = []
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"Script error: {error}"))
        page.on("request", self._note_request)
        page.on("response", self._note_response)

    def go(self, path: str) -> None:
        self.page.goto(self.home + path)
        self.look()

    def look(self) -> None:
        """Look at the page that is open.

        On a telephone it must not scroll sideways, and no id may stand in it twice.
        """
        path = urlsplit(self.page.url).path
        self.looked_at.append(path)
        self.page.set_viewport_size(NARROW)  # type: ignore[arg-type]  # a plain dict is one
        over = self.page.evaluate(TOO_WIDE)
        self.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        if over is not None:
            self.complaints.append(f"{path} scrolls sideways at {NARROW['width']} px: {over}")
        if twice := self.page.evaluate(TWICE):
            self.complaints.append(f"{path} has ids twice: {', '.join(twice)}")

    def press(self, name: str) -> None:
        """Press the button of this name and look at the page that comes."""
        with self.page.expect_event("load"):
            self.page.get_by_role("button", name=name, exact=True).click()
        self.look()

    def follow(self, name: str) -> None:
        """Follow the first link of this name and look at the page that comes."""
        with self.page.expect_event("load"):
            self.page.get_by_role("link", name=name, exact=True).first.click()
        self.look()

    def download(self, name: str, folder: Path) -> Path:
        with self.page.expect_download() as started:
            self.page.get_by_role("link", name=name, exact=True).click()
        saved = folder / name
        started.value.save_as(saved)
        return saved

    def assert_no_complaints(self) -> None:
        if self.complaints:
            pytest.fail("\n".join([f"On the way {self.looked_at}:", *self.complaints]))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"Console on {self.page.url}: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.complaints.append(f"External request on {self.page.url}: {request.url}")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} for {response.url}")


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
