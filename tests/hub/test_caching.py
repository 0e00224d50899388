"""What shared caches may keep of the API's answers."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Token, issue_token
from tests.factories import person

pytestmark = pytest.mark.django_db


def test_an_answer_to_nobody_known_is_asked_for_again_each_time(client: Client) -> None:
    response = client.get(reverse("api:aesthetics"))

    assert response["Cache-Control"] == "public, no-cache"
    assert "Authorization" in response["Vary"]


def test_an_answer_to_a_token_is_kept_by_nobody(client: Client) -> None:
    _, secret = issue_token(person(), name="laptop", scopes=[Token.Scope.READ])

    response = client.get(reverse("api:aesthetics"), headers={"Authorization": f"Bearer {secret}"})

    assert response["Cache-Control"] == "private, no-store"


def test_an_answer_to_somebody_signed_in_is_kept_by_nobody(client: Client) -> None:
    client.force_login(person())

    assert client.get(reverse("api:aesthetics"))["Cache-Control"] == "private, no-store"


def test_a_problem_is_not_kept_either(client: Client) -> None:
    assert client.get("/api/v1/nothing")["Cache-Control"] == "public, no-cache"


def test_what_is_said_of_a_strangers_file_is_kept_by_nobody(client: Client) -> None:
    response = client.post(reverse("api:picture_info"), {})
    assert response["Cache-Control"] == "private, no-store"
