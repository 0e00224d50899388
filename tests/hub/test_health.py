"""Whether the process lives, and whether it can work."""

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from pytest_django import Settings

from hub import health


def test_a_process_that_answers_is_live(client: Client) -> None:
    """Without a database, a broker or a cache."""
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_it_is_ready_when_all_services_answer(client: Client, broker: str) -> None:
    response = client.get("/health/ready")
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "broker": "ok", "cache": "ok"},
    }
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_it_says_which_service_is_away_but_not_where_it_is(
    client: Client, broker: str, settings: Settings
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/valkey.sock",
        }
    }
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "broker": "ok", "cache": "The cache does not answer."},
    }
    assert b"nowhere" not in response.content


@pytest.mark.django_db
def test_a_cache_that_forgets_is_not_ready(settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    with pytest.raises(health.NotReady, match="The cache does not keep what it is given"):
        health.check_cache()
    assert caches["default"].get("health") is None


@pytest.mark.django_db
def test_a_database_without_all_migrations_is_not_ready() -> None:
    health.check_database()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations)"
        )
    with pytest.raises(health.NotReady, match="1 migrations have not been applied"):
        health.check_database()


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
@pytest.mark.django_db
def test_a_load_balancer_asks_by_address_and_without_https(
    client: Client, broker: str, settings: Settings, path: str
) -> None:
    settings.ALLOWED_HOSTS = ["hub.example"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).json()["status"] == "ok"
    assert client.get("/about", headers={"host": "10.0.0.7:8000"}).status_code == 400
    assert client.get("/about", headers={"host": "hub.example"}).status_code == 301
