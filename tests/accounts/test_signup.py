"""Signing up through the pages: what a person may be called."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from accounts.names import OWNER_PATTERN, RESERVED_NAMES, refuse_reserved_name
from hub.urls import urlpatterns
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]


def sign_up(client: Client, name: str, **changes: str) -> list[str]:
    """Send the form; return its errors, or nothing when it was taken."""
    values = {
        "username": name,
        "email": "ada@example.org",
        "password1": factories.PASSWORD,
        "password2": factories.PASSWORD,
        **changes,
    }
    response = client.post("/accounts/signup/", values)
    if response.status_code == 302:
        return []
    return [error for errors in response.context["form"].errors.values() for error in errors]


def test_the_page_shows_a_form(client: Client) -> None:
    response = client.get("/accounts/signup/")
    assert response.status_code == 200
    assert b'name="username"' in response.content
    assert b"Lower-case letters, digits and single hyphens." in response.content


def test_a_person_who_signs_up_is_logged_in(client: Client) -> None:
    assert sign_up(client, "ada") == []
    assert User.objects.get().username == "ada"
    assert client.get("/new").status_code == 200


def test_the_password_is_not_kept_as_it_is(client: Client) -> None:
    sign_up(client, "ada")
    assert factories.PASSWORD not in User.objects.get().password


@pytest.mark.parametrize("name", ["admin", "api", "static", "v1", "v27", "new", "accounts"])
def test_a_reserved_name_is_refused(client: Client, name: str) -> None:
    assert sign_up(client, name) == [f"“{name}” is a name the hub keeps for itself."]
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "-ada",
        "ada-",
        "a--b",
        "ada_lovelace",
        "ada.l",
        "ädä",
        "ada/x",
        "ada@x",
        "\u0430da",
        "ada!",
    ],
)
def test_a_malformed_name_is_refused(client: Client, name: str) -> None:
    sentence = "A name is lower-case letters and digits, with single hyphens between them."
    assert sentence in sign_up(client, name)
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["a", "a" * 40])
def test_a_name_that_is_too_short_or_too_long_is_refused(client: Client, name: str) -> None:
    assert sign_up(client, name)
    assert not User.objects.exists()


def test_a_name_is_given_once(client: Client) -> None:
    factories.person("ada")
    assert sign_up(client, "ada", email="other@example.org")
    assert User.objects.count() == 1


def test_names_that_differ_in_case_only_are_the_same(client: Client) -> None:
    factories.person("ada")
    assert sign_up(client, "Ada", email="other@example.org")
    assert User.objects.count() == 1


def test_a_password_that_everybody_uses_is_refused(client: Client) -> None:
    errors = sign_up(client, "ada", password1="password", password2="password")
    assert "This password is too common." in errors
    assert not User.objects.exists()


def test_an_address_has_one_account(client: Client) -> None:
    factories.person("ada")
    assert sign_up(client, "bob", email="Ada@Example.org")
    assert User.objects.get().username == "ada"


def test_the_database_refuses_what_is_not_a_name() -> None:
    with pytest.raises(IntegrityError, match="user_name_is_an_owner"), transaction.atomic():
        User.objects.create(username="Not A Name")


def test_every_first_word_of_a_route_is_reserved() -> None:
    """Or a person of that name would never be seen at their own address."""
    routes = [str(pattern.pattern) for pattern in urlpatterns]
    included = [
        str(pattern.pattern)
        for route in urlpatterns
        if not str(route.pattern)
        for pattern in getattr(route, "url_patterns", [])
    ]
    words = {route.split("/")[0] for route in routes + included}
    names = {word for word in words if re.fullmatch(OWNER_PATTERN, word)}
    assert {"accounts", "api", "draw", "new"} <= names
    assert names <= RESERVED_NAMES
    for name in names:
        with pytest.raises(ValidationError, match="keeps for itself"):
            refuse_reserved_name(name)
