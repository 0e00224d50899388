"""What the README tells people to type, typed."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Token, User, issue_token
from registry.models import VersionFile
from tests import factories
from tests.registry.made_files import a_vector, saved

ROOT = Path(__file__).parents[2]
HOST = "localhost:8000"  # where the README's hub is

Typed = Callable[[str], list[str]]  # lines go in, what each prints comes out


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


@pytest.fixture
def typed(sunset: str, tmp_path: Path) -> Typed:
    """Return what types a block of curl lines, with the scopes that the demo's token has."""
    demo = User.objects.get(username="demo")
    _, token = issue_token(demo, name="readme", scopes=list(Token.Scope.values))
    (tmp_path / "fantasy.pt").write_bytes(saved(torch.from_numpy(a_vector()).reshape(1, 768)))

    def run(block: str) -> list[str]:
        return [
            subprocess.run(
                ["sh", "-c", line.replace(HOST, sunset)],
                capture_output=True,
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "TOKEN": token},
                text=True,
                timeout=60,
                check=True,
            ).stdout
            for line in block.strip().splitlines()
        ]

    return run


def curl_blocks() -> list[str]:
    return [block for block in blocks("") if block.startswith("curl -s")]


@pytest.mark.django_db(transaction=True)
def test_the_curl_lines_find_download_and_draw(typed: Typed, tmp_path: Path) -> None:
    found, _, drawn = typed(curl_blocks()[0])

    assert "demo/ember-dusk" in found
    downloaded = (tmp_path / "ember-dusk.safetensors").read_bytes()
    digest = VersionFile.objects.get(name="ember-dusk.safetensors").digest
    assert digest == f"sha256:{hashlib.sha256(downloaded).hexdigest()}"
    assert json.loads(drawn)["kind"] == "generation"


@pytest.mark.django_db(transaction=True)
def test_the_curl_lines_import_a_file_and_ask_about_it(typed: Typed) -> None:
    typed(curl_blocks()[0])  # what it downloads is asked about

    imported, by_file, by_digest = map(json.loads, typed(curl_blocks()[1]))

    assert imported["aesthetic"] == "demo/fantasy"
    assert imported["space"] == settings.HUB_SPACE
    assert by_file["vector_digest"] == imported["vector_digest"]
    assert "demo/ember-dusk@v1" in json.dumps(by_digest)


@pytest.mark.django_db(transaction=True)
def test_the_curl_lines_blend_looks_and_ask_for_descendants(typed: Typed) -> None:
    factories.published(factories.aesthetic(User.objects.get(username="demo"), "synthwave"))

    blended, family = map(json.loads, typed(curl_blocks()[2]))

    assert blended["aesthetic"] == "demo/embers"
    assert family["items"] == []  # the blend is a draft


@pytest.mark.django_db(transaction=True)
def test_all_curl_lines_are_typed_above() -> None:
    assert len(curl_blocks()) == 3


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
