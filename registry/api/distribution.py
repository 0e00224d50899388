"""An aesthetic as a repository of an OCI registry, pull only: distribution-spec 1.1.

Our manifest is an OCI image manifest, stored as it was sealed: its blobs are the recipe and the
files. A blob is served by a repository only if a published version there has it, so that nobody
learns whether somebody else holds some bytes.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BearerAuthentication
from accounts.models import Token
from registry import manifests, serving
from registry.api import distribution_errors, withdrawals
from registry.api.aesthetics import find_aesthetic
from registry.api.distribution_access import (
    ANONYMOUS,
    NobodyAuthentication,
    PasswordAuthentication,
)
from registry.api.distribution_errors import (
    BlobUnknown,
    ManifestTakenDown,
    ManifestUnknown,
    NameUnknown,
    PageRefused,
)
from registry.api.files import serve_file
from registry.api.raw_bytes import BytesView, manifest_of, recipe_of
from registry.models import Aesthetic, VersionFile
from registry.models.versions import VersionQuerySet

LONGEST_NUMBER = 9  # digits of `n`; no repository has more tags


def find_repository(request: Request, owner: str, slug: str) -> Aesthetic:
    """Return an aesthetic the caller may see.

    Otherwise raise NotAuthenticated for who has not said who they are, NameUnknown for the others.
    """
    try:
        return find_aesthetic(request, owner, slug)
    except Http404 as error:
        if request.auth is None:
            raise NotAuthenticated(
                "There is no such repository, or it is private: log in with an API token."
            ) from error
        raise NameUnknown from error


class DistributionView(BytesView):
    """Part of a registry; every method that would change something is refused as unsupported."""

    authentication_classes = [NobodyAuthentication, BearerAuthentication]
    write_scope = Token.Scope.READ  # nothing is changed, so that a push is not asked to log in

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return distribution_errors.answer

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Docker-Distribution-API-Version"] = "registry/2.0"
        answer.headers.setdefault("Cache-Control", serving.PERSONAL)
        patch_vary_headers(answer, ["Authorization"])
        return answer


@extend_schema(exclude=True)
class Base(DistributionView):
    """Whether there is a registry here."""

    def get(self, request: Request) -> Response:
        return Response({})


@extend_schema(exclude=True)
class PullToken(DistributionView):
    """The token to pull with: a person's password again, or a word for nobody in particular."""

    authentication_classes = [PasswordAuthentication]

    def get(self, request: Request) -> Response:
        secret = request.auth or ANONYMOUS
        return Response({"token": secret, "access_token": secret})


@extend_schema(exclude=True)
class Manifest(DistributionView):
    """A version's manifest, byte for byte, by tag or by digest."""

    def get(self, request: Request, owner: str, slug: str, ref: str) -> HttpResponse:
        aesthetic = find_repository(request, owner, slug)
        version = (
            aesthetic.versions.named(ref)
            .select_related("aesthetic__owner", "superseded_by__aesthetic__owner")
            .first()
        )
        if version is None:
            raise ManifestUnknown
        if version.taken_down_at is not None:
            raise ManifestTakenDown(f"It was taken down: {version.takedown_reason}")
        content = manifest_of(version, caching=serving.usual_caching(ref))
        response = serving.serve(request, content)
        response["Docker-Content-Digest"] = version.version_digest
        withdrawals.warn(response, version)
        return response


@extend_schema(exclude=True)
class Blob(DistributionView):
    """A file or the recipe of a published version of this repository that was not taken down."""

    def get(self, request: Request, owner: str, slug: str, digest: str) -> HttpResponse:
        published = find_repository(request, owner, slug).versions.published().standing()
        response = _serve_blob(request, published, digest)
        response["Docker-Content-Digest"] = digest
        return response


def _serve_blob(request: Request, published: VersionQuerySet, digest: str) -> HttpResponse:
    files = VersionFile.objects.filter(digest=digest, version__in=published)
    file = files.select_related("version__aesthetic__owner").order_by("version__number").first()
    if file is not None:
        return serve_file(request, file, caching=serving.IMMUTABLE)
    version = published.filter(recipe_digest=digest).select_related("aesthetic").first()
    if version is None:
        raise BlobUnknown
    content = recipe_of(version, caching=serving.IMMUTABLE, media_type=manifests.RECIPE_TYPE)
    return serving.serve(request, content)


@extend_schema(exclude=True)
class TagList(DistributionView):
    """The names of the versions that are offered, `n` at a time, after the tag `last`."""

    def get(self, request: Request, owner: str, slug: str) -> Response:
        aesthetic = find_repository(request, owner, slug)
        tags = tags_of(aesthetic)
        after = [tag for tag in tags if tag > request.query_params.get("last", "")]
        most = _number(request.query_params.get("n"), otherwise=len(after))
        page = after[:most]
        response = Response({"name": aesthetic.ref, "tags": page})
        if page and len(after) > len(page):
            query = urlencode({"n": most, "last": page[-1]})
            response["Link"] = f'<{request.path}?{query}>; rel="next"'
        return response


def tags_of(aesthetic: Aesthetic) -> list[str]:
    """Return the tags in lexical order: versions that are offered, their aliases, and `latest`."""
    offered = aesthetic.versions.offered()
    names = [version.name for version in offered.only("number")]
    aliases = aesthetic.aliases.filter(version__in=offered).values_list("name", flat=True)
    return sorted([*names, *aliases, "latest"]) if names else []


def _number(text: str | None, *, otherwise: int) -> int:
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise PageRefused
    return int(text)


@extend_schema(exclude=True)
class Unknown(DistributionView):
    """Every other address under /v2/: uploads, which are refused, and what no registry has."""

    def get(self, request: Request, unknown: str) -> Response:
        raise NameUnknown
