"""Errors as each reader expects them: problem details under /api (RFC 9457), pages elsewhere."""

import codecs
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatch
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.quotas import QuotaExceeded
from accounts.refusals import Refusal
from hub.problems import API_PREFIX, BY_STATUS, PROBLEMS, Problem
from registry.takedowns import TakenDown

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of an error; `errors` names single values by JSON pointer."""

    problem: Problem
    detail: str = ""  # the problem's own explanation where empty
    errors: list[dict[str, str]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)  # members of its type's own (RFC 9457, 3.2)


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem that DRF answers with; None lets the error rise to the 500 handler."""
    told = tell(error)
    if told is None:
        return None
    set_rollback()
    body = _body(told, context["request"].path)
    response = Response(body, status=told.problem.status, content_type=MEDIA_TYPE)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


@singledispatch
def tell(error: Exception) -> Told | None:
    """Return what is said of an error; None for those that are nobody's but ours."""
    return None


@tell.register
def _(error: Refusal) -> Told:
    return Told(PROBLEMS[error.code], error.detail)


@tell.register
def _(error: QuotaExceeded) -> Told:
    """Name the share that is used up, by the member of draft-ietf-httpapi-ratelimit-headers."""
    facts = {"violated-policies": [error.bucket]}
    return Told(PROBLEMS[error.code], error.detail, facts=facts)


@tell.register
def _(error: TakenDown) -> Told:
    version = error.version
    facts = {"digest": version.version_digest, "reason": version.takedown_reason}
    return Told(PROBLEMS[error.code], error.detail, facts=facts)


@tell.register
def _(error: Http404) -> Told:
    return Told(PROBLEMS["not-found"])


@tell.register
def _(error: PermissionDenied) -> Told:
    return Told(PROBLEMS["forbidden"])


@tell.register(RequestDataTooBig)
@tell.register(TooManyFieldsSent)
@tell.register(TooManyFilesSent)
def _(error: Exception) -> Told:
    return Told(PROBLEMS["too-large"])


@tell.register
def _(error: ValidationError) -> Told:
    """Tell a model's or form's errors; a code that is a problem's type gives the whole its type."""
    errors = _django_errors(error)
    named = [PROBLEMS[item["code"]] for item in errors if item["code"] in PROBLEMS]
    if not named:
        return Told(PROBLEMS["invalid"], errors=errors)
    # The type's own explanation is of addresses and calls, not of what a body names.
    return Told(named[0], " ".join(item["detail"] for item in errors), errors=errors)


@tell.register
def _(error: exceptions.ValidationError) -> Told:
    return Told(PROBLEMS["invalid"], errors=_drf_errors(error.detail, ""))


@tell.register
def _(error: exceptions.ParseError) -> Told:
    return Told(PROBLEMS["malformed"], f"The body cannot be read: {error.detail}.")


@tell.register
def _(error: exceptions.APIException) -> Told:
    problem = PROBLEMS.get(str(error.get_codes())) or BY_STATUS.get(HTTPStatus(error.status_code))
    return Told(problem or PROBLEMS["internal"], str(error.detail))


class ProblemDetails:
    """Middleware: whoever refuses something under /api, it is told as problem details.

    Django itself answers what no view has seen, and what a view did not expect; conditions and
    ranges are refused by answers, not by exceptions. All of these come past here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_refusal = response.status_code >= HTTPStatus.BAD_REQUEST
        if is_refusal and request.path.startswith(API_PREFIX):
            return _retold(response, request)
        return response


def _retold(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """Give a refusal the body it lacks; headers such as `Content-Range` and `Allow` stay."""
    problem = BY_STATUS.get(HTTPStatus(response.status_code))
    if problem is None or response.get("Content-Type") == MEDIA_TYPE:
        return response
    response.content = json.dumps(_body(Told(problem), request.path)).encode()
    response["Content-Type"] = MEDIA_TYPE
    response["Content-Length"] = str(len(response.content))
    return response


class NotAllowedPage:
    """Middleware: whoever visits an address that only takes forms is told so, on a page.

    Django answers them with nothing at all. `Allow` stays.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_blank = isinstance(response, HttpResponseNotAllowed) and not response.content
        if is_blank and request.method == "GET" and not request.path.startswith(API_PREFIX):
            response.content = render_to_string("405.html", request=request).encode()
        return response


class NoNulCharacters:
    """Middleware: refuse an address or a cookie with a NUL character, which no text in the database
    can hold, and text in another encoding than UTF-8, in which addresses would be read as well.

    Forms and serializers refuse NULs by themselves; names in paths and words in queries do not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sentence = _unreadable(request)
        if not sentence:
            return self.get_response(request)
        if request.path.startswith(API_PREFIX):
            return _told(Told(PROBLEMS["malformed"], sentence), request)
        raise BadRequest(sentence)


def _unreadable(request: HttpRequest) -> str:
    """Say why the request can't be read; nothing where it can."""
    if "\0" in request.path_info or "%00" in request.META["QUERY_STRING"]:
        return "An address has no NUL characters."
    if any("\0" in value for value in request.COOKIES.values()):
        return "A cookie has no NUL characters."
    if request.encoding and codecs.lookup(request.encoding).name not in {"utf-8", "ascii"}:
        return "Send text as UTF-8."
    return ""


def _told(told: Told, request: HttpRequest) -> HttpResponse:
    """Return the answer where no view was asked."""
    body = json.dumps(_body(told, request.path))
    return HttpResponse(body, content_type=MEDIA_TYPE, status=told.problem.status)


def _body(told: Told, path: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": told.problem.url,
        "title": told.problem.title,
        "status": told.problem.status.value,
        "detail": told.detail or told.problem.explanation,
        "instance": path,
        **told.facts,
    }
    if told.errors:
        body["errors"] = told.errors
    return body


def _django_errors(error: ValidationError) -> list[dict[str, str]]:
    by_field = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    return [
        {
            "pointer": "" if field == "__all__" else f"/{field}",
            "code": item.code or "invalid",
            "detail": " ".join(item.messages),
        }
        for field, items in by_field.items()
        for item in items
    ]


def _escaped(member: str | int) -> str:
    """Return a member's name, or its place in a list, as JSON pointers have it (RFC 6901)."""
    return str(member).replace("~", "~0").replace("/", "~1")


def _drf_errors(detail: Any, pointer: str) -> list[dict[str, str]]:
    """Flatten DRF's nested details into a list with JSON pointers (RFC 6901)."""
    if isinstance(detail, dict):
        return [
            item
            for key, value in detail.items()
            for item in _drf_errors(
                value, pointer if key == "non_field_errors" else f"{pointer}/{_escaped(key)}"
            )
        ]
    if isinstance(detail, list) and any(isinstance(item, (dict, list)) for item in detail):
        return [
            item
            for index, value in enumerate(detail)
            for item in _drf_errors(value, f"{pointer}/{index}")
        ]
    details = detail if isinstance(detail, list) else [detail]
    return [{"pointer": pointer, "code": item.code, "detail": str(item)} for item in details]
