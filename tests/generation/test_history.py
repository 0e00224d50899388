"""The history: found by look and by words, a drawing removed and put back."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.quotas import QuotaExceeded
from generation import sharing
from generation.forms import LOOKS_TO_FIND_BY
from generation.models import Generation
from generation.prompts import queue_generation
from registry.leases import JobLost, Lease
from registry.models import JobState, Version
from tests import factories
from tests.answers import errors

PROMPT = "a lighthouse at night"


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    """A browser in which ada is signed in."""
    client.force_login(ada)
    return client


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def prompts(answer: Any) -> list[str]:
    return [drawing.prompt for drawing in answer.context["page"]]


# --- Finding ------------------------------------------------------------------------------------


@pytest.fixture
def three(ada: User, version: Version) -> Version:
    """Three drawings of ada's, the last one with another look."""
    queue_generation(ada, version=version, prompt="a red boat")
    queue_generation(ada, version=version, prompt="a Blue boat, 100%")
    other = factories.shelved(factories.aesthetic(factories.person("eve"), "ink"))
    queue_generation(ada, version=other, prompt="a blue house")
    return other


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a blue house", "a Blue boat, 100%", "a red boat"]),
        ("q=boat", ["a Blue boat, 100%", "a red boat"]),
        ("q=boat+blue", ["a Blue boat, 100%"]),
        ("q=100%25", ["a Blue boat, 100%"]),
        ("q=_", []),
        ("look=eve/ink", ["a blue house"]),
        ("look=ada/sea-mist&q=blue", ["a Blue boat, 100%"]),
        ("look=eve/ink&q=boat", []),
    ],
)
def test_drawings_are_found_by_words_and_by_look(
    page: Client, three: Version, query: str, found: list[str]
) -> None:
    assert prompts(page.get(f"/drawings?{query}")) == found


def test_the_form_offers_the_looks_that_were_drawn_with(page: Client, three: Version) -> None:
    factories.shelved(factories.aesthetic(three.aesthetic.owner, "never-used"))
    shown = html(page.get("/drawings?look=eve/ink"))
    assert '<option value="eve/ink" selected>Ink (eve/ink)</option>' in shown
    assert "never-used" not in shown


def test_of_very_many_looks_the_form_offers_those_drawn_with_last_and_the_one_asked_for(
    page: Client, ada: User, version: Version
) -> None:
    made = queue_generation(ada, version=version, prompt="the first")
    others = [
        factories.shelved(factories.aesthetic(ada, f"look-{number}"))
        for number in range(LOOKS_TO_FIND_BY)
    ]
    for other in others:
        made.pk, made.version, made.prompt = uuid4(), other, "a later one"
        made.save(force_insert=True)
    words = f"The {LOOKS_TO_FIND_BY} that you drew with last."
    shown = html(page.get("/drawings"))
    assert words in shown
    assert shown.count("<option ") == 1 + LOOKS_TO_FIND_BY
    assert "ada/sea-mist" not in html(page.get("/drawings?q=later"))
    answer = page.get("/drawings?look=ada/sea-mist")
    assert prompts(answer) == ["the first"]
    assert '<option value="ada/sea-mist" selected>' in html(answer)
    Generation.objects.filter(version=others[0]).delete()
    assert words not in html(page.get("/drawings"))


@pytest.mark.parametrize("query", ["look=eve/never", "q=" + "a" * 201])
def test_what_cannot_be_looked_for_is_told_and_finds_nothing(
    page: Client, three: Version, query: str
) -> None:
    answer = page.get(f"/drawings?{query}")
    assert answer.status_code == 200
    assert prompts(answer) == []
    assert 'class="errorlist"' in html(answer)


def test_where_nothing_is_found_the_page_says_so_and_leads_back(
    page: Client, three: Version
) -> None:
    shown = html(page.get("/drawings?q=castle"))
    assert "None of your drawings." in shown
    assert "You have drawn nothing yet." not in shown
    assert 'href="/drawings"' in shown


def test_the_next_page_keeps_what_is_looked_for(page: Client, ada: User, version: Version) -> None:
    for number in range(25):
        queue_generation(ada, version=version, prompt=f"boat {number}")
    shown = html(page.get("/drawings?q=boat"))
    assert "25 found." in shown
    assert 'href="?q=boat&amp;page=2"' in shown


def test_states_are_shown_in_words_and_a_failure_with_its_reason(
    page: Client, ada: User, version: Version
) -> None:
    queue_generation(ada, version=version, prompt="one that waits")
    failed = queue_generation(ada, version=version, prompt="one that failed")
    Generation.objects.filter(pk=failed.pk).update(state=JobState.FAILED, reason="Too bright.")
    shown = html(page.get("/drawings"))
    assert '<span class="state state--queued">waiting</span>' in shown
    assert '<span class="state state--failed">failed</span>' in shown
    assert "Too bright." in shown


def test_what_is_shared_says_so(page: Client, finished: Generation) -> None:
    assert ">Shared<" not in html(page.get("/drawings"))
    sharing.share(finished)
    assert ">Shared<" in html(page.get("/drawings"))


# --- Removing and putting back ------------------------------------------------------------------


