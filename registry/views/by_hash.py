"""The page that tells what a digest or a file is the name of."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.refusals import Refusal
from registry import covers, identifying, importing
from registry.forms import FileForm, HashForm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_hash(request: HttpRequest) -> HttpResponse:
    """Find a digest (`?hash=`), or a file that is sent; nothing is kept of it."""
    context: dict[str, Any] = {
        "form": FileForm(),
        "most_bytes": importing.MOST_BYTES,
        "hash_form": HashForm(request.GET or None),
    }
    if request.method == "POST":
        context |= _by_file(request)
    elif context["hash_form"].is_valid():
        digest = context["hash_form"].cleaned_data["hash"]
        context |= {"asked": digest, "named": identifying.named_by(digest, person=request.user)}
    return render(request, "registry/by_hash.html", context)


def _by_file(request: HttpRequest) -> dict[str, Any]:
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return {"form": form}
    try:
        data = importing.read_upload(form.cleaned_data["file"])
    except Refusal as refusal:
        form.add_error("file", refusal.detail)
        return {"form": form}
    found = identifying.identify(data, person=request.user)
    covers.attach_covers([neighbour.version.aesthetic for neighbour in found.nearest])
    return {"file_name": form.cleaned_data["file"].name, "found": found}
