"""What settings say for an environment, read by a process of its own as a hub reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from amqp import PreconditionFailed
from django.conf import settings
from django.core.cache.backends.db import DatabaseCache
from kombu import Connection

ROOT = Path(__file__).parents[2]
RABBITMQ = "amqp://user:password@broker/hub"
TELL = """
import json, sys
from hub import settings
print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[1:]}))
"""
TELL_CONNECTIONS = """
from django.conf import settings
from django.core.cache import cache
from hub.celery import app
for connection in (app.connection_for_read(), app.connection_for_write()):
    print(connection.as_uri(include_password=True))
print(settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"])
print(cache._cache.get_client().connection_pool.connection_kwargs["host"])
"""


def told(*names: str, **environment: str) -> dict[str, Any]:
    """Return these settings as they are read with these variables beside those of the tests."""
    found: dict[str, Any] = json.loads(output(TELL, *names, **environment))
    return found


def output(program: str, *arguments: str, **environment: str) -> str:
    """Return what these lines of Python print with these variables beside those of the tests."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_nobody_is_believed_about_addresses_unless_proxies_are_named() -> None:
    name = "ALLAUTH_TRUSTED_PROXY_COUNT"
    assert told(name) == {name: 0}
    assert told(name, TRUSTED_PROXIES="2") == {name: 2}


def test_a_cache_in_a_table_does_not_drop_counters_of_wrong_passwords_early() -> None:
    """Django's own limit is 300 entries; the first to go are those first in the alphabet."""
    cache = told("CACHES", CELERY_BROKER_URL=RABBITMQ, CACHE_URL="")["CACHES"]["default"]
    assert cache["BACKEND"].endswith(".DatabaseCache")
    assert DatabaseCache(cache["LOCATION"], cache)._max_entries == 10_000


def test_a_worker_outlives_a_channel_that_rabbitmq_closes() -> None:
    """RabbitMQ itself is not run here: that is what closes it after 30 minutes, by this error."""
    name = "CELERY_BROKER_CHANNEL_ERROR_RETRY"
    assert told(name, CELERY_BROKER_URL=RABBITMQ) == {name: True}
    assert issubclass(PreconditionFailed, Connection(RABBITMQ).channel_errors)


def test_a_database_that_does_not_answer_is_not_waited_for() -> None:
    """libpq itself waits for ever."""
    address = "postgres://hub@database/hub"
    options = told("DATABASES", DATABASE_URL=address)["DATABASES"]["default"]["OPTIONS"]
    assert options == {"connect_timeout": 3}
    patient = told("DATABASES", DATABASE_URL=f"{address}?connect_timeout=20&sslmode=require")
    assert patient["DATABASES"]["default"]["OPTIONS"] == {
        "connect_timeout": 20,
        "sslmode": "require",
    }


@pytest.mark.parametrize("key", ["$2b$12$abc", r"\$a", "a b", "ünlü #?%"])
def test_a_secret_key_is_taken_as_it_is(key: str) -> None:
    assert told("SECRET_KEY", SECRET_KEY=key) == {"SECRET_KEY": key}


def test_valkeys_schemes_are_those_of_redis() -> None:
    """Celery reads the environment before any settings, so its own connections are asked."""
    found = output(
        TELL_CONNECTIONS, CELERY_BROKER_URL="valkey://broker/3", CACHE_URL="valkeys://cache/1"
    )
    assert found.split() == ["redis://broker:6379/3", "redis://broker:6379/3", "7200", "cache"]
    assert told("CACHES", CACHE_URL="valkeys://cache/1")["CACHES"]["default"]["LOCATION"] == (
        "rediss://cache/1"
    )
    other = {"CELERY_BROKER_URL": "amqp://user:valkey@broker/hub"}
    assert told("CELERY_BROKER_URL", **other) == other


def test_what_beat_sends_is_void_once_the_next_is_due() -> None:
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        pause = entry["schedule"].run_every.total_seconds()
        assert entry["options"]["expires"] == pause, entry["task"]


def test_spaces_around_the_commas_of_hosts_are_no_part_of_their_names() -> None:
    found = told(
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        ALLOWED_HOSTS="hub.example, www.hub.example,",
        CSRF_TRUSTED_ORIGINS=" https://other.example ,https://third.example",
    )
    assert found["ALLOWED_HOSTS"] == ["hub.example", "www.hub.example"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://other.example", "https://third.example"]
