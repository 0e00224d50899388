"""Bytes as they are: one representation whatever `Accept` says, and who may keep a copy of it."""

from collections.abc import Iterable

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from registry import serving
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


def warn_of_yank(response: HttpResponse, version: Version) -> None:
    """Say in headers that a version was withdrawn, for programs that read nothing but the bytes.

    `Warning` with the code 299 (RFC 7234, section 5.5), and what to take instead as a link
    (RFC 5829). The reason stands in the version's JSON, since headers are ASCII.
    """
    if version.yanked_at is None:
        return
    response["Warning"] = (
        f'299 - "{version} was withdrawn on {version.yanked_at:%Y-%m-%d}; its JSON says why"'
    )
    if successor := version.public_successor:
        address = reverse("api:version", args=[*successor.aesthetic.ref.split("/"), successor.name])
        response["Link"] = f'<{address}>; rel="successor-version"'


def caching_of(version: Version, *, usual: str) -> str:
    """Return `usual` for what is public; what only its owner may see no cache on the way keeps."""
    return usual if version.aesthetic.is_public else serving.PERSONAL
