"""The page of a look's standard sheet: what it shows, and why there is none."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from registry import blobs, publishing
from registry.models import Aesthetic, Version
from tests import factories
from tests.generation.drawn_standard import failed, finished, html

ONE = "/ada/sea-mist/versions/v1/standard"


def test_the_page_of_a_look_asks_for_its_sheet(client: Client, version: Version) -> None:
    assert f'hx-get="{ONE}"' in html(client.get("/ada/sea-mist"))
    assert "Not drawn yet." in html(client.get(ONE))
    sheet = failed(version)
    assert "It could not be drawn: The disk was full." in html(client.get(ONE))
    sheet.delete()
    sheet = finished(version)
    shown = html(client.get(ONE))
    assert 'src="/ada/sea-mist/versions/v1/standard.webp"' in shown
    assert "a house by a tree, a boat on the sea" in shown
    picture = client.get("/ada/sea-mist/versions/v1/standard.webp")
    assert picture.content == blobs.read_blob(sheet.picture)
    assert picture["Content-Type"] == "image/webp"


@pytest.mark.parametrize("what", ["private", "withdrawn", "another space", "switched off"])
def test_page_and_api_say_why_no_worker_draws_it(
    client: Client, ada: User, version: Version, settings: Settings, what: str
) -> None:
    client.force_login(ada)
    reason = "it is private or withdrawn, so none is drawn."
    if what == "private":
        Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    elif what == "withdrawn":
        publishing.yank(version, reason="A picture was not mine.")
    elif what == "another space":
        settings.HUB_SPACE = "another-space"
        reason = "the hub draws in “another-space”."
    else:
        settings.STANDARD_SHEETS = False
        reason = "this hub draws none at present."
    shown = [html(client.get(ONE)), html(client.get("/compare", {"look": "ada/sea-mist@v1"}))]
    api = "/api/v1/aesthetics/ada/sea-mist/versions/v1/standard-sheet"
    told = client.get(api, headers=factories.bearer(ada)).json()["detail"]
    for each in (*shown, told):
        assert reason in each
        assert "drawn yet" not in each
