"""The sample sets: every picture has a licence and a source, and nothing but its pixels."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image

from demo import sample_sets

SAMPLES: Final = Path(__file__).parents[2] / "demo" / "samples"
SUFFIXES: Final = frozenset({".jpg", ".png", ".webp"})
# What may be passed on by anyone for any purpose, with credit and under the same terms at most.
LICENCES: Final = frozenset(
    {"CC0-1.0", "CC-PDM-1.0", "CC-BY-3.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "GPL-2.0-or-later"}
)
MOST_BYTES: Final = 4_000_000  # of the whole folder; every clone pays for it
LONGEST_SIDE: Final = 320  # pixels
# What Pillow reports of a file that are facts of its coding, not words about the picture.
CODING: Final = frozenset(
    {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
    | {"background", "loop", "timestamp", "duration"}  # of WEBP, even where nothing moves
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One `[[pictures]]` of a `set.toml`."""

    file: str
    title: str  # Empty where no one gave it one.
    author: str
    licence: str
    source: str

    def as_row(self) -> str:
        return f"| {self.file} | {self.title} | {self.author} | {self.licence} | {self.source} |"


@dataclass(frozen=True, slots=True)
class SampleSet:
    """One folder of pictures and what its `set.toml` says of them."""

    folder: Path
    title: str
    description: str
    licence: str
    tags: tuple[str, ...]
    entries: tuple[Entry, ...]


def read_set(folder: Path) -> SampleSet:
    told = tomllib.loads((folder / "set.toml").read_text(encoding="utf-8"))
    return SampleSet(
        folder=folder,
        title=told["title"],
        description=told["description"],
        licence=told["licence"],
        tags=tuple(told["tags"]),
        entries=tuple(Entry(**picture) for picture in told["pictures"]),
    )


FOLDERS: Final = sorted(path for path in SAMPLES.iterdir() if path.is_dir())
PICTURES: Final = sorted(path for path in SAMPLES.rglob("*") if path.suffix in SUFFIXES)

each_set = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def test_there_are_at_least_seven_sets() -> None:
    assert len(FOLDERS) >= 7


@each_set
def test_a_set_has_at_least_eight_pictures(folder: Path) -> None:
    assert len(read_set(folder).entries) >= 8


@each_set
def test_a_set_says_what_it_is(folder: Path) -> None:
    told = read_set(folder)

    assert told.title
    assert told.description.strip()
    assert told.tags
    assert len(set(told.tags)) == len(told.tags)


@each_set
def test_every_picture_has_its_entry_and_every_entry_its_picture(folder: Path) -> None:
    named = [entry.file for entry in read_set(folder).entries]

    assert named == sorted(path.name for path in folder.iterdir() if path.name != "set.toml")
    assert {Path(name).suffix for name in named} <= SUFFIXES


@each_set
def test_every_picture_has_an_author_and_a_source(folder: Path) -> None:
    for entry in read_set(folder).entries:
        assert entry.author, entry.file
        assert entry.source, entry.file


@each_set
def test_every_licence_lets_anyone_pass_the_picture_on(folder: Path) -> None:
    told = read_set(folder)
    licences = {entry.licence for entry in told.entries}

    assert licences <= LICENCES
    assert told.licence in licences


@each_set
def test_the_page_of_licences_says_the_same_as_the_set(folder: Path) -> None:
    told = read_set(folder)
    page = (SAMPLES / "LICENCES.md").read_text(encoding="utf-8")
    _, found, rest = page.partition(f"## {told.title} (`{folder.name}`)\n")
    rows = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| ")]

    assert found
    assert f"The set as a whole: {told.licence}." in rest
    assert rows[2:] == [entry.as_row() for entry in told.entries]  # After the head and its rule.


def test_the_page_of_licences_has_no_set_that_is_gone() -> None:
    page = (SAMPLES / "LICENCES.md").read_text(encoding="utf-8")

    assert page.count("\n## ") == len(FOLDERS)


def test_the_text_of_the_gnu_licence_lies_beside_the_pictures_under_it() -> None:
    text = (SAMPLES / "GPL-2.0.txt").read_text(encoding="utf-8")

    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 2, June 1991" in text


@pytest.mark.parametrize(("number", "slug"), [*enumerate(sample_sets.SETS)])
def test_a_set_of_the_world_is_drawn_as_the_world_is_now(
    number: int, slug: str, tmp_path: Path
) -> None:
    sample_sets.write_set(tmp_path, slug, np.random.default_rng((sample_sets.SEED, number)))

    for fresh in sorted(tmp_path.glob("*.webp")):
        with Image.open(fresh) as drawn, Image.open(SAMPLES / slug / fresh.name) as kept:
            apart = np.abs(np.asarray(drawn, float) - np.asarray(kept, float)).mean()
        assert apart < 2, fresh.name  # of 255; encoders of WebP differ a little
    assert (tmp_path / "set.toml").read_text() == (SAMPLES / slug / "set.toml").read_text()


def test_all_samples_together_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) <= MOST_BYTES


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_picture_is_small_and_carries_no_metadata(path: Path) -> None:
    with Image.open(path) as picture:
        picture.load()

        assert max(picture.size) <= LONGEST_SIDE
        assert picture.mode == "RGB"
        assert not picture.getexif()
        assert set(picture.info) <= CODING
