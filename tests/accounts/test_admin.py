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


@pytest.mark.usefixtures("clean_cache")
def test_there_is_one_login_and_it_counts_the_guesses(client: Client) -> None:
    User.objects.create_superuser("keeper", "keeper@example.org", "a-long-password-7")
    sent = {"username": "keeper", "password": "a-long-password-7", "next": "/admin/"}

    response = client.post(reverse("admin:login"), sent)

    assert response["Location"].startswith("/accounts/login/")
    assert client.get(reverse("admin:index")).status_code == 302


def test_a_person_who_is_no_keeper_is_not_let_in(client: Client) -> None:
    client.force_login(User.objects.create_user("other", "other@example.org", "a-long-password-8"))

    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_a_name_cannot_be_changed(client: Client, keeper: User) -> None:
    page = client.get(reverse("admin:accounts_user_change", args=[keeper.pk])).content.decode()

    assert 'name="username"' not in page
    assert 'name="email"' in page


def test_a_person_cannot_be_deleted(client: Client, keeper: User) -> None:
    other = User.objects.create_user("other", "other@example.org", "a-long-password-8")

    response = client.post(reverse("admin:accounts_user_delete", args=[other.pk]), {"post": "yes"})

    assert response.status_code == 403
    assert User.objects.filter(pk=other.pk).exists()
