"""A real chromium, a live web server, and a real worker on the same database and media folder."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as current
from django.core.cache import cache
from playwright.sync_api import Browser, expect, sync_playwright
from pytest_django import DjangoDbBlocker, Settings
from pytest_django.live_server_helper import LiveServer

from hub.demo.children import Child
from registry.worker_encoder import ensure_space
from tests.browser.visitor import Visitor
from tests.processes import kill_all, start_worker

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000  # milliseconds for something to appear on a page, on a busy machine

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's chromium; playwright's own is never downloaded."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"There is no browser: none of {', '.join(PROGRAMS)} is on the PATH.")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's event loop runs in this thread, where the tests use the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=program, args=SWITCHES)
            expect.set_options(timeout=PATIENCE)
            yield started
            started.close()


@pytest.fixture(scope="module")
def shared_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(autouse=True)
def media_folder(settings: Settings, shared_media: Path) -> Path:
    """Let web server and worker, which lives longer than one test, store in one folder."""
    settings.MEDIA_ROOT = shared_media
    return shared_media


@pytest.fixture(scope="module")
def worker(
    browser: Browser,
    broker: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    shared_media: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Child]:
    """Start one worker for all journeys; its children keep their models loaded."""
    with django_db_blocker.unblock():
        started = start_worker(
            tmp_path_factory.mktemp("worker"), broker, MEDIA_ROOT=str(shared_media)
        )
    yield started
    kill_all(started)


@pytest.fixture
def visit(
    transactional_db: None, broker: str, browser: Browser, live_server: LiveServer
) -> Iterator[Visit]:
    """Give a function that opens a new browser window, signed in where a session is given."""
    cache.clear()  # of the tries that earlier runs made to sign in
    ensure_space(current.HUB_SPACE)
    contexts = []

    def open_window(*, scripts: bool = True, session: str = "") -> Visitor:
        context = browser.new_context(
            java_script_enabled=scripts,
            # Otherwise pages fade into each other, and a fade dies when the window is resized.
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if session:
            cookie = {"name": "sessionid", "value": session, "url": live_server.url}
            context.add_cookies([cookie])  # type: ignore[list-item]  # a plain dict is one
        return Visitor(context.new_page(), live_server.url)

    yield open_window
    for context in contexts:
        context.close()
