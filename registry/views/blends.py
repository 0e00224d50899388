"""The page that blends looks: choose, see what comes out, save it as a draft version."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from registry import blending, covers
from registry.blend_forms import BlendForm, NewLookForm, TargetForm
from registry.models import Aesthetic

EXAMPLE = {"operation": "weighted-mean"}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def blend(request: PersonRequest) -> HttpResponse:
    """Show what the looks in the address make (`?looks=…&operation=…`); POST saves it."""
    asked = request.POST if request.method == "POST" else request.GET
    is_asked = "operation" in asked
    first = {**EXAMPLE, "looks": asked.get("looks", "")}
    form = BlendForm(asked if is_asked else None, initial=first, person=request.user)
    context: dict[str, Any] = {
        "form": form,
        "target": TargetForm(request.POST or None, person=request.user),
        "new_look": NewLookForm(instance=Aesthetic(owner=request.user)),
    }
    candidate = _examined(form) if form.is_bound and form.is_valid() else None
    if candidate is not None:
        if request.method == "POST" and (made := _saved(request, candidate, context)):
            return _told(request, made)
        near = blending.nearest(candidate, person=request.user)
        covers.attach_covers([neighbour.version.aesthetic for neighbour in near])
        context |= {"candidate": candidate, "nearest": near}
    return render(request, "registry/blend.html", context)


def _examined(form: BlendForm) -> blending.Candidate | None:
    try:
        return blending.examine(form.order)
    except Refusal as refusal:
        form.add_error(None, refusal.detail)
        return None


def _saved(
    request: PersonRequest, candidate: blending.Candidate, context: dict[str, Any]
) -> blending.Blended | None:
    """Make the version; None, with what is wrong in the forms, where it is refused."""
    target: TargetForm = context["target"]
    if not target.is_valid():
        return None
    try:
        aesthetic = target.cleaned_data["aesthetic"] or _new_look(request, candidate, context)
        return blending.blend_into(aesthetic, candidate) if aesthetic else None
    except Refusal as refusal:
        target.add_error("aesthetic", refusal.detail)
        return None


def _new_look(
    request: PersonRequest, candidate: blending.Candidate, context: dict[str, Any]
) -> Aesthetic | None:
    inherited = candidate.rights
    made = Aesthetic(owner=request.user, licence=inherited.licence, rating=inherited.rating)
    form = context["new_look"] = NewLookForm(request.POST, instance=made)
    if not form.is_valid():
        return None
    blending.refuse_unfit_new(
        candidate, person=request.user, licence=made.licence, rating=made.rating
    )
    return form.add()


def _told(request: PersonRequest, made: blending.Blended) -> HttpResponse:
    if made.is_new:
        messages.success(request, "The blend is saved as a draft; look at it, and publish.")
    elif made.version.yanked_at is None:
        messages.info(request, "This blend was made before, so that version stands.")
    else:
        sentence = (
            f"This blend was made before, as version {made.version.number}, which was withdrawn; a "
            "new version needs other looks or weights."
        )
        messages.info(request, sentence)
    aesthetic = made.version.aesthetic
    return redirect("registry:images", aesthetic.owner.username, aesthetic.slug)
