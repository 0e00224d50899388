"""The main job, step by step: two sets of real pictures in, a drawn picture out."""

import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from hub.demo.answers import Job, Version
from hub.demo.client import API, Hub
from hub.demo.samples import SampleSet, upload_picture
from hub.demo.terminal import Terminal
from hub.smoke.verification import (
    READERS,
    check,
    check_file,
    digest,
    numbers,
    text_chunks,
    vector_digest,
)

PROMPT = "a house by the lake"
SEED = 20


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who does the job: a person with a token, and a stranger without."""

    username: str
    hub: Hub
    stranger: Hub
    terminal: Terminal


def travel(traveller: Traveller, photographs: SampleSet, drawings: SampleSet) -> None:
    """Do the whole job. Raises SmokeError or HubError at the first thing that is wrong."""
    first, second = (f"{traveller.username}/{each.slug}" for each in (photographs, drawings))
    _create(traveller, photographs, drawings)
    _upload_one_by_one(traveller, first, photographs)
    _upload_zip(traveller, second, drawings)
    _see_a_refusal(traveller, second, drawings)
    builds = _measure(traveller, [first, second])
    versions = _publish(traveller, [first, second], builds)
    _find(traveller, first, photographs, versions)
    for version in versions:
        _download(traveller, version)
    _draw(traveller, versions[1])


def with_suffix(sample: SampleSet, suffix: str) -> SampleSet:
    """Return the set under a name that no earlier run has taken."""
    return replace(sample, slug=f"{sample.slug}-{suffix}")


def _create(traveller: Traveller, *sets: SampleSet) -> None:
    with traveller.terminal.step("create two drafts") as step:
        refs = [traveller.hub.create_aesthetic(each.draft) for each in sets]
        for ref in refs:
            status = traveller.stranger.status_of(f"{API}/aesthetics/{ref}")
            check(status == httpx.codes.NOT_FOUND, f"A stranger asked for {ref} and got {status}.")
        step.tell(f"{' and '.join(refs)}; strangers get 404")


def _upload_one_by_one(traveller: Traveller, ref: str, sample: SampleSet) -> None:
    with traveller.terminal.step("upload one by one") as step:
        for number, picture in enumerate(sample.pictures, start=1):
            upload_picture(traveller.hub, ref, picture)
            step.tell(f"{number} pictures")


def _upload_zip(traveller: Traveller, ref: str, sample: SampleSet) -> None:
    with traveller.terminal.step("upload a zip") as step, tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "pictures.zip"
        with zipfile.ZipFile(archive, "w") as writer:
            for picture in sample.pictures:
                writer.write(picture.path, picture.path.name)
        origin = {"licence": sample.licence, "credit": sample.title}
        upload = traveller.hub.upload(ref, [archive], **origin)
        check(not upload.refused, " ".join(upload.refused))
        check(upload.total == len(sample.pictures), f"Of the zip {upload.total} pictures arrived.")
        step.tell(f"{upload.total} pictures, {archive.stat().st_size / 1e6:.1f} MB")


def _see_a_refusal(traveller: Traveller, ref: str, sample: SampleSet) -> None:
    with (
        traveller.terminal.step("see one refused") as step,
        tempfile.TemporaryDirectory() as folder,
    ):
        wrong = Path(folder) / "notes.png"
        wrong.write_text("These are words, not a picture.")
        good = sample.pictures[0].path
        upload = traveller.hub.upload(ref, [wrong, good])
        check(len(upload.refused) == 1, "Words named .png were not refused.")
        check(wrong.name in upload.refused[0], "The refusal does not name the file.")
        check(upload.accepted == (good.name,), "The good picture beside it was not accepted.")
        check(upload.total == len(sample.pictures), "A picture counts twice.")
        step.tell(upload.refused[0])


def _measure(traveller: Traveller, refs: Sequence[str]) -> list[Job]:
    with traveller.terminal.step("measure") as step:
        builds = [traveller.hub.build(ref) for ref in refs]
        again = traveller.hub.build(refs[0])
        check(again.id == builds[0].id, "The same set was queued as two builds.")
        builds = [
            traveller.hub.wait_for(build, lambda job: step.tell(f"{job.stage} {job.done}"))
            for build in builds
        ]
        step.tell(f"{sum(build.total for build in builds)} pictures")
        return builds


def _publish(traveller: Traveller, refs: Sequence[str], builds: Sequence[Job]) -> list[Version]:
    with traveller.terminal.step("publish") as step:
        pairs = zip(refs, builds, strict=True)
        versions = [traveller.hub.publish(ref, build) for ref, build in pairs]
        check({version.name for version in versions} == {"v1"}, "The first version is not v1.")
        step.tell(" and ".join(version.ref for version in versions))
        return versions


def _find(traveller: Traveller, ref: str, sample: SampleSet, versions: Sequence[Version]) -> None:
    with traveller.terminal.step("find by words") as step:
        found = traveller.stranger.search(sample.title)
        check(ref in found, f"“{sample.title}” finds {found}, not {ref}.")
        step.tell(f"“{sample.title}”: number {found.index(ref) + 1}")
    with traveller.terminal.step("find by nearness") as step:
        near = traveller.stranger.neighbours(ref, "v1")
        check(versions[1].ref in near, f"{versions[1].ref} is not near {ref}: {near}.")
        check(versions[0].ref not in near, f"{ref} is its own neighbour.")
        step.tell(f"{len(near)} versions")


def _download(traveller: Traveller, version: Version) -> None:
    with traveller.terminal.step("download, verify") as step:
        suffixes = {file.name.rpartition(".")[2] for file in version.files}
        check(suffixes == set(READERS), f"{version.ref} comes as {sorted(suffixes)}.")
        vectors = set()
        for file in version.files:
            answer = traveller.stranger.download(file.url)
            check_file(file.name, answer.content, file.digest, answer.headers)
            vectors.add(vector_digest(numbers(file.name, answer.content)))
        check(vectors == {version.vector_digest}, f"The files hold the vectors {vectors}.")
        _check_transfer(traveller.stranger, version)
        _check_manifest(traveller.stranger, version)
        step.tell(f"{len(version.files)} files, one vector, manifest, recipe")


def _check_transfer(hub: Hub, version: Version) -> None:
    """Check that a part can be asked for, and that what one has is not sent again."""
    file = version.files[0]
    etag = f'"{file.digest.removeprefix("sha256:")}"'
    status = hub.status_of(file.url, **{"If-None-Match": etag})
    check(status == httpx.codes.NOT_MODIFIED, f"What one has is answered {status}, not 304.")
    part = hub.download(file.url, Range="bytes=8-15", **{"If-Range": etag})
    check(part.status_code == httpx.codes.PARTIAL_CONTENT, "A range is not answered 206.")
    check(part.content == hub.download(file.url).content[8:16], "A range has other bytes.")


def _check_manifest(hub: Hub, version: Version) -> None:
    ref = version.ref.partition("@")[0]
    manifest, recipe = hub.manifest(ref, version.name), hub.recipe(ref, version.name)
    check(digest(manifest) == version.version_digest, "The manifest has another digest.")
    check(digest(recipe) == version.recipe_digest, "The recipe has another digest.")
    sealed = json.loads(manifest)
    check(sealed["config"]["digest"] == digest(recipe), "The manifest names another recipe.")
    layers = {layer["digest"] for layer in sealed["layers"]}
    check(layers == {file.digest for file in version.files}, "The manifest lists other files.")


def _draw(traveller: Traveller, version: Version) -> None:
    with traveller.terminal.step("draw") as step:
        order = {"aesthetic": version.ref, "prompt": PROMPT, "seed": SEED}
        queued = traveller.hub.generate(order)
        job = traveller.hub.wait_for(
            queued, lambda job: step.tell(f"{job.stage} {job.done} of {job.total}")
        )
        drawing = traveller.hub.drawing(job)
        before, after = drawing.agreement[0], drawing.agreement[-1]
        check(after > before, f"The agreement did not rise: {before:.3f} to {after:.3f}.")
        step.tell(f"agreement {before:.2f} to {after:.2f}, drift {drawing.drift:.2f}")
    with traveller.terminal.step("fetch both pictures") as step:
        pictures = {
            name: traveller.hub.download(place["url"]).content
            for name, place in (("plain", drawing.plain), ("personalised", drawing.personalised))
        }
        for name, data in pictures.items():
            claimed = getattr(drawing, name)["digest"]
            check(digest(data) == claimed, f"The {name} picture does not have its digest.")
            check(PROMPT in text_chunks(name, data)["parameters"], f"The {name} picture is mute.")
        check(pictures["plain"] != pictures["personalised"], "Both pictures are the same.")
        sizes = " and ".join(f"{len(data) / 1000:.0f} kB" for data in pictures.values())
        step.tell(f"{sizes}, both verified")
