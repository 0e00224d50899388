"""Pictures into a set and out of it, by its owner: for upload.js, and for plain forms."""

from dataclasses import asdict
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.requests import PersonRequest, is_script
from registry import uploads
from registry.forms import OriginForm, SideForm
from registry.turns import TooBusy
from registry.views.workspace import REFUSED, find_own

NAMED = 3  # pictures that a message names


@login_required
@require_POST
def upload(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """Add files to the set; JSON for upload.js, a page for a plain form."""
    aesthetic = find_own(request, owner, slug)
    form = SideForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": "A picture is on the side towards or away."}, status=422)
    files, origin = request.FILES.getlist("files"), OriginForm(request.POST)
    if not origin.is_valid():
        return JsonResponse({"detail": "Where the pictures are from is too long."}, status=422)
    provenance = uploads.Provenance(**origin.cleaned_data)
    try:
        report = uploads.add_files(
            aesthetic, files, side=form.cleaned_data["side"], provenance=provenance
        )
    except Refusal as refusal:
        if is_script(request) and isinstance(refusal, TooBusy):
            return _try_later(refusal)
        report = uploads.Report(refused=[uploads.Refused("upload", refusal.code, refusal.detail)])
    if is_script(request):
        return JsonResponse(asdict(report))
    _tell(request, report)
    return redirect("registry:images", owner, slug)


@login_required
@require_POST
def remove_image(request: PersonRequest, owner: str, slug: str, digest: str) -> HttpResponse:
    """Take a picture out of one side of the set."""
    aesthetic = find_own(request, owner, slug)
    form = SideForm(request.POST)
    if not form.is_valid():
        raise Http404
    uploads.remove_member(aesthetic, digest, side=form.cleaned_data["side"])
    return redirect("registry:images", owner, slug)


def _try_later(busy: TooBusy) -> HttpResponse:
    """Tell a script, which still has the file, when to send it again."""
    return JsonResponse(
        {"detail": busy.detail},
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Retry-After": str(busy.wait)},
    )


def _tell(request: PersonRequest, report: uploads.Report) -> None:
    """Leave what became of a plain upload for the next page."""
    request.session[REFUSED] = [asdict(refused) for refused in report.refused]
    if report.accepted:
        count = len(report.accepted)
        said = "1 picture is" if count == 1 else f"{count} pictures are"
        messages.success(request, f"{said} in the set.")
    if located := [picture.name for picture in report.accepted if picture.had_location]:
        taken = "it was" if len(located) == 1 else "each was"
        messages.info(request, f"{_named(located)}: the place where {taken} taken was removed.")


def _named(names: list[str]) -> str:
    """Name some pictures, and count the others."""
    shown, others = names[:NAMED], len(names) - NAMED
    return ", ".join(shown) + (f" and {others} more" if others > 0 else "")
