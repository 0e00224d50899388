"""Drawings and sheets that people share: share one, take it back, see those of a look."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from generation import sharing
from generation.models import Generation, Sheet
from generation.models.queries import GenerationQuerySet
from generation.models.sheets import SheetQuerySet
from generation.views.drawings import find_own
from generation.views.sheets import find_own_sheet
from registry.models import Aesthetic
from registry.views.browse import find_aesthetic

PAGE_SIZE = 24
NEWEST_SHOWN = 12  # on the page of a look
NEWEST_SHEETS_SHOWN = 3  # below them


@login_required
@require_POST
def share(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Let everybody see a drawing."""
    found = find_own(request, pk)
    try:
        sharing.share(found)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "Everybody can see this drawing now.")
    return redirect(found)


@login_required
@require_POST
def unshare(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Take a shared drawing back."""
    found = find_own(request, pk)
    if Generation.objects.unshare(found.pk):
        messages.success(request, "Only you can see this drawing now.")
    return redirect(found)


@login_required
@require_POST
def share_sheet(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Let everybody see a sheet and its drawings."""
    found = find_own_sheet(request, pk)
    try:
        sharing.share_sheet(found)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "Everybody can see this sheet now.")
    return redirect(found)


@login_required
@require_POST
def unshare_sheet(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Take a shared sheet and its drawings back."""
    found = find_own_sheet(request, pk)
    if sharing.unshare_sheet(found):
        messages.success(request, "Only you can see this sheet and its drawings now.")
    return redirect(found)


@never_cache
@require_safe
def of_look(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """What people drew with a look and share, the newest first."""
    look = find_aesthetic(request, owner, slug)
    drawings = Paginator(_shared(request, look).with_look(request.user), PAGE_SIZE)
    sheets = Paginator(_shared_sheets(request, look), PAGE_SIZE)
    context = {
        "look": look,
        "page": drawings.get_page(request.GET.get("page")),
        "sheets": sheets.get_page(request.GET.get("sheets")),
        "is_drawable": look.versions.offered().filter(space__name=settings.HUB_SPACE).exists(),
    }
    return render(request, "generation/shared.html", context)


@never_cache
@require_safe
def newest_of_look(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """The newest of them, as the fragment that the page of the look asks for."""
    look = find_aesthetic(request, owner, slug)
    context = {
        "look": look,
        "drawings": _shared(request, look).with_look(request.user)[:NEWEST_SHOWN],
        "sheets": _shared_sheets(request, look)[:NEWEST_SHEETS_SHOWN],
    }
    return render(request, "generation/_newest.html", context)


def _shared(request: HttpRequest, look: Aesthetic) -> GenerationQuerySet:
    """Return what is not listed as a sheet, which would fill the list with one prompt."""
    shared = Generation.objects.shared_with(request.user).in_look(look)
    return shared.shared_apart_from(Sheet.objects.shared_with(request.user)).newest_shared()


def _shared_sheets(request: HttpRequest, look: Aesthetic) -> SheetQuerySet:
    shared = Sheet.objects.shared_with(request.user).in_look(look).newest_shared()
    return shared.as_seen_by(request.user).select_related("owner")
