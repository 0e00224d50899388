"""People in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(client: Client) -> User:
    """Return a superuser, signed in."""
    keeper = User.objects.create_superuser("keeper", "keeper@example.org", "a-long-password-7")
    client.force_login(keeper)
    return keeper


def test_a_name_cannot_be_changed(client: Client, keeper: User) -> None:
    page = client.get(reverse("admin:accounts_user_change", args=[keeper.pk])).content.decode()

    assert 'name="username"' not in page
    assert 'name="email"' in page


def test_a_person_cannot_be_deleted(client: Client, keeper: User) -> None:
    other = User.objects.create_user("other", "other@example.org", "a-long-password-8")

    response = client.post(reverse("admin:accounts_user_delete", args=[other.pk]), {"post": "yes"})

    assert response.status_code == 403
    assert User.objects.filter(pk=other.pk).exists()
