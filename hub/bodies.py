"""What the body of a request may be, before anything reads it: so many bytes, so deep."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from accounts.requests import is_script
from hub import signed_out
from registry import importing, pictures, strict_json

# The largest zip that is taken (SPEC section 5), and what multipart writes around it.
MOST_BYTES = 2_000_000_000 + 2**20
# One picture, at addresses where strangers may send one.
MOST_PICTURE_BYTES = pictures.MOST_BYTES + 2**20
# One embedding file, and what multipart writes around it.
MOST_EMBEDDING_BYTES = importing.MOST_BYTES + 2**20
TAKING_EMBEDDINGS = ("registry:by_hash", "registry:import", "api:by_hashes", "api:imports")


class BodyLimit:
    """Middleware: refuse a body that is longer than anything which this visitor may send.

    Whoever looks for the CSRF token of a form reads the whole form, and its files go to disk
    before any view asks who sends them. Views of the API are without such forms and ask first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = _length(request)
        if length <= _most(request):
            return self.get_response(request)
        if length <= MOST_BYTES and is_script(request) and _must_sign_in(request):
            return signed_out.refusal()
        return render(request, "413.html", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _length(request: HttpRequest) -> int:
    """Return the announced length; nothing is read of a body that announces none."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0


def _most(request: HttpRequest) -> int:
    if request.path in {reverse("generation:read"), reverse("api:picture_info")}:
        return MOST_PICTURE_BYTES
    if request.path in {reverse(name) for name in TAKING_EMBEDDINGS}:
        return MOST_EMBEDDING_BYTES
    if _must_sign_in(request):
        return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
    return MOST_BYTES


def _must_sign_in(request: HttpRequest) -> bool:
    is_api = request.path.startswith(reverse("api:root"))
    return not (is_api or request.user.is_authenticated)


class StrictJSONParser(JSONParser):
    """JSON of one meaning: what stands twice, is no number or is nested without end is refused."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            return strict_json.value_of(stream.read().decode(encoding))
        except strict_json.JSONRefused as error:
            raise ParseError(str(error)) from error
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