def test_removing_is_asked_first_and_can_be_undone(page: Client, finished: Generation) -> None:
    path = f"/drawings/{finished.pk}"
    assert f'href="{path}/remove"' in html(page.get("/drawings"))
    asked = html(page.get(f"{path}/remove"))
    assert "Remove this drawing?" in asked
    assert "you can put it back" in asked
    assert prompts(page.get("/drawings")) == [PROMPT]

    answer = page.post(f"{path}/remove", follow=True)
    assert prompts(answer) == []
    assert "is removed." in html(answer)
    assert f'action="{path}/put-back"' in html(answer)
    assert "put-back" not in html(page.get("/drawings"))  # told once

    answer = page.post(f"{path}/put-back", follow=True)
    assert "The drawing is among yours again." in html(answer)
    assert prompts(answer) == [PROMPT]


def test_what_is_removed_can_be_put_back_later(page: Client, finished: Generation) -> None:
    assert "You have removed nothing." in html(page.get("/drawings/removed"))
    Generation.objects.remove(finished.pk)
    shown = html(page.get("/drawings/removed"))
    assert f'action="/drawings/{finished.pk}/put-back"' in shown
    assert f'src="/drawings/{finished.pk}/personalised.png"' in shown
    assert "You removed this drawing on" in html(page.get(f"/drawings/{finished.pk}"))
    assert page.get(f"/drawings/{finished.pk}/plain.png").status_code == 200


def test_removing_twice_and_putting_back_twice_is_the_same_as_once(
    page: Client, finished: Generation
) -> None:
    assert Generation.objects.remove(finished.pk)
    assert not Generation.objects.remove(finished.pk)
    assert Generation.objects.put_back(finished.pk)
    assert not Generation.objects.put_back(finished.pk)
    answer = page.post(f"/drawings/{finished.pk}/put-back", follow=True)
    assert "among yours again" not in html(answer)


def test_what_is_shared_is_taken_back_by_its_removal_and_stays_so(
    page: Client, finished: Generation
) -> None:
    sharing.share(finished)
    asked = html(page.get(f"/drawings/{finished.pk}/remove"))
    assert "It is shared. Removing takes it back" in asked
    page.post(f"/drawings/{finished.pk}/remove")
    assert not Generation.objects.shared_with(factories.person("eve")).exists()
    answer = page.post(f"/drawings/{finished.pk}/share", follow=True)
    assert "This drawing is removed; put it back before you share it." in html(answer)
    page.post(f"/drawings/{finished.pk}/put-back")
    assert Generation.objects.get().shared_at is None


def test_removing_what_runs_ends_it_and_its_worker_writes_nothing_more(
    page: Client, ada: User, version: Version
) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT)
    lease = Lease(made)
    assert lease.claim()
    assert "removing ends it" in html(page.get(f"/drawings/{made.pk}/remove"))
    page.post(f"/drawings/{made.pk}/remove")
    made.refresh_from_db()
    assert (made.state, made.hidden_at is None) == (JobState.CANCELLED, False)
    with pytest.raises(JobLost):
        lease.report(stage="drawing", done=1, total=2)


def test_the_database_hides_nothing_that_runs_or_is_shared(
    ada: User, version: Version, finished: Generation
) -> None:
    sharing.share(finished)
    waiting = queue_generation(ada, version=version, prompt="a second one")
    for pk in (finished.pk, waiting.pk):
        with (
            pytest.raises(IntegrityError, match="generation_hidden_is_final_and_not_shared"),
            transaction.atomic(),
        ):
            Generation.objects.filter(pk=pk).update(hidden_at=timezone.now())


def test_removing_gives_no_quota_back(
    page: Client, ada: User, version: Version, finished: Generation, settings: Any
) -> None:
    settings.QUOTA_GENERATIONS = 1
    page.post(f"/drawings/{finished.pk}/remove")
    with pytest.raises(QuotaExceeded):
        queue_generation(ada, version=version, prompt=PROMPT)


def test_the_api_lists_nothing_that_was_removed(
    client: Client, ada: User, finished: Generation
) -> None:
    headers, path = factories.bearer(ada), f"/api/v1/generations/{finished.pk}"
    assert client.get(path, headers=headers).json()["removed_at"] is None
    Generation.objects.remove(finished.pk)
    assert client.get("/api/v1/generations", headers=headers).json()["items"] == []
    assert client.get(path, headers=headers).json()["removed_at"] is not None


def test_a_cursor_leads_through_its_own_list_alone(
    client: Client, ada: User, version: Version, finished: Generation
) -> None:
    headers = factories.bearer(ada)
    queue_generation(ada, version=version, prompt=PROMPT)
    following = client.get("/api/v1/generations?limit=1", headers=headers).json()["next"]
    assert client.get(following, headers=headers).status_code == 200
    of_another = following.replace("/generations", "/generations/removed")
    assert errors(client.get(of_another, headers=headers)) == {"/cursor": "invalid"}


def test_removing_needs_a_form_of_ours_and_the_owner(
    ada: User, bob: User, finished: Generation
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    assert browser.post(f"/drawings/{finished.pk}/remove").status_code == 403
    assert browser.get(f"/drawings/{finished.pk}/put-back").status_code == 405
    stranger = Client()
    stranger.force_login(bob)
    for method in (stranger.get, stranger.post):
        assert method(f"/drawings/{finished.pk}/remove").status_code == 404
    assert Generation.objects.get().hidden_at is None
