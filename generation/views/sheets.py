"""Pages of sheets: ask for one, watch it fill, find it again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from generation import sheets
from generation.models import Generation, Sheet
from generation.sheet_forms import DosesForm, LooksForm
from generation.views.drawings import add_errors

PAGE_SIZE = 24

FORMS: dict[str, tuple[type[DosesForm | LooksForm], Callable[..., Sheet]]] = {
    Sheet.Kind.DOSES: (DosesForm, sheets.queue_doses_by_seeds),
    Sheet.Kind.LOOKS: (LooksForm, sheets.queue_looks_by_prompts),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet; a cell is None only where its drawing is gone."""

    label: str
    cells: list[Generation | None]


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """Ask for a sheet."""
    kind = request.GET.get("kind", "")
    form_of, queue = FORMS.get(kind, FORMS[Sheet.Kind.DOSES])
    initial = {name: request.GET[name] for name in form_of.base_fields if name in request.GET}
    form = form_of(request.POST or None, initial=initial, person=request.user)
    if form.is_valid():
        try:
            return redirect(queue(request.user, **form.parameters()))
        except ValidationError as error:
            add_errors(form, error)
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
    return render(request, "generation/new_sheet.html", {"form": form, "kinds": Sheet.Kind})


@never_cache
@login_required
@require_safe
def listing(request: PersonRequest) -> HttpResponse:
    """The visitor's sheets, newest first."""
    page = Paginator(Sheet.objects.owned_by(request.user), PAGE_SIZE)
    return render(
        request, "generation/sheets.html", {"page": page.get_page(request.GET.get("page"))}
    )


@never_cache
@login_required
@require_safe
def sheet(request: PersonRequest, pk: UUID) -> HttpResponse:
    """One sheet."""
    return render(request, "generation/sheet.html", _context(request, pk))


@never_cache
@login_required
@require_safe
def status(request: PersonRequest, pk: UUID) -> HttpResponse:
    """The same as a fragment, which asks again until every cell is final."""
    return render(request, "generation/_sheet.html", _context(request, pk))


@login_required
@require_POST
def cancel(request: PersonRequest, pk: UUID) -> HttpResponse:
    """End what is not drawn yet."""
    found = find_own(request, pk)
    if count := sheets.cancel(found):
        messages.success(request, f"{count} drawing{'s' if count > 1 else ''} cancelled.")
    else:
        messages.info(request, "The sheet was done already.")
    return redirect(found)


def find_own(request: PersonRequest, pk: UUID) -> Sheet:
    """Return a sheet of the visitor; 404 for all others."""
    return get_object_or_404(Sheet.objects.owned_by(request.user), pk=pk)


def _context(request: PersonRequest, pk: UUID) -> dict[str, Any]:
    found = find_own(request, pk)
    cells = list(Generation.objects.filter(sheet=found).with_look().order_by("row", "column"))
    done = sum(cell.is_final for cell in cells)
    return {
        "sheet": found,
        "rows": _rows(found, cells),
        "plain": [cell for cell in cells if cell.row == 0 and found.kind == Sheet.Kind.LOOKS],
        "done": done,
        "total": len(cells),
        "is_final": done == len(cells),
    }


def _rows(found: Sheet, cells: list[Generation]) -> list[Row]:
    at = {(cell.row, cell.column): cell for cell in cells}
    return [
        Row(label, [at.get((row, column)) for column in range(len(found.columns))])
        for row, label in enumerate(found.rows)
    ]
