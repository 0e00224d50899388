"""A page that is left open until the session has ended."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_a_fragment_asked_for_after_the_session_ended_sends_the_page_to_the_login(
    client: Client,
) -> None:
    path = reverse("generation:status", args=[uuid.uuid4()])
    page = "http://testserver/drawings/7?x=1"

    response = client.get(path, headers={"HX-Request": "true", "HX-Current-URL": page})

    assert response.status_code == 200
    assert response["HX-Redirect"] == "/accounts/login/?next=%2Fdrawings%2F7%3Fx%3D1"


def test_a_page_asked_for_without_a_session_is_redirected_as_ever(client: Client) -> None:
    response = client.get(reverse("generation:drawings"))

    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/drawings"
