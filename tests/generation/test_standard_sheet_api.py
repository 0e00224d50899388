"""The standard sheet of a version by API: facts, pictures, and what is said where there is none."""

import hashlib
import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from generation.models import StandardSheet
from registry import blobs, digests, publishing
from registry.models import Aesthetic, JobState, Version
from tests import factories
from tests.answers import problem

START = "/api/v1/aesthetics/ada/sea-mist/versions"
ONE_CHECKPOINT, ANOTHER = (digests.digest_bytes(name) for name in (b"one", b"another"))
DOSE = {
    "optimiser": "adam",
    "rate": 1e-4,
    "weight": 0.9,
    "anchor": 0.5,
    "slerp": False,
    "clip_skip": 1,
    "enough_agreement": None,
    "most_drift": 0.5,
    "sampling_steps": 30,
    "guidance": 7.5,
    "width": 64,
    "height": 48,
}
RECIPE = {"prompts": ["a house", "a boat"], "seeds": [1], "doses": [0, 20], **DOSE}


def finished(version: Version, checkpoint: str = ONE_CHECKPOINT, first: int = 1) -> StandardSheet:
    """A sheet as a worker leaves it, with pictures that nobody had to draw."""
    cells = [
        {
            "prompt": prompt,
            "seed": 1,
            "steps": steps,
            "digest": blobs.ensure_blob(factories.picture(first + number)),
        }
        for number, (prompt, steps) in enumerate(
            [("a house", 0), ("a house", 20), ("a boat", 0), ("a boat", 20)]
        )
    ]
    return StandardSheet.objects.create(
        version=version,
        checkpoint=checkpoint,
        state=JobState.SUCCEEDED,
        recipe=RECIPE,
        cells=cells,
        picture=blobs.ensure_blob(factories.picture(first + 9)),
    )


def detail(answer: Any) -> str:
    return str(problem(answer, 404, "not-found")["detail"])


@pytest.mark.parametrize("ref", ["v1", "latest", "digest"])
def test_the_sheet_says_what_drew_what_and_where_the_pictures_are(
    client: Client, version: Version, ref: str
) -> None:
    sheet = finished(version)
    name = version.version_digest if ref == "digest" else ref
    answer = client.get(f"{START}/{name}/standard-sheet")
    assert answer["Content-Type"] == "application/json"
    told = answer.json()
    assert told["aesthetic"] == "ada/sea-mist@v1"
    assert told["version_digest"] == version.version_digest
    assert (told["checkpoint"], told["recipe"]) == (ONE_CHECKPOINT, RECIPE)
    bare = [{key: cell[key] for key in cell if key != "url"} for cell in told["cells"]]
    assert bare == sheet.cells
    for named in (told["picture"], *told["cells"]):
        picture = client.get(named["url"])
        assert picture["Content-Type"] == "image/webp"
        assert "sha256:" + hashlib.sha256(picture.content).hexdigest() == named["digest"]


def test_the_facts_are_asked_for_again_and_the_pictures_never_change(
    client: Client, version: Version
) -> None:
    sheet = finished(version)
    path = f"{START}/v1/standard-sheet"
    facts, picture = client.get(path), client.get(f"{path}/pictures/{sheet.picture}")
    assert facts["Cache-Control"] == "public, no-cache"
    assert picture["Cache-Control"] == "public, max-age=31536000, immutable"
    for answer in (facts, picture):
        named = hashlib.sha256(answer.content)
        assert answer["ETag"] == f'"{named.hexdigest()}"'
        assert answer["Repr-Digest"].startswith("sha-256=:")
    kept = {"If-None-Match": facts["ETag"]}
    assert client.get(path, headers=kept).status_code == 304
    assert client.head(path)["Content-Length"] == str(len(facts.content))
    part = client.get(f"{path}/pictures/{sheet.picture}", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, picture.content[:4])
    finished(version, ANOTHER, first=20)
    StandardSheet.objects.filter(pk=sheet.pk).update(finished_at="2026-01-01T00:00:00Z")
    StandardSheet.objects.exclude(pk=sheet.pk).update(finished_at="2026-02-01T00:00:00Z")
    newer = client.get(path, headers=kept)
    assert (newer.status_code, newer.json()["checkpoint"]) == (200, ANOTHER)
    assert client.get(f"{path}/pictures/{sheet.picture}").status_code == 200  # named before


def test_two_looks_are_compared_by_fetching_both_of_one_checkpoint(
    client: Client, version: Version
) -> None:
    other = factories.shelved(factories.aesthetic(factories.person("eve"), "ink"))
    for each, first in ((version, 1), (other, 30)):
        finished(each, first=first)
    finished(version, ANOTHER, first=60)
    ink = client.get("/api/v1/aesthetics/eve/ink/versions/v1/standard-sheet").json()
    asked = {"checkpoint": ink["checkpoint"]}
    mist = client.get(f"{START}/v1/standard-sheet", asked).json()
    assert mist["checkpoint"] == ink["checkpoint"]
    assert mist["recipe"] == ink["recipe"]
    same = [("a house", 0), ("a house", 20), ("a boat", 0), ("a boat", 20)]
    for told in (mist, ink):
        assert [(cell["prompt"], cell["steps"]) for cell in told["cells"]] == same


