"""The name of a version in, a report on all that a hub serves of it out."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO, NoReturn
from urllib.parse import quote

from registry import strict_json
from registry.digests import digest_bytes, hex_of, is_digest
from registry.manifests import FileEntry
from registry.verify.deviations import Deviation, differing
from registry.verify.reports import MOST_BYTES, Report, Unchecked, check_wanted
from registry.verify.versions import Parts, Said, check_version

# SPEC section 1; the version's name may be an alias, `latest` or a digest as well.
REF = re.compile(
    r"(?P<owner>[a-z0-9-]{2,39})/(?P<slug>[a-z0-9._-]{2,96})(?:@(?P<name>[A-Za-z0-9._:-]{1,128}))?"
)
TIMEOUT = 30  # seconds for each answer
NOT_FOUND = 404


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token that was meant for one address is not sent to another."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> NoReturn:
        raise Unchecked(f"{req.full_url} is elsewhere now, at {newurl}; name that hub instead.")


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes that a hub sent, and the ETag that it sent with them."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub at its address, without a slash at the end; the token may be empty."""

    address: str
    token: str = ""

    def get(self, path: str) -> Answer | None:
        """Return what lies at `path`, None where nothing does; raise Unchecked for other errors."""
        url = f"{self.address}{path}"
        if not url.startswith(("http://", "https://")):
            raise Unchecked(f"{self.address} is no address of a hub; it begins with https://.")
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 (looked at above)
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as answer:
                data = answer.read(MOST_BYTES + 1)
                etag = answer.headers.get("ETag", "")
        except urllib.error.HTTPError as error:
            if error.code == NOT_FOUND:
                return None
            raise Unchecked(f"{url} answers {error.code}, {error.reason}.") from error
        except (OSError, HTTPException) as error:
            raise Unchecked(f"{url} can't be reached: {error}.") from error
        if len(data) > MOST_BYTES:
            raise Unchecked(f"{url} has more than {MOST_BYTES:,} bytes; no file of a version has.")
        return Answer(data, etag)


def check_ref(ref: str, hub: Hub, *, wanted: str | None = None) -> Report:
    """Download the manifest, the recipe and all files of a version, and compare all digests.

    `ref` is `owner/slug@v1`, or with `latest` or a digest. Raise Unchecked for what is not there.
    """
    match = REF.fullmatch(ref)
    if match is None:
        raise Unchecked(f"{ref} is no name of a version, as owner/slug@v1 is.")
    name = match["name"] or "latest"
    path = f"/api/v1/aesthetics/{match['owner']}/{match['slug']}/versions/{quote(name)}"
    said = _said(ref, _needed(hub, path, ref))
    manifest, recipe = (_needed(hub, f"{path}/{part}", ref) for part in ("manifest", "recipe"))
    files = {file.name: hub.get(f"{path}/files/{quote(file.name)}") for file in said.files}
    answers = {"manifest": manifest, "recipe": recipe, **files}
    parts = Parts(
        manifest.data,
        recipe.data,
        {name: answer.data if answer else None for name, answer in files.items()},
    )
    digests = {"version": digest_bytes(manifest.data), "recipe": digest_bytes(recipe.data)}
    digests |= {name: digest_bytes(answer.data) for name, answer in files.items() if answer}
    deviations = [*check_version(ref, said, parts), *_check_etags(ref, answers)]
    deviations += differing(ref, "aesthetic", expected=ref.partition("@")[0], found=said.ref)
    if is_digest(name):
        deviations += differing(
            ref, "version that was asked for", expected=name, found=digests["version"]
        )
    known = [*digests.values(), said.vector_digest]
    deviations += check_wanted(ref, wanted, known)
    return Report(ref, {**digests, "vector": said.vector_digest}, tuple(deviations))


def _needed(hub: Hub, path: str, ref: str) -> Answer:
    answer = hub.get(path)
    if answer is None:
        raise Unchecked(f"{hub.address}{path} is not there, so {ref} was not checked.")
    return answer


def _said(ref: str, answer: Answer) -> Said:
    """Read what the hub's API says of a version; raise Unchecked for what is no such answer."""
    try:
        said = strict_json.read(answer.data)
    except strict_json.JSONRefused as error:
        raise Unchecked(f"What the hub says of {ref} can't be read. {error}") from error
    match said:
        case {
            "ref": str(name),
            "version_digest": str(version),
            "vector_digest": str(vector),
            "image_set_digest": str(images),
            "recipe_digest": str(recipe),
            "space": str(space),
            "construction": str(construction),
            "image_count": int(count),
            "resultant_length": (float() | int() | None) as length,
            "files": list(files),
        }:
            entries = tuple(_entry(ref, file) for file in files)
            return Said(
                ref=name.partition("@")[0],
                version_digest=version,
                vector_digest=vector,
                image_set_digest=images,
                recipe_digest=recipe,
                space=space,
                construction=construction,
                images=count,
                resultant_length=length,
                files=entries,
            )
        case _:
            raise Unchecked(f"What answers for {ref} is no hub, or one of another kind.")


def _entry(ref: str, file: object) -> FileEntry:
    match file:
        case {
            "name": str(name),
            "media_type": str(media_type),
            "size": int(size),
            "digest": str(digest),
        } if is_digest(digest):
            return FileEntry(name, media_type, size, digest)
        case _:
            raise Unchecked(f"What the hub says of a file of {ref} can't be read.")


def _check_etags(ref: str, answers: dict[str, Answer | None]) -> Iterator[Deviation]:
    """Compare ETags, which a hub makes of the sha256, with the bytes that came with them."""
    for name, answer in answers.items():
        if answer is not None:
            expected = f'"{hex_of(digest_bytes(answer.data))}"'
            yield from differing(ref, f"ETag of {name}", expected=expected, found=answer.etag)
