"""The page of a version's family: what it was made of, and what was made of it."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from registry import lineage, serving
from registry.views.browse import find_aesthetic, tombstone

PAGE_SIZE = 50


def family(request: HttpRequest, owner: str, slug: str, ref: str) -> HttpResponse:
    """The whole tree of parents, and all that was made of the version."""
    found = find_aesthetic(request, owner, slug)
    chosen = found.versions.named(ref).first()
    if chosen is None:
        raise Http404
    chosen.aesthetic = found
    if chosen.taken_down_at is not None:
        return serving.keep_to_owner(request, tombstone(request, chosen), found)
    children = lineage.children(chosen, person=request.user)
    context = {
        "version": chosen,
        "parents": lineage.tree(chosen, person=request.user, steps=lineage.MOST_STEPS),
        "page": Paginator(children, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    response = render(request, "registry/lineage.html", context)
    return serving.keep_to_owner(request, response, found)
