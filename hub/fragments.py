"""What a page's fragment gets when the page behind it is gone: a visit, not a stranger's markup."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class HTMXRequest(HttpRequest):
    """What django_htmx's middleware makes of a request."""

    htmx: HtmxDetails


class SignedOutFragments:
    """Send the whole page to the login where htmx asks for a fragment after the session's end.

    htmx follows a redirect by itself and would put the login page where the fragment was.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HTMXRequest) -> HttpResponse:
        response = self.get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        if not request.htmx or not response.get("Location", "").startswith(login):
            return response
        back = {"next": request.htmx.current_url_abs_path or "/"}
        return HttpResponseClientRedirect(f"{login}?{urlencode(back)}")
