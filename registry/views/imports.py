"""Pages that import a file made elsewhere: as a look of its own, or as a version of one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from registry import importing
from registry.forms import ImportFileForm, ImportForm
from registry.models import Aesthetic, Space
from registry.views.workspace import find_own


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PersonRequest) -> HttpResponse:
    """Import a file as a new look."""
    made = Aesthetic(owner=request.user)
    form = ImportForm(request.POST or None, request.FILES or None, instance=made)
    if form.is_valid():
        file, space = form.cleaned_data["file"], form.cleaned_data["space"]
        try:
            candidate = _examined(file, space, request.user)
        except Refusal as refusal:
            form.add_error("file", refusal.detail)
        else:
            if aesthetic := form.add():
                return _imported(request, aesthetic, candidate)
    return render(request, "registry/import.html", {"form": form})


@login_required
@require_POST
def add(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """Import a file as a version of a look that is there."""
    aesthetic = find_own(request, owner, slug)
    form = ImportFileForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, "Choose a file, and the space that it is of.")
        return redirect("registry:images", owner, slug)
    file, space = form.cleaned_data["file"], form.cleaned_data["space"]
    try:
        candidate = _examined(file, space, request.user)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return redirect("registry:images", owner, slug)
    return _imported(request, aesthetic, candidate)


def _examined(file: UploadedFile, space: Space, person: User) -> importing.Candidate:
    data = importing.read_upload(file)
    return importing.examine(file.name or "The file", data, space=space, person=person)


def _imported(
    request: PersonRequest, aesthetic: Aesthetic, candidate: importing.Candidate
) -> HttpResponse:
    try:
        return _told(request, importing.import_into(aesthetic, candidate))
    except Refusal as refusal:  # of what other requests have used up meanwhile
        messages.error(request, refusal.detail)
        return redirect("registry:images", aesthetic.owner.username, aesthetic.slug)


def _told(request: PersonRequest, imported: importing.Imported) -> HttpResponse:
    """Say what became of the file, and go on to where it is published."""
    if imported.is_new:
        messages.success(request, "The file is imported; look at what is said of it, and publish.")
    else:
        messages.info(request, "This vector was imported before, so that version stands.")
    if elsewhere := [str(version) for version in imported.candidate.elsewhere[:3]]:
        messages.info(request, f"The same vector is here already: {', '.join(elsewhere)}.")
    aesthetic = imported.version.aesthetic
    workspace = reverse("registry:images", args=[aesthetic.owner.username, aesthetic.slug])
    return redirect(f"{workspace}#build-panel")
