"""The sample aesthetics: real pictures of the checkout, made through the public API."""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.demo.answers import Job
from hub.demo.client import Hub, HubError
from hub.demo.failures import DemoError
from hub.embedded.addresses import ROOT

SAMPLES = ROOT / "demo" / "samples"
DESCRIPTION = "set.toml"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SamplePicture:
    path: Path
    title: str
    author: str
    licence: str
    source: str

    @property
    def credit(self) -> str:
        """Return title and author, whichever is known."""
        return " by ".join(text for text in (self.title, self.author) if text)


@dataclass(frozen=True, slots=True)
class SampleSet:
    slug: str
    title: str
    description: str
    licence: str
    tags: tuple[str, ...]
    pictures: tuple[SamplePicture, ...]

    @property
    def draft(self) -> dict[str, object]:
        """What the API wants to know of a new aesthetic."""
        return {
            "slug": self.slug,
            "title": self.title,
            "card": self.description,
            "licence": self.licence,
            "tags": list(self.tags),
        }


def read_sets(folder: Path) -> list[SampleSet]:
    """Return the sets of a folder, by name; each lies in a folder of its own with its set.toml."""
    return [_read_set(file) for file in sorted(folder.glob(f"*/{DESCRIPTION}"))]


def ensure(hub: Hub, owner: str, folder: Path, tell: Tell) -> None:
    """Create, measure and publish every set that is not there; one left half-done is completed.

    A set that was published in another space, by the models of an earlier release, gets a version
    in today's. All builds are queued first, so that the worker has no reason to wait for us.
    """
    sets, space = read_sets(folder), hub.space()
    missing = [each for each in sets if not _is_published(hub, f"{owner}/{each.slug}", space)]
    builds = []
    for number, each in enumerate(missing, start=1):
        tell(f"uploading {number} of {len(missing)}: {each.title}")
        builds.append((each, fill_and_build(hub, owner, each)))
    for number, (each, job) in enumerate(builds, start=1):
        tell(f"measuring {number} of {len(missing)}: {each.title}")
        hub.publish(f"{owner}/{each.slug}", hub.wait_for(job))
    tell(f"{len(missing)} made, {len(sets) - len(missing)} were there")


def fill_and_build(hub: Hub, owner: str, sample: SampleSet) -> Job:
    """Create the aesthetic if it is missing, upload what it lacks, and queue the build."""
    ref = f"{owner}/{sample.slug}"
    if not hub.has_aesthetic(ref):
        hub.create_aesthetic(sample.draft)
    for picture in sample.pictures:
        upload_picture(hub, ref, picture)
    return hub.build(ref)


def upload_picture(hub: Hub, ref: str, picture: SamplePicture) -> None:
    upload = hub.upload(
        ref,
        [picture.path],
        source=picture.source,
        licence=picture.licence,
        credit=picture.credit,
    )
    if upload.refused:
        raise HubError(" ".join(upload.refused))


def _is_published(hub: Hub, ref: str, space: str) -> bool:
    versions = hub.versions(ref) if hub.has_aesthetic(ref) else []
    return any(version.space == space for version in versions)


def _read_set(file: Path) -> SampleSet:
    try:
        text = tomllib.loads(file.read_text(encoding="utf-8"))
        return SampleSet(
            slug=file.parent.name,
            title=text["title"],
            description=text["description"],
            licence=text["licence"],
            tags=tuple(text.get("tags", ())),
            pictures=tuple(_pictures(file.parent, text["pictures"])),
        )
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise DemoError(f"{file} does not describe a sample set: {error}.") from error


def _pictures(folder: Path, items: Sequence[dict[str, str]]) -> Iterator[SamplePicture]:
    for item in items:
        yield SamplePicture(
            path=folder / item["file"],
            title=item["title"],
            author=item.get("author", ""),
            licence=item["licence"],
            source=item["source"],
        )
