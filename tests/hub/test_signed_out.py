"""A page that is left open until the session has ended."""

import uuid
from urllib.parse import parse_qs

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.addresses import ROUTES, addresses

pytestmark = pytest.mark.django_db


def test_a_fragment_is_not_answered_with_the_login_page(client: Client) -> None:
    path = reverse("generation:status", args=[uuid.uuid4()])
    response = client.get(path, headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response.json() == {
        "detail": "You are signed out. Sign in in another tab, then go on here."
    }


def test_nor_is_a_script(client: Client) -> None:
    path = reverse("registry:upload", args=["ada", "sea-mist"])
    response = client.post(path, headers={"Accept": "application/json"})
    assert response.status_code == 401
    assert "signed out" in response.json()["detail"]


def test_a_page_asked_for_without_a_session_is_redirected_as_ever(client: Client) -> None:
    response = client.get(reverse("generation:drawings"))

    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/drawings"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/ada/sea-mist/images?page=2", "/ada/sea-mist/images?page=2"),
        ("http://testserver/ada/sea-mist/aliases", "/ada/sea-mist"),
        ("http://testserver/ada/sea-mist/versions/v1/withdraw", "/ada/sea-mist/versions/v1"),
        ("http://testserver/no/such/page", "/no/such/page"),
        ("http://elsewhere.example/x", "/"),
        ("//elsewhere.example/x", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_a_sent_form_leads_back_to_its_page(
    client: Client, referer: str, back: str
) -> None:
    path = reverse("registry:build", args=["ada", "sea-mist"])
    response = client.post(path, headers={"Referer": referer} if referer else {})
    assert response.status_code == 302
    login, _, query = response["Location"].partition("?")
    assert login == reverse("account_login")
    assert parse_qs(query) == {"next": [back]}


def test_no_page_of_a_refused_form_leads_back_to_where_no_visit_is_answered(
    client: Client, broker: str
) -> None:
    """Of all addresses: those that answer no visit, and show a page where a form is refused."""
    version = factories.published(factories.aesthetic(factories.person("ada")))
    owner = Client()
    owner.force_login(version.aesthetic.owner)
    blanks = {
        "owner": ["ada"],
        "slug": ["sea-mist"],
        "ref": ["v1"],
        "other": ["v1"],
        "name": ["x"],
        "digest": [version.version_digest],
        "pk": [str(version.pk)],
        "which": ["plain"],
    }
    names = [name for name in ROUTES if name.startswith(("accounts:", "generation:", "registry:"))]
    names.remove("registry:delete")  # it would leave nothing to be refused
    form = reverse("registry:build", args=["ada", "sea-mist"])
    pages = []
    for path in (path for name in names for path in addresses(ROUTES[name], blanks)):
        if owner.get(path).status_code != 405:
            continue
        refused = owner.post(path)
        if refused.status_code == 200 and b"</html>" in refused.content:
            answer = client.post(form, headers={"Referer": f"http://testserver{path}"})
            (back,) = parse_qs(answer["Location"].partition("?")[2])["next"]
            pages.append((path, client.get(back).status_code))
    assert pages
    assert {status for _, status in pages} == {200}, pages
