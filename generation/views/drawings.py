"""Pages of one drawing: ask for it, watch it, look at it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from generation import previews
from generation.aims import Aim
from generation.doses import default_dose, presets
from generation.forms import DrawForm, remark_on_size, values_in
from generation.looks import find_look
from generation.mixing import as_lines
from generation.models import Generation, Sheet
from generation.models.generations import PARAMETERS
from generation.prompts import queue_generation
from generation.sheets import following_seeds, queue_doses_by_seeds
from generation.views.entrance import open_if_shared
from generation.views.results import result_of
from registry import blobs, covers, serving
from registry.digests import digest_bytes
from registry.models import Aesthetic

LOOKS_SHOWN = 12  # to choose from, where none is chosen


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draw(request: PersonRequest) -> HttpResponse:
    """Ask for a drawing."""
    earlier = _earlier(request)
    initial = _initial(request, earlier)
    form = DrawForm(request.POST or None, initial=initial, person=request.user)
    if form.is_valid():
        try:
            return redirect(_queued(request.user, **form.parameters()))
        except ValidationError as error:
            add_errors(form, error)
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
    aesthetic = _chosen(request, form["aesthetic"].value() or "")
    context: dict[str, Any] = {"form": form, "aesthetic": aesthetic, "presets": presets()}
    if earlier is not None:
        size = (earlier.width, earlier.height)
        context["size_remark"] = remark_on_size(*size, said="the earlier drawing has")
    if aesthetic is None:
        context["looks"] = covers.attach_covers(form.looks[:LOOKS_SHOWN])
    return render(request, "generation/draw.html", context)


@never_cache
@open_if_shared(Generation.objects)
@require_safe
def drawing(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One drawing: your own from asked for to drawn, or one that somebody shares."""
    return render(request, "generation/drawing.html", _context(request, find_visible(request, pk)))


@never_cache
@login_required
@require_safe
def status(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Your own as a fragment, which asks again until it is final."""
    return render(request, "generation/_drawing.html", _context(request, find_own(request, pk)))


@login_required
@require_POST
def cancel(request: PersonRequest, pk: UUID) -> HttpResponse:
    """End a drawing that waits or runs."""
    found = find_own(request, pk)
    if Generation.objects.cancel(found.pk):
        messages.success(request, "The drawing is cancelled.")
    elif found.has_succeeded:
        messages.info(request, "The drawing was done already.")
    return redirect(found)


@open_if_shared(Generation.objects)
@require_safe
def picture(request: HttpRequest, pk: UUID, which: str) -> HttpResponse:
    """The picture `plain` or `personalised` of a drawing."""
    found = find_visible(request, pk)
    if which == "preview" and found.owner_id == request.user.pk:
        return _preview(request, found)
    digest = {"plain": found.plain, "personalised": found.personalised}.get(which)
    if not digest:
        raise Http404
    content = serving.Representation(
        data=blobs.read_blob(digest),
        digest=digest,
        media_type="image/png",
        caching=_caching(request, found),
    )
    return serving.serve(request, content)


def _preview(request: HttpRequest, found: Generation) -> HttpResponse:
    """Show what a running drawing looks like so far."""
    data = previews.preview_of(found)
    if data is None:
        raise Http404
    content = serving.Representation(data, digest_bytes(data), "image/webp", serving.PERSONAL)
    return serving.serve(request, content)


def _caching(request: HttpRequest, found: Generation) -> str:
    """Return who may keep the picture: a shared one can be taken back, so it is asked for again.

    Nobody keeps it for its owner, who may log out.
    """
    is_shown = found.owner_id != request.user.pk and found.is_public
    return serving.REVALIDATE if is_shown else serving.PERSONAL


def find_visible(request: HttpRequest, pk: UUID) -> Generation:
    """Return a drawing the visitor may see; 404 for all others, whether they exist or not."""
    visible = Generation.objects.visible_to(request.user).with_look(request.user).with_ingredients()
    return get_object_or_404(visible, pk=pk)


def find_own(request: PersonRequest, pk: UUID) -> Generation:
    """Return a drawing of the visitor; 404 for what they may not see, 403 for others' things."""
    found = find_visible(request, pk)
    if found.owner_id != request.user.pk:
        raise PermissionDenied
    return found


def _context(request: HttpRequest, found: Generation) -> dict[str, Any]:
    is_owner = found.owner_id == request.user.pk
    context: dict[str, Any] = {"drawing": found, "is_owner": is_owner, "result": None}
    if found.sheet_id is not None:
        sheets = Sheet.objects.visible_to(request.user)
        context["sheet"] = sheets.filter(pk=found.sheet_id).first()
    if found.has_succeeded:
        return context | {"result": result_of(found)}
    has_preview = is_owner and not found.is_final and previews.preview_of(found) is not None
    preview = reverse("generation:picture", args=[found.pk, "preview"]) if has_preview else ""
    # Another address for each, or a browser shows the first one on.
    return context | {"preview_url": preview and f"{preview}?step={found.done}"}


def _queued(owner: User, *, pictures: int | None, **parameters: Any) -> Generation | Sheet:
    """Queue one drawing, or a sheet with a row of them where more are asked for."""
    if pictures is None or pictures == 1:
        return queue_generation(owner, **parameters)
    steps = parameters.pop("steps", None)
    if steps is None:
        steps = default_dose().steps
    seeds = following_seeds(parameters.pop("seed", None), pictures)
    return queue_doses_by_seeds(owner, steps=[steps], seeds=seeds, **parameters)


def _earlier(request: PersonRequest) -> Generation | None:
    """Return the drawing whose settings the form starts with, if the address names one."""
    visible = Generation.objects.visible_to(request.user).with_look(request.user)
    try:
        return visible.filter(pk=UUID(request.GET.get("from", ""))).first()
    except ValueError:
        return None


def _initial(request: PersonRequest, earlier: Generation | None) -> dict[str, Any]:
    """Return what the form starts with: an earlier drawing's settings, or those in the address."""
    if earlier is None:
        return {"aesthetic": "", **values_in(request.GET)}
    return {
        "aesthetic": str(earlier.version),
        "others": as_lines(Aim.of(earlier).others),
        **{name: getattr(earlier, name) for name in PARAMETERS},
    }


def _chosen(request: PersonRequest, ref: str) -> Aesthetic | None:
    version = find_look(ref, person=request.user)
    if version is None:
        return None
    aesthetic = version.aesthetic
    chosen = covers.covers_of([version.pk])[version.pk]
    aesthetic.covers = [covers.thumbnail_url(aesthetic, digest) for digest in chosen]
    return aesthetic


def add_errors(form: BaseForm, error: ValidationError) -> None:
    """Put each error of the row beside its field, or on top where the form lacks the field."""
    for name, errors in error.update_error_dict({}).items():
        field = {"version": "aesthetic"}.get(name, name)
        form.add_error(field if field in form.fields else None, errors)
