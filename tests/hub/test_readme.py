"""What the README tells people to type, typed."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import Token, User, issue_token
from registry.models import VersionFile
from tests import factories

ROOT = Path(__file__).parents[2]
HOST = "localhost:8000"  # where the README's hub is


@pytest.fixture
def sunset(live_server: LiveServer) -> str:
    """Publish the README's example; return where its hub is."""
    factories.published(factories.aesthetic(factories.person("demo"), "ember-dusk"))
    return live_server.url.removeprefix("http://")


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.django_db(transaction=True)
def test_the_lines_of_python_verify_a_download(sunset: str) -> None:
    (program,) = blocks("python")

    ended = subprocess.run(
        [sys.executable, "-c", program.replace(HOST, sunset)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr


@pytest.mark.django_db(transaction=True)
def test_the_lines_of_python_refuse_another_vector(sunset: str) -> None:
    (program,) = blocks("python")
    other = program.replace(HOST, sunset).replace("number + 0.0", "number + 1.0")

    ended = subprocess.run(
        [sys.executable, "-c", other], capture_output=True, text=True, timeout=60, check=False
    )

    assert "AssertionError" in ended.stderr


@pytest.mark.django_db(transaction=True)
def test_the_curl_lines_find_download_and_draw(sunset: str, tmp_path: Path) -> None:
    demo = User.objects.get(username="demo")
    _, token = issue_token(demo, name="readme", scopes=list(Token.Scope.values))
    lines = next(block for block in blocks("") if "curl -s" in block).strip().splitlines()
    commands = [shlex.split(line.replace(HOST, sunset).replace("$TOKEN", token)) for line in lines]

    answers = [
        subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=60, check=True).stdout
        for command in commands
    ]

    assert b"demo/ember-dusk" in answers[0]
    downloaded = (tmp_path / "ember-dusk.safetensors").read_bytes()
    digest = VersionFile.objects.get(name="ember-dusk.safetensors").digest
    assert digest == f"sha256:{hashlib.sha256(downloaded).hexdigest()}"
    assert b'"kind":"generation"' in answers[2]


@pytest.mark.django_db(transaction=True)
def test_other_tools_download_and_all_is_right(sunset: str, tmp_path: Path) -> None:
    (program,) = (block for block in blocks("") if "hf download" in block)
    folder = Path(sys.executable).parent  # where `hf` and `python` are

    ended = subprocess.run(
        ["sh", "-e", "-c", program.replace(HOST, sunset)],
        cwd=tmp_path,
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(": right\n") == 11  # six of the snapshot, four pulled, one version
