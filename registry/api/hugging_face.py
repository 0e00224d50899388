"""An aesthetic as a model repository of the Hugging Face Hub, read only: `HF_ENDPOINT` is ours.

The owner and the slug are the repository, its published versions the commits, the first 40 digits
of a version digest their hashes. Beside its files a commit holds the manifest and the recipe, so
that a snapshot can be verified without us. As huggingface_hub 1 and 2 ask for them.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BearerAuthentication
from registry import digests, serving
from registry.api import withdrawals
from registry.api.aesthetics import find_aesthetic
from registry.api.files import serve_file
from registry.api.raw_bytes import BytesView, manifest_of, recipe_of
from registry.models import Aesthetic, Version
from registry.takedowns import refuse_taken_down

COMMIT_LENGTH = 40  # hexadecimal digits of git's sha1, which clients recognise a commit by
COMMIT = re.compile(rf"[0-9a-f]{{{COMMIT_LENGTH}}}")
MAIN = "main"  # the branch that clients ask for unless told otherwise


class Missing(Http404):
    """What is not there, or not for the caller, in the word by which clients choose their error."""

    def __init__(self, code: str, commit: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.commit = commit


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a commit."""

    name: str
    size: int  # bytes
    digest: str

    def as_large_file(self) -> dict[str, object]:
        """Describe the file as git-lfs does, which names it by the sha256 of its bytes."""
        pointer = (
            f"version https://git-lfs.github.com/spec/v1\noid {self.digest}\nsize {self.size}\n"
        ).encode()
        git_blob = b"blob %d\0%s" % (len(pointer), pointer)
        return {
            "pointer": hashlib.sha1(git_blob, usedforsecurity=False).hexdigest(),
            "oid": digests.hex_of(self.digest),
            "size": self.size,
            "pointerSize": len(pointer),
        }


def commit_of(version: Version) -> str:
    return digests.hex_of(version.version_digest)[:COMMIT_LENGTH]


def manifest_name(version: Version) -> str:
    return f"{version.aesthetic.slug}.manifest.json"


def recipe_name(version: Version) -> str:
    return f"{version.aesthetic.slug}.recipe.json"


def entries_of(version: Version) -> list[Entry]:
    """Return the files of a commit by their names: the version's own, its manifest, its recipe."""
    files = [Entry(file.name, file.size, file.digest) for file in version.files.all()]
    manifest, recipe = version.sealed_manifest, bytes(version.recipe)
    sealed = [
        Entry(manifest_name(version), len(manifest), version.version_digest),
        Entry(recipe_name(version), len(recipe), version.recipe_digest),
    ]
    return sorted([*files, *sealed], key=lambda entry: entry.name)


def find_repository(request: Request, owner: str, slug: str) -> Aesthetic:
    """Return an aesthetic the caller may see; raise Missing for all others."""
    try:
        return find_aesthetic(request, owner, slug)
    except Http404 as error:
        raise Missing("RepoNotFound") from error


def find_revision(aesthetic: Aesthetic, revision: str) -> Version:
    """Return the published version of that name, a commit or `main` too.

    Raises Missing, and TakenDown.
    """
    named = _named(aesthetic, revision).select_related(
        "aesthetic__owner", "superseded_by__aesthetic__owner"
    )
    version = named.prefetch_related("files").first()
    if version is None:
        raise Missing("RevisionNotFound")
    refuse_taken_down(version)
    return version


def _named(aesthetic: Aesthetic, revision: str) -> QuerySet[Version]:
    if COMMIT.fullmatch(revision):
        published = aesthetic.versions.published()
        return published.filter(version_digest__startswith=f"sha256:{revision}")
    return aesthetic.versions.named("latest" if revision == MAIN else revision)


class RepositoryView(BytesView):
    """Part of a repository; programs alone ask for it, so a token is the only way to be known."""

    authentication_classes = [BearerAuthentication]

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        response["X-Error-Message"] = serving.header_text(response.data["detail"])
        if isinstance(exc, Missing):
            response["X-Error-Code"] = exc.code
            if exc.commit:
                response["X-Repo-Commit"] = exc.commit
        return response

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(answer, ["Authorization"])
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            answer.headers.setdefault("Cache-Control", serving.PERSONAL)
        return answer


@extend_schema(exclude=True)
class Resolve(RepositoryView):
    """A file of a version by its name."""

    def get(
        self, request: Request, owner: str, slug: str, revision: str, name: str
    ) -> HttpResponse:
        version = find_revision(find_repository(request, owner, slug), revision)
        never_changes = digests.is_digest(revision) or COMMIT.fullmatch(revision) is not None
        caching = serving.IMMUTABLE if never_changes else serving.REVALIDATE
        response = _serve(request, version, name, caching=caching)
        response["X-Repo-Commit"] = commit_of(version)
        withdrawals.warn(response, version)
        return response


def _serve(request: Request, version: Version, name: str, *, caching: str) -> HttpResponse:
    if name == manifest_name(version):
        return serving.serve(request, manifest_of(version, caching=caching))
    if name == recipe_name(version):
        return serving.serve(request, recipe_of(version, caching=caching))
    for file in version.files.all():
        if file.name == name:
            file.version = version
            return serve_file(request, file, caching=caching)
    raise Missing("EntryNotFound", commit_of(version))


@extend_schema(exclude=True)
class ModelInfo(RepositoryView):
    """What clients want to know of a repository before they download it."""

    def get(self, request: Request, owner: str, slug: str, revision: str = MAIN) -> Response:
        version = find_revision(find_repository(request, owner, slug), revision)
        response = Response(describe(version))
        withdrawals.warn(response, version)
        return response


@extend_schema(exclude=True)
class Tree(RepositoryView):
    """The files of a commit; there are no folders."""

    def get(self, request: Request, owner: str, slug: str, revision: str) -> Response:
        version = find_revision(find_repository(request, owner, slug), revision)
        response = Response([_tree_row(entry) for entry in entries_of(version)])
        withdrawals.warn(response, version)
        return response


def _tree_row(entry: Entry) -> dict[str, object]:
    large = entry.as_large_file()
    oid = large.pop("pointer")
    return {"type": "file", "path": entry.name, "size": entry.size, "oid": oid, "lfs": large}


def describe(version: Version) -> dict[str, object]:
    """Return a version as the Hub describes a model at a commit."""
    aesthetic = version.aesthetic
    return {
        "id": aesthetic.ref,
        "modelId": aesthetic.ref,
        "author": aesthetic.owner.username,
        "sha": commit_of(version),
        "private": not aesthetic.is_public,
        "gated": False,
        "disabled": False,
        "downloads": aesthetic.download_count,
        "createdAt": _moment(aesthetic.created_at),
        "lastModified": _moment(version.published_at or aesthetic.updated_at),
        "tags": [*aesthetic.tags, f"license:{aesthetic.licence.lower()}"],
        "cardData": {"license": aesthetic.licence.lower(), "tags": aesthetic.tags},
        "siblings": [_sibling(entry) for entry in entries_of(version)],
    }


def _sibling(entry: Entry) -> dict[str, object]:
    large = entry.as_large_file()
    oid = large.pop("pointer")
    large["sha256"] = large.pop("oid")
    return {"rfilename": entry.name, "size": entry.size, "blobId": oid, "lfs": large}


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
