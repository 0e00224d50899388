"""The caller's notices over HTTP: newest first, until they are marked as read."""

from django.test import Client

from accounts.models import User
from registry import notices
from tests import factories

ADDRESS = "/api/v1/notices"


def test_notices_are_listed_newest_first_with_the_address_to_look_at(
    client: Client, ada: User, bob: User
) -> None:
    notices.tell(ada, "First.")
    notices.tell(ada, "Second.", url="/ada/sea-mist")
    notices.tell(bob, "Not hers.")
    listed = client.get(ADDRESS, headers=factories.bearer(ada, "read")).json()
    second, first = listed["items"]
    assert (second["sentence"], first["sentence"]) == ("Second.", "First.")
    assert second["address"].endswith("/ada/sea-mist")
    assert second["address"].startswith("http")
    assert (first["address"], first["read_at"]) == ("", None)
    assert listed["next"] is None


def test_looking_leaves_them_unread_and_marking_marks_ones_own(
    client: Client, ada: User, bob: User
) -> None:
    for person in (ada, ada, bob):
        notices.tell(person, "Something.")
    headers = factories.bearer(ada)
    client.get(ADDRESS, headers=headers)
    assert ada.notices.unread().count() == 2
    assert client.post(f"{ADDRESS}/read", headers=headers).json() == {"marked": 2}
    assert client.post(f"{ADDRESS}/read", headers=headers).json() == {"marked": 0}
    assert all(each["read_at"] for each in client.get(ADDRESS, headers=headers).json()["items"])
    assert bob.notices.unread().count() == 1


def test_notices_come_page_by_page(client: Client, ada: User) -> None:
    for number in range(3):
        notices.tell(ada, f"Notice {number}.")
    headers = factories.bearer(ada)
    first = client.get(ADDRESS, {"limit": 2}, headers=headers).json()
    rest = client.get(first["next"], headers=headers).json()
    said = [each["sentence"] for each in first["items"] + rest["items"]]
    assert said == ["Notice 2.", "Notice 1.", "Notice 0."]


def test_a_stranger_and_a_token_that_only_reads_are_refused(client: Client, ada: User) -> None:
    assert client.get(ADDRESS).status_code == 401
    assert client.post(f"{ADDRESS}/read").status_code == 401
    only_reads = factories.bearer(ada, "read")
    assert client.post(f"{ADDRESS}/read", headers=only_reads).status_code == 403
