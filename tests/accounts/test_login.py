"""Logging in and out, and a new password by mail."""

import re

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]

NEW_PASSWORD = "another sentence nobody would guess"


def log_in(client: Client, login: str, password: str = factories.PASSWORD) -> bool:
    """Send the form; tell whether the person is in."""
    client.post("/accounts/login/", {"login": login, "password": password})
    return client.get("/drawings").status_code == 200


def test_the_page_shows_a_form(client: Client) -> None:
    response = client.get("/accounts/login/")
    assert response.status_code == 200
    assert b'name="login"' in response.content


@pytest.mark.parametrize("login", ["ada", "ada@example.org", "ADA", "Ada@Example.org"])
def test_a_person_logs_in_by_name_or_by_address(client: Client, ada: User, login: str) -> None:
    assert log_in(client, login)


def test_a_wrong_password_is_refused(client: Client, ada: User) -> None:
    assert not log_in(client, "ada", "wrong")


def test_a_deactivated_person_is_refused(client: Client, ada: User) -> None:
    User.objects.update(is_active=False)
    assert not log_in(client, "ada")


def test_who_must_log_in_first_comes_back_afterwards(client: Client, ada: User) -> None:
    response = client.get("/new")
    assert response["Location"] == "/accounts/login/?next=/new"
    sent = {"login": "ada", "password": factories.PASSWORD}
    response = client.post(response["Location"], sent)
    assert response["Location"] == "/new"


def test_nobody_is_sent_to_another_site(client: Client, ada: User) -> None:
    sent = {"login": "ada", "password": factories.PASSWORD, "next": "https://example.com/"}
    assert client.post("/accounts/login/", sent)["Location"] == "/"


def test_guessing_is_slowed_down(client: Client, ada: User) -> None:
    for _ in range(12):
        log_in(client, "ada", "wrong")
    assert not log_in(client, "ada")


def test_behind_a_proxy_one_who_guesses_locks_nobody_else_out(
    client: Client, ada: User, settings: Settings
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    guesser = Client(headers={"X-Forwarded-For": "198.51.100.1"})
    for number in range(12):
        log_in(guesser, f"somebody{number}", "wrong")
    assert not log_in(guesser, "ada")
    assert log_in(Client(headers={"X-Forwarded-For": "198.51.100.2"}), "ada")


def test_who_sends_a_form_too_often_is_told_so_on_a_page_of_ours(client: Client, ada: User) -> None:
    client.force_login(ada)
    sent = {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    answers = [client.post("/accounts/password/change/", sent) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    page = answers[-1].content.decode()
    assert "This was sent too often." in page
    assert "Browse all looks" in page


def test_logging_out_takes_a_post(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/drawings").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/drawings").status_code == 302


def test_a_new_password_is_set_by_a_link_in_a_mail(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    (message,) = mail.outbox
    assert message.to == ["ada@example.org"]
    link = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", str(message.body))
    assert link is not None
    form = client.get(link.group(1), follow=True)
    assert form.status_code == 200
    sent = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(form.redirect_chain[-1][0], sent)
    client.logout()
    assert not log_in(client, "ada", factories.PASSWORD)
    assert log_in(client, "ada", NEW_PASSWORD)


def test_a_link_works_once(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    path = re.search(r"/accounts/password/reset/key/\S+", str(mail.outbox[0].body))
    assert path is not None
    form = client.get(path.group(0), follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    again = Client().get(path.group(0), follow=True)
    assert b'name="password1"' not in again.content


def test_whether_an_address_has_an_account_is_not_told(client: Client, ada: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    unknown = client.post("/accounts/password/reset/", {"email": "eve@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


@pytest.mark.parametrize(
    "path", ["/accounts/email/", "/accounts/password/change/", "/accounts/logout/"]
)
def test_the_other_account_pages_render(client: Client, ada: User, path: str) -> None:
    client.force_login(ada)
    assert client.get(path, follow=True).status_code == 200


def test_a_mail_comes_from_the_hub_by_name(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    (sent,) = mail.outbox
    assert sent.subject.startswith("[Aesthetic Hub] ")
    assert "Hello from the Aesthetic Hub!" in str(sent.body)
    assert "/accounts/password/reset/key/" in str(sent.body)
