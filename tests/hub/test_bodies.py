"""Bodies of requests: refused by their length before anything reads them."""

import pytest
from django.test import Client

from hub.bodies import MOST_BYTES
from tests import factories
from tests.answers import problem

pytestmark = pytest.mark.django_db

# The test client lets nobody read more than was sent, so an answer means that nobody tried.
LONG = str(6 * 2**20)
TOO_LONG = str(MOST_BYTES + 1)
FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize("path", ["/accounts/login/", "/", "/api/x", "/api/x/images/upload"])
def test_a_stranger_cannot_fill_the_disk_through_a_form(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    response = client.post(path, b"--x", FORM, CONTENT_LENGTH=LONG)
    assert response.status_code == 413


def test_a_person_may_send_a_large_zip(client: Client) -> None:
    client.force_login(factories.person())
    assert client.get("/", CONTENT_LENGTH=LONG).status_code == 200


def test_the_api_asks_who_it_is_before_it_reads(client: Client) -> None:
    path = "/api/v1/aesthetics/ada/sea-mist/images"
    problem(client.post(path, b"--x", FORM, CONTENT_LENGTH=LONG), 401, "unauthenticated")


@pytest.mark.parametrize("path", ["blends", "generations", "by-hash"])
def test_json_is_never_as_long_as_a_zip(client: Client, path: str) -> None:
    """All of it is in memory; REST framework (3.18.3) lets Django look at the length first."""
    headers = factories.bearer(factories.person())
    answer = client.post(
        f"/api/v1/{path}", b"{}", "application/json", headers=headers, CONTENT_LENGTH=LONG
    )
    problem(answer, 413, "too-large")


def test_nobody_may_send_more_than_the_largest_zip(client: Client) -> None:
    client.force_login(factories.person())
    assert client.post("/new", b"--x", FORM, CONTENT_LENGTH=TOO_LONG).status_code == 413
    path = "/api/v1/aesthetics/ada/sea-mist/images"
    problem(client.post(path, b"--x", FORM, CONTENT_LENGTH=TOO_LONG), 413, "too-large")


@pytest.mark.parametrize("length", ["", "x", "-1", "²"])
def test_a_length_that_is_no_number_is_none(client: Client, length: str) -> None:
    assert client.get("/", CONTENT_LENGTH=length).status_code == 200
