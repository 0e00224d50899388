"""Files on their way to a hub that is busy, in a real browser."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import expect

from registry import turns
from tests import factories
from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

A_LONG_WAIT = 60_000  # milliseconds, more than any pause between two tries
MOST_TRIES = 10  # as in upload.js


def test_a_busy_hub_gets_the_files_again_and_again_and_at_last_offers_to_retry(
    visit: Visit, tmp_path: Path
) -> None:
    ada = factories.person("ada")
    draft = factories.aesthetic(ada)
    client = Client()
    client.force_login(ada)
    visitor = visit(session=client.session.session_key)
    page = visitor.page
    files = [tmp_path / f"{seed}.png" for seed in range(5)]
    for seed, file in enumerate(files):
        file.write_bytes(factories.picture(seed))
    page.clock.install()
    visitor.go(f"/{draft.ref}/images")
    rows = page.locator(".upload-row")
    waiting = rows.filter(has_text="The server is busy. Waiting…")
    with ExitStack() as stack:
        for _ in range(turns.MOST_OF_A_PERSON):
            stack.enter_context(turns.turn(ada.pk))
        page.set_input_files("#upload-files", files[:1])
        for _ in range(MOST_TRIES - 1):
            expect(waiting).to_have_count(1)
            page.clock.run_for(A_LONG_WAIT)
        expect(rows).to_contain_text("The hub is looking at other uploads")
        expect(page.get_by_role("button", name="Retry 0.png")).to_be_visible()
        page.set_input_files("#upload-files", files[1:])
        expect(waiting).to_have_count(3)
        assert not draft.members.exists()
    page.get_by_role("button", name="Retry 0.png").click()
    page.clock.run_for(A_LONG_WAIT)
    expect(page.get_by_text("Done: 5 pictures added.")).to_be_visible()
    assert draft.members.count() == 5
