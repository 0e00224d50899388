"""Who calls the API: bearer tokens, their end, their scopes."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import secrets
from accounts.models import Token, User, issue_token
from tests import factories
from tests.answers import Answer, problem

LIST = "/api/v1/aesthetics"
DRAFT = {"slug": "sea-mist", "title": "Sea mist"}


def told(response: Answer, status: int, kind: str) -> str:
    detail = problem(response, status, kind)["detail"]
    assert isinstance(detail, str)
    return detail


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def create(client: Client, headers: dict[str, str]) -> Answer:
    return client.post(LIST, DRAFT, content_type="application/json", headers=headers)


@pytest.mark.parametrize("secret", ["", "aeh_", "hello", "aeh_" + "a" * 42, "ä", "a b"])
@pytest.mark.django_db
def test_what_is_not_a_token_is_told_so(client: Client, secret: str) -> None:
    response = client.get(LIST, headers=bearer(secret))
    detail = told(response, 401, "bad-token")
    assert detail == "This is not a token of the hub, or a part of it is missing."
    assert response["WWW-Authenticate"] == 'Bearer realm="aesthetic-hub"'


@pytest.mark.django_db
def test_a_well_formed_token_that_was_never_issued_is_refused(client: Client) -> None:
    response = client.get(LIST, headers=bearer(secrets.make_secret()))
    detail = told(response, 401, "bad-token")
    assert detail == "This token was revoked, has expired or never existed."
    assert response["WWW-Authenticate"].startswith("Bearer ")


def test_a_revoked_token_is_refused(client: Client, ada: User) -> None:
    token, secret = issue_token(ada, name="old", scopes=["read"])
    assert client.get(LIST, headers=bearer(secret)).status_code == 200
    Token.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
    told(client.get(LIST, headers=bearer(secret)), 401, "bad-token")


def test_an_expired_token_is_refused(client: Client, ada: User) -> None:
    _, secret = issue_token(ada, name="old", scopes=["read"], expires_in=-timedelta(seconds=1))
    told(client.get(LIST, headers=bearer(secret)), 401, "bad-token")


def test_a_token_of_a_deactivated_person_is_refused(client: Client, ada: User) -> None:
    headers = factories.bearer(ada)
    User.objects.update(is_active=False)
    told(client.get(LIST, headers=headers), 401, "bad-token")


def test_a_call_without_a_token_that_changes_something_is_asked_for_one(
    client: Client, db: None
) -> None:
    response = create(client, {})
    told(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="aesthetic-hub"'


def test_a_token_without_the_scope_is_forbidden_and_told_which_one_it_lacks(
    client: Client, ada: User
) -> None:
    response = create(client, factories.bearer(ada, "read", "generate"))
    detail = told(response, 403, "forbidden")
    assert detail == "This token lacks the scope “write”; it has read, generate."
    assert not ada.aesthetics.exists()


def test_a_token_without_read_cannot_read(client: Client, ada: User) -> None:
    detail = told(client.get(LIST, headers=factories.bearer(ada, "write")), 403, "forbidden")
    assert detail == "This token lacks the scope “read”; it has write."


def test_publishing_and_yanking_need_the_scope_publish(client: Client, ada: User) -> None:
    factories.aesthetic(ada)
    headers = factories.bearer(ada, "read", "write")
    versions = f"{LIST}/ada/sea-mist/versions"
    for path in (versions, f"{versions}/v1/yank"):
        response = client.post(path, {}, content_type="application/json", headers=headers)
        assert "“publish”" in told(response, 403, "forbidden")


def test_drawing_needs_the_scope_generate(client: Client, ada: User) -> None:
    headers = factories.bearer(ada, "read", "write", "publish")
    response = client.post(
        "/api/v1/generations", {}, content_type="application/json", headers=headers
    )
    assert "“generate”" in told(response, 403, "forbidden")


def test_the_right_scope_lets_the_call_through(client: Client, ada: User) -> None:
    response = create(client, factories.bearer(ada, "write"))
    assert response.status_code == 201
    assert ada.aesthetics.get().slug == "sea-mist"


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_is_read_in_any_case(client: Client, ada: User, scheme: str) -> None:
    _, secret = issue_token(ada, name="x", scopes=["read"])
    assert client.get(LIST, headers={"Authorization": f"{scheme} {secret}"}).status_code == 200


def test_a_token_in_the_query_string_is_not_read(client: Client, ada: User) -> None:
    factories.aesthetic(ada)
    _, secret = issue_token(ada, name="x", scopes=["read"])
    response = client.get(f"{LIST}/ada/sea-mist", {"access_token": secret, "token": secret})
    told(response, 404, "not-found")


def test_use_is_remembered_to_the_minute(client: Client, ada: User) -> None:
    token, secret = issue_token(ada, name="x", scopes=["read"])
    client.get(LIST, headers=bearer(secret))
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    client.get(LIST, headers=bearer(secret))
    token.refresh_from_db()
    assert token.last_used_at == first


def test_a_session_without_the_csrf_token_cannot_change_anything(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = create(client, {})
    assert "CSRF" in told(response, 403, "forbidden")
    assert not ada.aesthetics.exists()
