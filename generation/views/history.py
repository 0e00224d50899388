"""A person's own drawings and sheets: find drawings again, remove one of either, put it back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from generation import sheets
from generation.forms import HistoryForm
from generation.models import Generation, Sheet
from generation.models.queries import GenerationQuerySet
from generation.views.drawings import find_own
from generation.views.sheets import SHEET_REMOVED, find_own_sheet

PAGE_SIZE = 24
REMOVED = "removed"  # where a removal leaves the drawing's id for the next page, to undo it


@never_cache
@login_required
@require_safe
def drawings(request: PersonRequest) -> HttpResponse:
    """The visitor's drawings, newest first, by look and by words."""
    own = Generation.objects.owned_by(request.user)
    kept = own.kept().alone()
    form = HistoryForm(request.GET, looks=kept.looks(), person=request.user)
    context: dict[str, Any] = {"form": form, "page": _page(request, form.found_in(kept))}
    if pk := request.session.pop(REMOVED, None):
        context["just_removed"] = own.removed().filter(pk=pk).first()
    return render(request, "generation/drawings.html", context)


@never_cache
@login_required
@require_safe
def removed(request: PersonRequest) -> HttpResponse:
    """What the visitor has removed, newest first, to be put back."""
    own = Generation.objects.owned_by(request.user).removed()
    sheets_of_own = Sheet.objects.owned_by(request.user).removed().as_seen_by(request.user)
    newest_first = Paginator(sheets_of_own.order_by("-hidden_at", "-pk"), PAGE_SIZE)
    context = {
        "page": _page(request, own),
        "sheets": newest_first.get_page(request.GET.get("sheets")),
    }
    return render(request, "generation/removed.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask, and then take a drawing out of the history."""
    found = find_own(request, pk)
    if request.method != "POST":
        return render(request, "generation/remove.html", {"drawing": found})
    Generation.objects.remove(found.pk)
    request.session[REMOVED] = str(found.pk)
    return redirect("generation:drawings")


@login_required
@require_POST
def put_back(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Undo the removal of a drawing."""
    found = find_own(request, pk)
    if Generation.objects.put_back(found.pk):
        messages.success(request, "The drawing is among yours again.")
    elif found.hidden_at is not None:
        messages.info(request, "The sheet of this drawing is removed; put the sheet back.")
    if found.sheet_id is not None:
        return redirect("generation:sheet", found.sheet_id)
    return redirect("generation:drawings")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_sheet(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask, and then take a sheet and all its drawings away."""
    found = find_own_sheet(request, pk)
    if request.method != "POST":
        waiting = Generation.objects.filter(sheet=found).unfinished().count()
        return render(request, "generation/remove_sheet.html", {"sheet": found, "waiting": waiting})
    sheets.remove(found)
    request.session[SHEET_REMOVED] = str(found.pk)
    return redirect("generation:sheets")


@login_required
@require_POST
def put_back_sheet(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Undo the removal of a sheet."""
    found = find_own_sheet(request, pk)
    if sheets.put_back(found):
        messages.success(request, "The sheet is among yours again.")
    return redirect(found)


def _page(request: PersonRequest, found: GenerationQuerySet) -> Page[Generation]:
    shown = found.with_look(request.user).with_ingredients()
    return Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
