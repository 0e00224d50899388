"""What settings say for an environment, read by a process of its own as a hub reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from amqp import PreconditionFailed
from django.core.cache.backends.db import DatabaseCache
from kombu import Connection

ROOT = Path(__file__).parents[2]
RABBITMQ = "amqp://user:password@broker/hub"
TELL = """
import json, sys
from hub import settings
print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[1:]}))
"""


def told(*names: str, **environment: str) -> dict[str, Any]:
    """Return these settings as they are read with these variables beside those of the tests."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, *names],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


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
