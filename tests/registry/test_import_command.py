"""`manage.py import_embedding`: files of a folder become looks."""

import os
from io import StringIO
from pathlib import Path

import pytest
import torch
from django.core.management import CommandError, call_command

from accounts.models import User
from registry import formats
from registry.models import Aesthetic, Version
from tests import factories
from tests.registry.made_files import a_vector, saved


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Glowing_Fantasy.pt").write_bytes(saved(torch.from_numpy(a_vector())))
    (tmp_path / "flower plant.npy").write_bytes(formats.write_npy(a_vector(1)))
    (tmp_path / "evil.pt").write_bytes(b"cos\nsystem\n.")
    return tmp_path


def run(*arguments: str | Path) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_embedding", *map(str, arguments), owner="ada", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_each_file_becomes_a_look_named_after_it(folder: Path, ada: User) -> None:
    factories.space()
    out, _ = run(folder / "Glowing_Fantasy.pt", folder / "flower plant.npy", "--publish")
    assert "ada/glowing_fantasy@v1: unknown." in out
    names = Aesthetic.objects.order_by("slug").values_list("slug", "title", "licence")
    assert list(names) == [
        ("flower-plant", "flower plant", "other"),
        ("glowing_fantasy", "Glowing Fantasy", "other"),
    ]
    assert Version.objects.public().offered().count() == 2


def test_running_it_twice_changes_nothing_and_says_where_it_is(folder: Path, ada: User) -> None:
    factories.space()
    for _ in range(2):
        out, _ = run(folder / "Glowing_Fantasy.pt", "--publish")
    assert "the same vector is in ada/glowing_fantasy@v1" in out
    assert Version.objects.count() == 1


def test_a_name_that_is_no_utf_8_becomes_a_title_all_the_same(tmp_path: Path, ada: User) -> None:
    factories.space()
    path = tmp_path / os.fsdecode(b"caf\xe9 noir.npy")
    path.write_bytes(formats.write_npy(a_vector()))
    run(path)
    assert list(Aesthetic.objects.values_list("slug", "title")) == [("caf-noir", "caf  noir")]


def test_a_refused_file_is_named_and_the_others_stay(folder: Path, ada: User) -> None:
    factories.space()
    err = StringIO()
    with pytest.raises(CommandError, match="1 of 2 refused"):
        call_command(
            "import_embedding",
            *(str(folder / name) for name in ("evil.pt", "flower plant.npy")),
            owner="ada",
            stderr=err,
            stdout=StringIO(),
        )
    assert "unsafe-file: evil.pt: " in err.getvalue()
    assert Aesthetic.objects.get().slug == "flower-plant"
    assert not Version.objects.published().exists()


def test_a_file_that_cannot_be_read_is_named_and_the_others_stay(folder: Path, ada: User) -> None:
    factories.space()
    err = StringIO()
    with pytest.raises(CommandError, match="2 of 3 refused"):
        call_command(
            "import_embedding",
            *(str(folder / name) for name in ("gone.pt", ".", "flower plant.npy")),
            owner="ada",
            stderr=err,
            stdout=StringIO(),
        )
    assert err.getvalue().splitlines() == [
        f"unreadable: {folder / 'gone.pt'}: No such file or directory",
        f"unreadable: {folder}: Is a directory",
    ]
    assert Aesthetic.objects.get().slug == "flower-plant"


def test_a_name_and_a_title_are_given_to_one_file(folder: Path, ada: User) -> None:
    factories.space()
    run(folder / "Glowing_Fantasy.pt", "--slug", "glow", "--title", "Glow", "--licence", "CC0-1.0")
    made = Aesthetic.objects.get()
    assert (made.slug, made.title, made.licence) == ("glow", "Glow", "CC0-1.0")
    with pytest.raises(CommandError, match="for one file"):
        run(folder / "a.pt", folder / "b.pt", "--slug", "x")


def test_who_and_where_must_be_there(folder: Path, ada: User) -> None:
    with pytest.raises(CommandError, match="no space"):
        run(folder / "Glowing_Fantasy.pt")
