"""`make clean`: it deletes no pictures, a demo's or a hub's, unless it is told to."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="There is no make.")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with empty packages, and a folder for pictures."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    packages = re.search(r"^PACKAGES := (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert packages is not None
    for name in (*packages[1].split(), "var/media"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def clean(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", "clean", *words], cwd=folder, capture_output=True, text=True, check=False
    )


def test_pictures_are_not_deleted(checkout: Path) -> None:
    picture = checkout / "var/media/picture.webp"
    picture.touch()
    (checkout / "var/demo.json").touch()  # A demo ran here once; the pictures may be a hub's.
    refused = clean(checkout)
    assert refused.returncode != 0
    assert "Nothing was deleted; make clean FORCE=1 deletes them" in refused.stdout
    assert picture.exists()


def test_pictures_are_deleted_by_force(checkout: Path) -> None:
    (checkout / "var/media/picture.webp").touch()
    assert clean(checkout, "FORCE=1").returncode == 0
    assert not (checkout / "var").exists()


def test_a_folder_without_pictures_is_deleted(checkout: Path) -> None:
    assert clean(checkout).returncode == 0
    assert not (checkout / "var").exists()
