"""Pages that belong to no feature."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes

from hub.problems import PROBLEMS


def about(request: HttpRequest) -> HttpResponse:
    """What the hub is and how its numbers are made."""
    return render(request, "hub/about.html")


def favicon(request: HttpRequest) -> HttpResponse:
    """The icon, for pages that do not name it: Swagger, the admin, browsers by themselves."""
    return redirect(static("favicon.svg"))


def problem(request: HttpRequest, problem_type: str) -> HttpResponse:
    """The page that the `type` of an API error leads to."""
    if problem_type not in PROBLEMS:
        raise Http404
    return render(request, "hub/problem.html", {"problem": PROBLEMS[problem_type]})


def without_slash(request: HttpRequest, address: str) -> HttpResponse:
    """Lead somebody who typed a slash too many to the page, where there is one; not in the API."""
    page = f"/{address.rstrip('/')}"
    if request.method not in {"GET", "HEAD"} or page.startswith("/api/v1"):
        raise Http404
    try:
        resolve(page)
    except Resolver404 as error:
        raise Http404 from error
    place = escape_leading_slashes(escape_uri_path(request.path.rstrip("/")))
    query = request.META["QUERY_STRING"]
    return redirect(f"{place}?{query}" if query else place, permanent=True)
