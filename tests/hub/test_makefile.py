"""`make clean`: it deletes a demo's data, and never those of a hub that serves from here."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="There is no make.")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with empty packages, and pictures in its var folder."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    packages = re.search(r"^PACKAGES := (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert packages is not None
    for name in (*packages[1].split(), "var/media"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def clean(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", "clean"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_real_hubs_pictures_are_not_deleted(checkout: Path) -> None:
    refused = clean(checkout)
    assert refused.returncode != 0
    assert "var/media is not a demo's: a hub keeps its pictures there." in refused.stdout
    assert (checkout / "var/media").is_dir()


def test_a_demos_data_are_deleted(checkout: Path) -> None:
    (checkout / "var/demo.json").touch()
    assert clean(checkout).returncode == 0
    assert not (checkout / "var").exists()
