"""What docker/compose.yaml runs, as Compose reads it, and what no image or repository may hold."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub import environment, queues
from tests.hub.test_architecture import settings_variables

ROOT = Path(__file__).parents[2]
OF_THE_IMAGE = {"HUB_VAR", "MEDIA_ROOT"}  # folders inside of it
GIVEN = {"SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker/compose.yaml").read_text("utf-8"))
    return found["services"]  # type: ignore[no-any-return]


def queues_of(service: dict[str, Any]) -> set[str]:
    command = service["command"]
    return set(command[command.index("-Q") + 1].split(","))


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "questions", "beat"])
def test_every_setting_is_passed_on_where_it_is_set(services: dict[str, Any], name: str) -> None:
    """Without a value: an empty text would be a value, and no number."""
    passed = services[name]["environment"]
    assert settings_variables() - passed.keys() == OF_THE_IMAGE
    assert {variable for variable in settings_variables() - OF_THE_IMAGE if passed[variable]} == (
        GIVEN
    )


def test_the_databases_password_is_no_part_of_an_address(services: dict[str, Any]) -> None:
    passed = services["web"]["environment"]
    address = passed["DATABASE_URL"]
    found = environment.Environment().database("NOT_SET", default=address)
    assert (found["USER"], found["HOST"], found["PASSWORD"]) == ("hub", "database", "")
    assert passed["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_the_cache_is_a_server_of_its_own_and_gives_way_where_the_broker_must_not(
    services: dict[str, Any],
) -> None:
    passed = services["web"]["environment"]
    assert passed["CACHE_URL"].startswith("redis://cache/")
    assert passed["CELERY_BROKER_URL"].startswith("redis://broker/")
    assert "--maxmemory" in services["cache"]["command"]
    assert services["cache"]["command"][-1] == "allkeys-lru"
    assert "--maxmemory" not in services["broker"]["command"]


def test_nobody_but_this_machine_reaches_the_web_unless_told_so(services: dict[str, Any]) -> None:
    assert services["web"]["ports"] == ["${HUB_BIND:-127.0.0.1}:8000:8000"]
    assert [name for name, service in services.items() if "ports" in service] == ["web"]


def test_questions_wait_for_no_other_work(services: dict[str, Any]) -> None:
    assert queues_of(services["questions"]) == {queues.QUESTIONS}
    assert queues_of(services["worker"]) == {queues.BUILDS, queues.DRAWINGS}


def test_with_a_gpu_those_that_compute_have_it_and_no_other(services: dict[str, Any]) -> None:
    text = (ROOT / "docker/compose.gpu.yaml").read_text("utf-8")
    with_gpu: dict[str, Any] = yaml.safe_load(text)["services"]
    computing = {name for name, service in services.items() if "-Q" in service.get("command", [])}
    assert with_gpu.keys() == computing == {"worker", "questions"}
    for service in with_gpu.values():
        (asked,) = service["deploy"]["resources"]["reservations"]["devices"]
        assert (asked["driver"], asked["capabilities"]) == ("nvidia", ["gpu"])
        assert service["environment"] == {"DEVICE": "${DEVICE:-cuda}"}


def test_web_and_workers_are_asked_how_they_are(services: dict[str, Any]) -> None:
    asked = {name for name, service in services.items() if "healthcheck" in service}
    assert asked == {"database", "web", "worker", "questions"}


@pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="This is no clone."
)
@pytest.mark.parametrize("file", [".env", "docker/.env", "docker/.env.production"])
def test_files_of_secrets_are_not_committed(file: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", file], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_files_of_secrets_are_in_no_image() -> None:
    assert "**/.env*" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
