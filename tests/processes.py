"""Real processes for tests: a Celery worker on the test database, a broker that can go away.

Whoever starts a worker takes `transactional_db`, or the worker sees no rows. Every wait is bounded,
and says what it waited for together with the end of the worker's log.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from django.conf import settings
from django.db import connection
from kombu import pools

from hub.celery import app
from hub.demo import children, programs
from hub.demo.children import Child
from hub.embedded import broker_url
from hub.embedded.servers import Server, has_ended
from hub.embedded.valkey import start_valkey
from hub.queues import QUESTIONS

LOG_LINES = 60  # of a worker's log that a failure shows
POLL = 0.02  # seconds between two looks

# Short enough that a test sees a job change hands. The lease is the shortest that the system check
# allows: it must be renewed while torch is imported, on a machine with other things to do.
QUICK = {"JOB_LEASE_SECONDS": "6", "JOB_RESEND_SECONDS": "1", "JOB_SWEEP_SECONDS": "0.5"}


def start_worker(folder: Path, broker: str, **variables: str) -> Child:
    """Start the demo's worker, its timer included, for all queues, on the test's data."""
    environment = os.environ | {
        "DATABASE_URL": test_database_url(),
        "CELERY_BROKER_URL": broker,
        "CACHE_URL": settings.CACHE_URL,  # the web process's
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "TORCH_THREADS": "1",
        **QUICK,
        **variables,
    }
    return children.start(programs.worker(folder, *programs.WORK, QUESTIONS), folder, environment)


def test_database_url() -> str:
    """Return the address of the database that pytest-django made."""
    place = connection.settings_dict
    user, password = quote(place["USER"]), quote(place["PASSWORD"])
    login = f"{user}:{password}" if password else user
    host = quote(place["HOST"], safe="")
    return f"postgresql://{login}@{host}:{place['PORT']}/{place['NAME']}"


test_database_url.__test__ = False  # type: ignore[attr-defined]  # pytest takes it for a test


def wait_for(condition: Callable[[], bool], *, seconds: float, what: str, worker: Child) -> None:
    """Return once the condition holds; fail with what was waited for and the end of the log."""
    deadline = time.monotonic() + seconds
    while not condition():
        if worker.status is not None:
            pytest.fail(f"The worker ended with {worker.status} before {what}.\n{tail(worker.log)}")
        if time.monotonic() > deadline:
            pytest.fail(f"There was no {what} within {seconds:g} s.\n{tail(worker.log)}")
        time.sleep(POLL)


def tail(log: Path) -> str:
    """Return the last lines of a log, without the hum of the sweep."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    telling = [line for line in lines if "tasks.sweep_" not in line or " INFO " not in line]
    return "\n".join([f"The end of {log.name}:", *telling[-LOG_LINES:]])


def kill_all(worker: Child) -> None:
    """Kill the worker with its whole process group, as a lost machine would."""
    if worker.status is not None:
        return
    family = [psutil.Process(worker.process.pid), *family_of(worker)]
    os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert all(has_ended(process) for process in alive), f"{alive} survived SIGKILL."


def kill_busiest_child(worker: Child) -> None:
    """Kill the child that holds the models, and with them the job; the main process lives on."""
    busiest = max(family_of(worker), key=lambda process: process.memory_info().rss)
    busiest.kill()
    busiest.wait(timeout=10)


def family_of(worker: Child) -> list[psutil.Process]:
    return psutil.Process(worker.process.pid).children(recursive=True)


class OwnBroker:
    """An embedded Valkey of one test's own, which keeps its queues while it is away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = broker_url(folder)
        self._server: Server | None = None

    def start(self) -> None:
        self._server = start_valkey(self.folder)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def waiting(self, queue: str) -> int:
        """Return how many messages wait in `queue`."""
        with app.connection_for_read() as opened:
            channel: Any = opened.default_channel  # of kombu's Redis transport
            return int(channel.client.llen(queue))


def point_celery_at(url: str) -> None:
    """Let this process send its tasks to another broker, and forget the connections it has."""
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        app.conf[name] = url
    pools.reset()
    app._after_fork()  # type: ignore[attr-defined]  # the stubs leave it out
