"""What is found at start, and stops it: limits in the wrong order, a hub too open."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as current
from django.core.checks import run_checks
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from pytest_django import Settings

from hub.startup import refuse_failed_checks
from registry.checks import check_lease

ROOT = Path(__file__).parents[2]
BEHIND_HTTPS = {
    "DJANGO_SETTINGS_MODULE": "hub.settings",
    "DEBUG": "0",
    "SECRET_KEY": "a key that is long enough, of many different letters: xQ7vB2mZ9kLpR4tW",
    "PUBLIC_URL": "https://hub.example",
    "ALLOWED_HOSTS": "hub.example",
    "SECURE_SSL_REDIRECT": "1",
    "SECURE_HSTS_SECONDS": "31536000",
}
DEPLOYMENT_WARNINGS = """
import django
django.setup()
from django.core.checks import run_checks
print(*sorted(found.id for found in run_checks(include_deployment_checks=True)))
"""


def codes() -> list[str | None]:
    return [error.id for error in check_lease(None)]


def test_the_settings_have_nothing_to_complain_about() -> None:
    assert run_checks() == []


@pytest.mark.parametrize("lease", [5, 3600, 7200])
def test_a_lease_that_is_too_short_or_outlives_the_task_is_refused(
    settings: Settings, lease: int
) -> None:
    settings.JOB_LEASE_SECONDS = lease
    assert codes() == ["registry.E001"]
    assert f"JOB_LEASE_SECONDS is {lease}; it must lie between 6 and" in check_lease(None)[0].msg


def test_a_broker_that_gives_running_tasks_away_is_refused(settings: Settings) -> None:
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
    assert codes() == ["registry.E002"]


def test_a_broker_without_a_visibility_timeout_is_fine(settings: Settings) -> None:
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {}
    assert codes() == []


def test_no_migration_is_missing() -> None:
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    changes = detector.changes(graph=loader.graph)
    assert {app: [str(migration) for migration in found] for app, found in changes.items()} == {}


def test_a_hub_behind_https_is_warned_of_nothing_that_is_not_its_keepers_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in BEHIND_HTTPS.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        [sys.executable, "-c", DEPLOYMENT_WARNINGS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Whether subdomains have HTTPS too, and browsers shall know of it beforehand.
    assert done.stdout.split() == ["security.W005", "security.W021"]


WEB = (sys.executable, "-c", "import hub.wsgi")
WORKER = (sys.executable, "-m", "celery", "-A", "hub", "worker")
BEAT = (*WORKER[:-1], "beat", "--scheduler", "celery.beat:Scheduler")  # it writes no file


def begun(command: tuple[str, ...], **variables: str) -> tuple[int, str]:
    """Start a process of the hub; return how it ended and what it said."""
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "DEBUG": "0", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("command", [WEB, WORKER, BEAT])
def test_neither_web_nor_worker_nor_beat_starts_with_an_error(command: tuple[str, ...]) -> None:
    status, said = begun(command, JOB_LEASE_SECONDS="5")
    assert status == 1
    assert "JOB_LEASE_SECONDS is 5; it must lie between 6 and TASK_TIME_LIMIT, 3600." in said


@pytest.mark.parametrize("command", [WEB, WORKER, BEAT])
def test_neither_web_nor_worker_nor_beat_starts_without_a_secret_key(
    command: tuple[str, ...],
) -> None:
    status, said = begun(command, SECRET_KEY=current.INSECURE_SECRET_KEY)
    assert status == 1
    assert "SECRET_KEY is not set." in said


def test_a_warning_stops_nobody(settings: Settings) -> None:
    settings.STATICFILES_DIRS = ["/nowhere"]
    assert [found.id for found in run_checks()] == ["staticfiles.W004"]
    refuse_failed_checks()
