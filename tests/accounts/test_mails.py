"""Mails of the account pages: their links lead to the hub's public address."""

import re
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]

PUBLIC = "https://hub.example"
OTHER = "10.0.0.7"  # a host that is allowed as well


@pytest.fixture(autouse=True)
def two_hosts(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC
    settings.ALLOWED_HOSTS = ["hub.example", OTHER]


def links(client: Client, path: str, **values: str) -> list[str]:
    """Send a form to the other host; return the links of the one mail that it makes."""
    assert client.post(path, values, headers={"host": OTHER}).status_code == 302
    (sent,) = mail.outbox
    assert OTHER not in sent.body
    assert sent.body.rstrip().endswith("hub.example")
    found: list[str] = re.findall(r"https?://\S+", str(sent.body))
    return found


def test_a_new_password_is_chosen_at_the_public_address(client: Client, ada: User) -> None:
    (link,) = links(client, "/accounts/password/reset/", email=ada.email)
    assert link.startswith(f"{PUBLIC}/accounts/password/reset/key/")
    page = client.get(urlsplit(link).path, headers={"host": "hub.example"}, follow=True)
    assert b'name="password1"' in page.content


def test_an_address_is_confirmed_at_the_public_address(client: Client) -> None:
    secret = {"password1": factories.PASSWORD, "password2": factories.PASSWORD}
    (link,) = links(client, "/accounts/signup/", username="bob", email="bob@example.org", **secret)
    assert link.startswith(f"{PUBLIC}/accounts/confirm-email/")


def test_somebody_without_an_account_is_sent_to_the_public_address(client: Client) -> None:
    found = links(client, "/accounts/password/reset/", email="nobody@example.org")
    assert found == [f"{PUBLIC}/accounts/signup/"]


@pytest.fixture
def no_mails(settings: Settings) -> None:
    """A mail server that does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.EMAIL_PORT = closed.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"


def sign_up(client: Client) -> Any:
    secret = {"password1": factories.PASSWORD, "password2": factories.PASSWORD}
    values = {"username": "bob", "email": "bob@example.org", **secret}
    return client.post("/accounts/signup/", values, headers={"host": OTHER}, follow=True)


@pytest.mark.usefixtures("no_mails")
def test_an_account_is_made_while_no_mail_can_leave(client: Client) -> None:
    page = sign_up(client)
    assert page.status_code == 200
    assert page.context["user"].username == "bob"
    assert "The mail to bob@example.org could not be sent." in page.content.decode()


@pytest.mark.usefixtures("no_mails")
def test_where_an_address_must_be_confirmed_a_mail_that_cannot_leave_is_an_error(
    client: Client, settings: Settings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    with pytest.raises(ConnectionRefusedError):
        sign_up(client)
