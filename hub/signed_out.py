"""What a page that is left open gets once the session has ended: a sentence, and a way back."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django_htmx.middleware import HtmxDetails

from accounts.requests import is_script

SENTENCE = "You are signed out. Sign in in another tab, then go on here."
SAFE = {"GET", "HEAD", "OPTIONS"}
# Addresses that take what a form sends and answer no visit, but show a page where it is refused;
# and where that page stands for visitors.
PAGES_OF_REFUSALS = {
    "registry:move_alias": "registry:aesthetic",
    "registry:withdraw": "registry:version",
}


class HTMXRequest(HttpRequest):
    """What django_htmx's middleware makes of a request."""

    htmx: HtmxDetails


class SignedOut:
    """Middleware: answer those who are sent to the login as each of them can use it.

    A script follows a redirect by itself and would take the login page for its answer: it gets 401
    and tells the person, who loses nothing of what stands on the page. A form that was sent leads
    back to the page that it stood on, since its own address answers no visit.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HTMXRequest) -> HttpResponse:
        response = self.get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        if not response.get("Location", "").startswith(f"{login}?{REDIRECT_FIELD_NAME}="):
            return response
        if request.htmx or is_script(request):
            return refusal()
        if request.method in SAFE:
            return response
        return redirect(f"{login}?{urlencode({REDIRECT_FIELD_NAME: _page_of(request)})}")


def refusal() -> HttpResponse:
    """Return what a script is told."""
    return JsonResponse({"detail": SENTENCE}, status=HTTPStatus.UNAUTHORIZED)


def _page_of(request: HttpRequest) -> str:
    """Return the path of the page that a form was sent from; the first page where none is told."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return "/"
    parts = urlsplit(page)
    if visited := _where_visited(parts.path):
        return visited
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _where_visited(path: str) -> str:
    """Return where the page of a refusal stands for visitors; nothing where it is at its own."""
    try:
        found = resolve(path)
    except Resolver404:
        return ""
    name = PAGES_OF_REFUSALS.get(found.view_name)
    return reverse(name, kwargs=found.kwargs) if name else ""
