"""Pages that belong to no feature, and the documents of the API."""

import pytest
from django.test import Client

from hub.problems import BY_STATUS, PROBLEMS

pytestmark = pytest.mark.django_db


def test_the_about_page_renders(client: Client) -> None:
    page = client.get("/about")
    assert page.status_code == 200
    assert b'id="verify"' in page.content
    assert b"trained" not in page.content


@pytest.mark.parametrize("kind", PROBLEMS)
def test_each_kind_of_problem_has_a_page(client: Client, kind: str) -> None:
    problem = PROBLEMS[kind]
    response = client.get(f"/problems/{kind}")
    assert response.status_code == 200
    page = response.content.decode()
    assert problem.url in page
    assert problem.title.replace("'", "&#x27;") in page
    assert str(problem.status.value) in page


def test_the_type_of_a_problem_is_the_address_of_its_page(client: Client) -> None:
    response = client.get("/api/v1/aesthetics/ada/nothing")
    kind = response.json()["type"]
    assert client.get(kind.removeprefix("http://localhost:8000")).status_code == 200


def test_a_kind_of_problem_that_does_not_exist_has_no_page(client: Client) -> None:
    assert client.get("/problems/nonsense").status_code == 404


def test_each_status_that_django_answers_by_itself_has_a_problem() -> None:
    assert {400, 401, 403, 404, 405, 406, 412, 413, 415, 416, 422, 429, 500} <= set(BY_STATUS)


def test_the_service_document_leads_everywhere(client: Client) -> None:
    body = client.get("/api/v1/").json()
    assert body["aesthetics"] == "/api/v1/aesthetics"
    assert body["openapi"] == "/api/v1/openapi.json"
    assert body["by_hash"] == "/api/v1/by-hash/{digest}"
    assert body["blobs"] == "/api/v1/blobs/{digest}"
    assert body["shared_generations"] == "/api/v1/aesthetics/{owner}/{slug}/generations"
    for name in ("aesthetics", "openapi", "documentation"):
        assert client.get(body[name]).status_code == 200


def test_the_documentation_is_served_from_here(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert "/api/v1/openapi.json" in page
    assert "https://cdn" not in page


@pytest.mark.parametrize(
    ("typed", "page"),
    [
        ("/draw/", "/draw"),
        ("/api/docs/", "/api/docs"),
        ("/ada/sea-mist//", "/ada/sea-mist"),
        ("/ada/?page=2", "/ada?page=2"),
        ("/ada/caf%C3%A9%3F/", "/ada/caf%C3%A9%3F"),
    ],
)
def test_a_slash_too_many_leads_to_the_page(client: Client, typed: str, page: str) -> None:
    answer = client.get(typed)
    assert (answer.status_code, answer["Location"]) == (301, page)


@pytest.mark.parametrize(
    "address", ["//evil.example/", "//evil.example//", "/a/b/c/d/e/", "/api/v1/aesthetics/"]
)
def test_a_slash_too_many_leads_to_nothing_else(client: Client, address: str) -> None:
    assert client.get("/", PATH_INFO=address).status_code == 404


def test_nothing_is_sent_to_an_address_with_a_slash_too_many(client: Client) -> None:
    assert client.post("/draw/").status_code == 404
