"""`manage.py ensure_demo_account`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Token, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PASSWORD", "one for the demo")


def ensured(**options: str) -> dict[str, str]:
    """Run the command; return what it printed."""
    out = StringIO()
    call_command("ensure_demo_account", stdout=out, **options)
    (line,) = out.getvalue().splitlines()
    said = json.loads(line)
    assert isinstance(said, dict)
    return said


def test_it_makes_an_account_that_can_log_in() -> None:
    assert ensured()["username"] == "demo"
    person = User.objects.get()
    assert person.check_password("one for the demo")
    assert person.is_superuser


def test_it_prints_name_password_and_a_token_that_works(client: Client) -> None:
    said = ensured()
    assert said.keys() == {"username", "password", "token"}
    headers = {"Authorization": f"Bearer {said['token']}"}
    sent = {"slug": "first", "title": "First"}
    response = client.post(
        "/api/v1/aesthetics", sent, content_type="application/json", headers=headers
    )
    assert response.status_code == 201


def test_twice_is_the_same_account_with_one_token_that_works() -> None:
    first, second = ensured(), ensured()
    assert User.objects.count() == 1
    assert first["token"] != second["token"]
    assert Token.objects.usable().count() == 1


def test_the_password_is_left_alone_while_it_is_the_same() -> None:
    ensured()
    stored = User.objects.get().password
    ensured()
    assert User.objects.get().password == stored


def test_the_password_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    ensured()
    monkeypatch.setenv("DEMO_PASSWORD", "a new one for the demo")
    ensured()
    assert User.objects.get().check_password("a new one for the demo")


def test_it_says_when_there_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEMO_PASSWORD")
    with pytest.raises(CommandError, match="Set DEMO_PASSWORD"):
        ensured()


@pytest.mark.parametrize("name", ["admin", "not a name", "x"])
def test_a_name_that_nobody_may_have_makes_no_account(name: str) -> None:
    with pytest.raises(CommandError, match="name"):
        ensured(username=name)
    assert not User.objects.exists()
