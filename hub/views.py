"""Pages that belong to no feature."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static

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
