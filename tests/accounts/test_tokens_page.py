"""The page of a person's tokens."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import secrets
from accounts.models import Token, User, issue_token
from tests import factories
from tests.answers import Answer

PAGE = "/accounts/tokens/"


@pytest.fixture(autouse=True)
def logged_in(client: Client, ada: User) -> None:
    client.force_login(ada)


def make(client: Client, **changes: object) -> Answer:
    values = {"name": "laptop", "scopes": ["read", "write"], "expires": "90", **changes}
    return client.post(PAGE, values)


def test_a_new_token_is_shown_once(client: Client) -> None:
    response = make(client)
    secret = response.context["new_token"]
    assert secrets.is_well_formed(secret)
    assert secret.encode() in response.content
    assert secret.encode() not in client.get(PAGE).content


def test_the_shown_token_works(client: Client, ada: User) -> None:
    factories.aesthetic(ada)
    secret = make(client).context["new_token"]
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/aesthetics/ada/sea-mist", headers=headers).status_code == 200


@pytest.mark.parametrize(("choice", "days"), [("30", 30), ("90", 90), ("365", 365), ("0", None)])
def test_a_token_lives_as_long_as_was_chosen(client: Client, choice: str, days: int | None) -> None:
    make(client, expires=choice)
    token = Token.objects.get()
    if days is None:
        assert token.expires_at is None
    else:
        assert token.expires_at is not None
        life = token.expires_at - timezone.now()
        assert timedelta(days=days - 1) < life <= timedelta(days=days)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a" * 65},
        {"scopes": []},
        {"scopes": ["root"]},
        {"expires": "1"},
        {"expires": ""},
    ],
)
def test_a_form_that_is_not_filled_in_makes_no_token(client: Client, wrong: object) -> None:
    assert isinstance(wrong, dict)
    response = make(client, **wrong)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == list(wrong)
    assert not Token.objects.exists()


def test_the_page_lists_names_scopes_and_ends(client: Client, ada: User) -> None:
    issue_token(ada, name="in the cellar", scopes=["generate"])
    issue_token(ada, name="long ago", scopes=["read"], expires_in=-timedelta(days=1))
    text = client.get(PAGE).content.decode()
    assert "in the cellar" in text
    assert "Never expires" in text
    assert "Expired" in text


def test_a_revoked_token_no_longer_works(client: Client, ada: User) -> None:
    token, secret = issue_token(ada, name="laptop", scopes=["read"])
    response = client.post(f"/accounts/tokens/{token.pk}/revoke/", follow=True)
    assert "The token “laptop” no longer works." in response.content.decode()
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/aesthetics", headers=headers).status_code == 401


def test_revoking_takes_a_post(client: Client, ada: User) -> None:
    token, _ = issue_token(ada, name="laptop", scopes=["read"])
    assert client.get(f"/accounts/tokens/{token.pk}/revoke/").status_code == 405


def test_tokens_of_others_are_neither_shown_nor_revoked(client: Client) -> None:
    bob = factories.person("bob")
    token, _ = issue_token(bob, name="the token of bob", scopes=["read"])
    assert b"the token of bob" not in client.get(PAGE).content
    assert client.post(f"/accounts/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert not token.is_revoked


def test_the_page_is_never_cached(client: Client) -> None:
    assert "no-store" in client.get(PAGE)["Cache-Control"]


def test_the_page_says_which_scope_deletes_what_was_published(client: Client) -> None:
    text = " ".join(client.get(PAGE).content.decode().split())
    assert "publish: make versions public, yank them, delete looks that were published" in text


def test_the_page_of_a_new_token_loaded_again_makes_no_second(client: Client, ada: User) -> None:
    client.force_login(ada)
    asked = {"name": "laptop", "scopes": ["read"], "expires": "90"}
    assert "aeh_" in client.post(PAGE, asked).content.decode()
    again = client.post(PAGE, asked).content.decode()
    assert "You have a token of this name; revoke it, or choose another." in again
    assert ada.tokens.count() == 1
    ada.tokens.update(revoked_at=timezone.now())
    assert "aeh_" in client.post(PAGE, asked).content.decode()
