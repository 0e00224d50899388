"""What may be kept of an API answer that does not say so itself: SPEC section 4, caching."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from hub.problems import API_PREFIX
from registry.serving import PERSONAL, REVALIDATE


class ApiCaching:
    """Answers to somebody known, or about what was sent, are theirs alone; others are asked for
    again each time.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(API_PREFIX):
            is_known = "Authorization" in request.headers or request.user.is_authenticated
            is_theirs = is_known or request.method not in {"GET", "HEAD", "OPTIONS"}
            response.headers.setdefault("Cache-Control", PERSONAL if is_theirs else REVALIDATE)
            patch_vary_headers(response, ["Authorization", "Cookie"])
        return response
