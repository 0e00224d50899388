"""Bytes as they are: one representation whatever `Accept` says."""

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from registry import manifests, serving
from registry.models import Version


class OneRepresentation(BaseContentNegotiation):
    """Never answer 406: the renderer is for errors only, the bytes have a media type of their own.

    OCI clients ask for manifests by that type, download programs for `application/octet-stream`.
    """

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class BytesView(APIView):
    """A view that answers with stored bytes."""

    content_negotiation_class = OneRepresentation


def manifest_of(version: Version, *, caching: str) -> serving.Representation:
    """Return the sealed manifest, byte for byte: its sha256 is the version digest."""
    return serving.Representation(
        data=version.sealed_manifest,
        digest=version.version_digest,
        media_type=manifests.MANIFEST_TYPE,
        caching=serving.caching_of(version, usual=caching),
    )


def recipe_of(
    version: Version, *, caching: str, media_type: str = "application/json"
) -> serving.Representation:
    """Return the recipe, byte for byte: how the vector was made."""
    return serving.Representation(
        data=bytes(version.recipe),
        digest=version.recipe_digest,
        media_type=media_type,
        caching=serving.caching_of(version, usual=caching),
    )
