"""Pages of sheets: ask for one, watch it fill, find it again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from generation import sharing, sheets
from generation.models import Generation, Sheet
from generation.sheet_forms import DosesForm, LooksForm
from generation.views.drawings import add_errors
from generation.views.entrance import open_if_shared

PAGE_SIZE = 24
SHEET_REMOVED = "sheet_removed"  # where a removal leaves the sheet's id, for the list to undo it

FORMS: dict[str, tuple[type[DosesForm | LooksForm], Callable[..., Sheet]]] = {
    Sheet.Kind.DOSES: (DosesForm, sheets.queue_doses_by_seeds),
    Sheet.Kind.LOOKS: (LooksForm, sheets.queue_looks_by_prompts),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet; a cell is None where the visitor may not see its drawing.

    Where that goes for all of them the label is empty.
    """

    label: str
    cells: list[Generation | None]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """Ask for a sheet."""
    kind = request.GET.get("kind", "")
    form_of, queue = FORMS.get(kind, FORMS[Sheet.Kind.DOSES])
    asked = (request.POST or request.GET).dict()
    form = form_of(request.POST or None, initial=form_of.initial_from(asked), person=request.user)
    if form.is_valid():
        try:
            return redirect(queue(request.user, **form.parameters()))
        except ValidationError as error:
            add_errors(form, error)
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
    of_all = [name for each, _ in FORMS.values() for name in each.base_fields]
    aside = {name: asked[name] for name in of_all if name not in form.fields and asked.get(name)}
    context = {"form": form, "kinds": Sheet.Kind, "aside": aside}
    return render(request, "generation/new_sheet.html", context)


@never_cache
@login_required
@require_safe
def listing(request: PersonRequest) -> HttpResponse:
    """The visitor's sheets, newest first."""
    own = Sheet.objects.owned_by(request.user).as_seen_by(request.user)
    page = Paginator(own.kept(), PAGE_SIZE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"page": page}
    if pk := request.session.pop(SHEET_REMOVED, None):
        context["just_removed"] = own.removed().filter(pk=pk).first()
    return render(request, "generation/sheets.html", context)


@never_cache
@open_if_shared(Sheet.objects)
@require_safe
def sheet(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One sheet: your own, or one that somebody shares."""
    found = find_visible_sheet(request, pk)
    return render(request, "generation/sheet.html", _context(request, found))


@never_cache
@login_required
@require_safe
def status(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Your own as a fragment, which asks again until every cell is final."""
    return render(request, "generation/_sheet.html", _context(request, find_own_sheet(request, pk)))


@login_required
@require_POST
def cancel(request: PersonRequest, pk: UUID) -> HttpResponse:
    """End what is not drawn yet."""
    found = find_own_sheet(request, pk)
    if count := sheets.cancel(found):
        messages.success(request, f"{count} drawing{'s' if count > 1 else ''} cancelled.")
    else:
        messages.info(request, "The sheet was done already.")
    return redirect(found)


def find_visible_sheet(request: HttpRequest, pk: UUID) -> Sheet:
    """Return a sheet the visitor may see; 404 for all others, whether they exist or not."""
    visible = Sheet.objects.visible_to(request.user).as_seen_by(request.user)
    return get_object_or_404(visible.select_related("owner"), pk=pk)


def find_own_sheet(request: PersonRequest, pk: UUID) -> Sheet:
    """Return a sheet of the visitor; 404 for what they may not see, 403 for others' sheets."""
    found = find_visible_sheet(request, pk)
    if found.owner_id != request.user.pk:
        raise PermissionDenied
    return found


def _context(request: HttpRequest, found: Sheet) -> dict[str, Any]:
    shown = Generation.objects.in_sheet(found, person=request.user).with_look(request.user)
    cells = list(shown.order_by("row", "column"))
    done = sum(cell.is_final for cell in cells)
    drawn = sum(cell.has_succeeded for cell in cells)
    context: dict[str, Any] = {
        "sheet": found,
        "is_owner": found.owner_id == request.user.pk,
        "looks": {cell.version.aesthetic_id: cell for cell in cells}.values(),
        "rows": _rows(found, cells),
        "plain": _plain(found, cells) if found.kind == Sheet.Kind.LOOKS else [],
        "done": done,
        "drawn": drawn,
        "undrawn": done - drawn,
        "outcome": _outcome(drawn, done - drawn),
        "total": len(cells),
        "is_final": done == len(cells),
    }
    if context["is_owner"]:
        context["reason_against"] = sharing.reason_against(found)
        everybody = Sheet.objects.shared_with(AnonymousUser())
        context["is_public"] = everybody.filter(pk=found.pk).exists()
    return context


def _outcome(drawn: int, undrawn: int) -> str:
    """Say what came of a sheet, to those who hear it."""
    if not drawn:
        return "Nothing of the sheet was drawn."
    return f"The sheet is ready{f', without {undrawn} of its pictures' if undrawn else ''}."


def _rows(found: Sheet, cells: list[Generation]) -> list[Row]:
    at = {(cell.row, cell.column): cell for cell in cells}
    return [
        Row(label, [at.get((row, column)) for column in range(len(found.columns))])
        for row, label in enumerate(found.row_heads)
    ]


def _plain(found: Sheet, cells: list[Generation]) -> list[Generation | None]:
    """Return for each column a cell that has its plain picture, which is the same for each look."""
    drawn = {cell.column: cell for cell in reversed(cells) if cell.plain}
    return [drawn.get(column) for column in range(len(found.columns))]