def test_what_is_not_drawn_says_so(client: Client, version: Version) -> None:
    path = f"{START}/v1/standard-sheet"
    assert "ada/sea-mist@v1 is not drawn yet" in detail(client.get(path))
    StandardSheet.objects.create(version=version, checkpoint=ONE_CHECKPOINT)
    assert "is not drawn yet" in detail(client.get(path))
    StandardSheet.objects.all().delete()
    finished(version)
    none = client.get(path, {"checkpoint": ANOTHER})
    assert f"drawn by the checkpoint “{ANOTHER}”" in detail(none)


def test_what_could_not_be_drawn_says_why_and_whether_it_is_tried_again(
    client: Client, version: Version, settings: Settings
) -> None:
    path = f"{START}/v1/standard-sheet"
    StandardSheet.objects.create(
        version=version,
        checkpoint=ONE_CHECKPOINT,
        state=JobState.FAILED,
        reason="The disk was full.",
        attempts=1,
    )
    told = detail(client.get(path))
    assert "could not be drawn: The disk was full. A worker that is idle tries again" in told
    assert "Drawing it failed: The disk was full." in detail(
        client.get(path, {"checkpoint": ONE_CHECKPOINT})
    )
    assert "The disk" not in detail(client.get(path, {"checkpoint": ANOTHER}))
    StandardSheet.objects.update(attempts=settings.JOB_ATTEMPTS)
    assert "It was begun 5 times, and is not begun again." in detail(client.get(path))
    StandardSheet.objects.create(version=version, checkpoint=ANOTHER)
    assert "is not drawn yet" in detail(client.get(path))
    finished(version, digests.digest_bytes(b"a third"))
    assert client.get(path).status_code == 200


def test_what_is_never_drawn_says_why(client: Client, version: Version) -> None:
    publishing.yank(version, reason="A picture was not mine.")
    assert "private or withdrawn" in detail(client.get(f"{START}/v1/standard-sheet"))


def test_what_the_hub_cannot_draw_names_both_spaces(
    client: Client, version: Version, settings: Settings
) -> None:
    settings.HUB_SPACE = "another-space"
    told = detail(client.get(f"{START}/v1/standard-sheet"))
    assert f"lives in the space “{version.space.name}”" in told
    assert "draws in “another-space”" in told


def test_what_one_may_not_see_is_missing_like_what_was_never_there(
    client: Client, version: Version
) -> None:
    sheet = finished(version)
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    nowhere = detail(client.get("/api/v1/aesthetics/ada/nothing/versions/v1/standard-sheet"))
    path = f"{START}/v1/standard-sheet"
    assert detail(client.get(path)) == nowhere
    assert detail(client.get(f"{path}/pictures/{sheet.picture}")) == nowhere
    assert detail(client.get(f"{START}/v9/standard-sheet")) == nowhere


def test_its_owner_still_sees_it_and_no_cache_keeps_it(
    client: Client, ada: User, version: Version
) -> None:
    sheet = finished(version)
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    headers = factories.bearer(ada)
    for path in ("", f"/pictures/{sheet.picture}"):
        answer = client.get(f"{START}/v1/standard-sheet{path}", headers=headers)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    client.force_login(ada)
    page = client.get("/ada/sea-mist/versions/v1/standard.webp")
    assert (page.status_code, page["Cache-Control"]) == (200, "private, no-store")


def test_only_the_pictures_of_the_versions_own_sheets_are_there(
    client: Client, version: Version
) -> None:
    other = factories.shelved(factories.aesthetic(factories.person("eve"), "ink"))
    sheet, ink = finished(version), finished(other, first=30)
    unfinished = StandardSheet.objects.create(
        version=version, checkpoint=ANOTHER, cells=[{"digest": blobs.ensure_blob(b"a cell")}]
    )
    path = f"{START}/v1/standard-sheet/pictures"
    for digest in (ink.picture, ink.cells[0]["digest"], unfinished.cells[0]["digest"], "sha256:x"):
        problem(client.get(f"{path}/{digest}"), 404, "not-found")
    assert client.get(f"{path}/{sheet.cells[3]['digest']}").status_code == 200


def test_the_facts_are_bytes_that_can_be_made_again(client: Client, version: Version) -> None:
    finished(version)
    data = client.get(f"{START}/v1/standard-sheet").content
    assert digests.canonical_json(json.loads(data)) == data


def test_a_sheet_that_waits_to_be_drawn_again_is_as_old_as_its_picture(
    client: Client, version: Version
) -> None:
    older, newer = finished(version), finished(version, ANOTHER, first=20)
    StandardSheet.objects.filter(pk=older.pk).update(finished_at="2026-01-01T00:00:00Z")
    StandardSheet.objects.filter(pk=newer.pk).update(finished_at="2026-02-01T00:00:00Z")
    again = StandardSheet.objects.filter(pk=older.pk).queue_outdated({"seeds": [7]})
    assert again == older
    assert client.get(f"{START}/v1/standard-sheet").json()["checkpoint"] == ANOTHER
