"""Sharing a drawing with everybody, taking it back, and the drawings on the page of a look."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from generation import sharing
from generation.models import Generation
from generation.models.generations import PARAMETERS
from generation.prompts import queue_generation
from registry import publishing, takedowns
from registry.models import Aesthetic, JobState, Version
from tests import factories

PROMPT = "a lighthouse at night"
OF_LOOK = "/ada/sea-mist/drawings"
ANYBODY = Client


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    """A browser in which ada is signed in."""
    client.force_login(ada)
    return client


@pytest.fixture
def stranger(bob: User) -> Client:
    visitor = Client()
    visitor.force_login(bob)
    return visitor


@pytest.fixture
def shared(finished: Generation) -> Generation:
    sharing.share(finished)
    finished.refresh_from_db()
    return finished


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def problem(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def copies(of: Generation, count: int) -> None:
    """Share more of the same."""
    parameters = {name: getattr(of, name) for name in PARAMETERS}
    results = ("checkpoint", "plain", "personalised", "agreement", "drift")
    for number in range(count):
        Generation.objects.create(
            owner=of.owner,
            version=of.version,
            state=JobState.SUCCEEDED,
            shared_at=timezone.now(),
            **{name: getattr(of, name) for name in results},
            **{**parameters, "prompt": f"picture {number}"},
        )


# --- On the page of a drawing -------------------------------------------------------------------


def test_a_drawing_is_shared_and_taken_back_on_its_page(
    page: Client, stranger: Client, finished: Generation
) -> None:
    path = f"/drawings/{finished.pk}"
    assert f'action="{path}/share"' in html(page.get(path))
    assert stranger.get(path).status_code == 404

    answer = page.post(f"{path}/share", follow=True)
    assert "Everybody can see this drawing now." in html(answer)
    assert f'action="{path}/unshare"' in html(answer)
    assert stranger.get(path).status_code == 200

    answer = page.post(f"{path}/unshare", follow=True)
    assert "Only you can see this drawing now." in html(answer)
    assert f'action="{path}/share"' in html(answer)
    assert stranger.get(path).status_code == 404


def test_sharing_twice_keeps_the_first_time(shared: Generation) -> None:
    first = shared.shared_at
    sharing.share(shared)
    shared.refresh_from_db()
    assert shared.shared_at == first


def test_a_stranger_sees_the_pictures_the_settings_and_who_drew_it(
    stranger: Client, shared: Generation
) -> None:
    for visitor in (stranger, ANYBODY()):
        shown = html(visitor.get(f"/drawings/{shared.pk}"))
        for said in (PROMPT, "2 steps brought the words", 'href="/ada"', "ada/sea-mist@v1"):
            assert said in shown
        for which in ("plain", "personalised"):
            picture = visitor.get(f"/drawings/{shared.pk}/{which}.png")
            assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")


def test_a_stranger_is_offered_nothing_that_only_the_owner_may_do(
    stranger: Client, shared: Generation
) -> None:
    for visitor in (stranger, ANYBODY()):
        shown = html(visitor.get(f"/drawings/{shared.pk}"))
        for path in ("cancel", "share", "unshare", "remove"):
            assert f"/drawings/{shared.pk}/{path}" not in shown
        assert "Your drawings" not in shown
        assert "Who sees it" not in shown


def test_what_a_stranger_sees_but_does_not_own_is_not_theirs_to_change(
    stranger: Client, shared: Generation
) -> None:
    for action in ("cancel", "share", "unshare", "remove", "put-back"):
        answer = stranger.post(f"/drawings/{shared.pk}/{action}")
        assert answer.status_code == 403, action
    assert stranger.get(f"/drawings/{shared.pk}/status").status_code == 403
    shared.refresh_from_db()
    assert (shared.is_public, shared.hidden_at) == (True, None)


def test_whoever_is_not_signed_in_is_asked_to_before_changing_a_shared_drawing(
    shared: Generation,
) -> None:
    for action in ("cancel", "share", "unshare", "remove", "put-back"):
        answer = ANYBODY().post(f"/drawings/{shared.pk}/{action}")
        assert answer["Location"].startswith("/accounts/login/"), action


def test_the_settings_of_a_shared_drawing_can_be_used_by_others(
    stranger: Client, shared: Generation
) -> None:
    assert f'href="/draw?from={shared.pk}"' in html(stranger.get(f"/drawings/{shared.pk}"))
    assert PROMPT in html(stranger.get(f"/draw?from={shared.pk}"))


def test_a_shared_picture_is_asked_for_each_time_since_it_can_be_taken_back(
    page: Client, stranger: Client, shared: Generation
) -> None:
    path = f"/drawings/{shared.pk}/personalised.png"
    first = stranger.get(path)
    assert first["Cache-Control"] == "public, no-cache"
    kept = {"If-None-Match": first["ETag"]}
    assert stranger.get(path, headers=kept).status_code == 304
    assert page.get(path)["Cache-Control"] == "private, no-store"  # they may log out
    Generation.objects.unshare(shared.pk)
    assert stranger.get(path, headers=kept).status_code == 404


# --- What cannot be shared ----------------------------------------------------------------------


def test_what_is_not_drawn_is_not_shared(page: Client, ada: User, version: Version) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT)
    assert f"/drawings/{made.pk}/share" not in html(page.get(f"/drawings/{made.pk}"))
    answer = page.post(f"/drawings/{made.pk}/share", follow=True)
    assert "This drawing is waiting; only one that is ready can be shared." in html(answer)


def test_the_database_keeps_what_failed_from_being_shared(finished: Generation) -> None:
    rows = Generation.objects.filter(pk=finished.pk)
    rows.update(state=JobState.FAILED, reason="It failed.")
    with (
        pytest.raises(IntegrityError, match="generation_shared_has_succeeded"),
        transaction.atomic(),
    ):
        rows.update(shared_at=timezone.now())


def test_a_drawing_in_a_look_that_is_not_public_is_not_shared(
    page: Client, finished: Generation
) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    assert "It can't be shared, since its look is" in html(page.get(f"/drawings/{finished.pk}"))
    answer = page.post(f"/drawings/{finished.pk}/share", follow=True)
    assert "The look ada/sea-mist@v1 is withdrawn or not public" in html(answer)
    finished.refresh_from_db()
    assert finished.shared_at is None


def make_private(version: Version) -> None:
    Aesthetic.objects.filter(pk=version.aesthetic_id).update(
        visibility=Aesthetic.Visibility.PRIVATE
    )


def delete(version: Version) -> None:
    publishing.delete(version.aesthetic)


def withdraw(version: Version) -> None:
    publishing.yank(version, reason="A picture was not mine.")


@pytest.mark.parametrize("hide", [make_private, delete, withdraw])
def test_what_hides_a_look_hides_what_was_drawn_with_it(
    stranger: Client, bob: User, version: Version, hide: Any, finished: Generation
) -> None:
    Generation.objects.filter(pk=finished.pk).update(owner=factories.person("eve"))
    sharing.share(Generation.objects.get(pk=finished.pk))
    assert stranger.get(f"/drawings/{finished.pk}").status_code == 200
    hide(version)
    for path in (f"/drawings/{finished.pk}", f"/drawings/{finished.pk}/plain.png"):
        assert stranger.get(path).status_code == 404
    assert stranger.get(f"/api/v1/generations/{finished.pk}").status_code == 404
    assert not Generation.objects.shared_with(bob).exists()
    assert not Generation.objects.get(pk=finished.pk).is_public


def test_the_owner_is_told_that_a_hidden_look_hides_what_they_share(
    page: Client, shared: Generation
) -> None:
    make_private(shared.version)
    shown = html(page.get(f"/drawings/{shared.pk}"))
    assert "You share it, but its look is withdrawn or not public: at most" in shown
    assert f'action="/drawings/{shared.pk}/unshare"' in shown


# --- On the page of a look ----------------------------------------------------------------------


def test_the_page_of_a_look_asks_for_its_newest_drawings_and_leads_to_all(
    client: Client, shared: Generation
) -> None:
    shown = html(client.get("/ada/sea-mist"))
    assert "Drawn with this look" in shown
    assert f'hx-get="{OF_LOOK}/newest"' in shown
    assert f'href="{OF_LOOK}"' in shown


def test_the_newest_twelve_are_shown_with_their_prompts(client: Client, shared: Generation) -> None:
    copies(shared, 12)
    answer = client.get(f"{OF_LOOK}/newest")
    assert "<html" not in html(answer)
    assert [drawing.prompt for drawing in answer.context["drawings"]] == [
        f"picture {number}" for number in reversed(range(12))
    ]
    newest = answer.context["drawings"][0]
    assert f'<a href="/drawings/{newest.pk}">' in html(answer)
    assert f'src="/drawings/{newest.pk}/personalised.png" alt="picture 11"' in html(answer)
    assert f'href="{OF_LOOK}"' in html(answer)


def test_where_nothing_is_shared_the_page_says_so(client: Client, finished: Generation) -> None:
    assert "Nobody shares a drawing with this look yet." in html(client.get(f"{OF_LOOK}/newest"))
    assert "Nothing shared yet." in html(client.get(OF_LOOK))
    assert PROMPT not in html(client.get(OF_LOOK))


def test_all_shared_drawings_of_a_look_are_in_pages(client: Client, shared: Generation) -> None:
    copies(shared, 24)
    first, second = client.get(OF_LOOK), client.get(f"{OF_LOOK}?page=2")
    assert [len(answer.context["page"].object_list) for answer in (first, second)] == [24, 1]
    assert 'rel="next"' in html(first)
    assert PROMPT in html(second)
    assert 'by <a href="/ada">ada</a>' in html(second)


def test_another_look_does_not_show_them(client: Client, ada: User, shared: Generation) -> None:
    factories.shelved(factories.aesthetic(ada, "another"))
    assert PROMPT not in html(client.get("/ada/another/drawings"))


def test_a_look_that_is_all_withdrawn_is_not_offered_to_draw_with(
    client: Client, version: Version
) -> None:
    assert "Draw with this look" in html(client.get(OF_LOOK))
    withdraw(version)
    assert "Draw with this look" not in html(client.get(OF_LOOK))


def test_a_page_asks_the_database_as_often_for_many_as_for_one(
    client: Client, shared: Generation, django_assert_max_num_queries: Any
) -> None:
    copies(shared, 5)
    with django_assert_max_num_queries(5):
        client.get(OF_LOOK)


def test_the_public_lists_use_their_index(shared: Generation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    of_version = Generation.objects.filter(shared_at__isnull=False, version=shared.version)
    assert "generation_shared" in of_version.newest_shared().explain()


# --- By the API ---------------------------------------------------------------------------------


@pytest.fixture
def api(finished: Generation) -> str:
    return f"/api/v1/generations/{finished.pk}"


def test_a_generation_is_shared_and_taken_back_by_the_api(
    client: Client, ada: User, bob: User, api: str
) -> None:
    owner = factories.bearer(ada)
    strangers: list[dict[str, str]] = [factories.bearer(bob), {}]
    for _ in range(2):  # the second time is the same
        answer = client.put(f"{api}/share", headers=owner)
        assert answer.status_code == 200, answer.content
        assert answer.json()["shared_at"] is not None
    for headers in strangers:
        told = client.get(api, headers=headers).json()
        assert (told["owner"], told["prompt"], told["reason"]) == ("ada", PROMPT, "")
        assert told["url"] == f"/drawings/{told['id']}"
        assert not re.search("attempts|lease|hidden", str(told.keys()))
        picture = client.get(told["plain"]["url"], headers=headers)
        assert (picture.status_code, picture["Cache-Control"]) == (200, "public, no-cache")
        assert client.get(f"/api/v1/jobs/{told['id']}", headers=headers).status_code == 404
    for _ in range(2):
        assert client.delete(f"{api}/share", headers=owner).status_code == 204
    for headers in strangers:
        assert client.get(api, headers=headers).status_code == 404
    assert client.get(api, headers=owner).json()["shared_at"] is None


def test_sharing_needs_the_scope_generate_and_the_owner(
    client: Client, ada: User, bob: User, shared: Generation, api: str
) -> None:
    reader = factories.bearer(ada, "read", "write", "publish")
    for headers, status, kind in (
        (reader, 403, "forbidden"),
        (factories.bearer(bob), 403, "forbidden"),
        ({}, 401, "unauthenticated"),
    ):
        for call in (client.put, client.delete):
            answer = call(f"{api}/share", headers=headers)
            assert (answer.status_code, problem(answer)) == (status, kind)
    shared.refresh_from_db()
    assert shared.is_public


def test_what_cannot_be_shared_is_a_conflict_that_says_why(
    client: Client, ada: User, version: Version
) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT)
    answer = client.put(f"/api/v1/generations/{made.pk}/share", headers=factories.bearer(ada))
    assert (answer.status_code, problem(answer)) == (409, "not-shareable")
    assert "only one that is ready can be shared" in answer.json()["detail"]


def test_the_shared_generations_of_an_aesthetic_are_listed_in_pages(
    client: Client, shared: Generation
) -> None:
    copies(shared, 2)
    first = client.get("/api/v1/aesthetics/ada/sea-mist/generations?limit=2").json()
    assert [made["prompt"] for made in first["items"]] == ["picture 1", "picture 0"]
    second = client.get(first["next"]).json()
    assert [made["prompt"] for made in second["items"]] == [PROMPT]


def test_your_own_list_has_nothing_that_others_share(
    client: Client, bob: User, shared: Generation
) -> None:
    assert client.get("/api/v1/generations", headers=factories.bearer(bob)).json()["items"] == []


def test_a_drawing_in_a_look_that_was_taken_down_is_public_no_more(shared: Generation) -> None:
    assert shared.is_public
    takedowns.take_down(shared.version, reason="It was not hers.")
    again = Generation.objects.get(pk=shared.pk)
    assert (again.is_shareable, again.is_public) == (False, False)
