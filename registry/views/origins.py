"""Pages that say where the pictures of a set are from, and on which side of it they are."""

from pathlib import PurePosixPath

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import PersonRequest
from registry import covers
from registry import origins as stated
from registry.forms import OriginForm, SetOriginForm, SideForm
from registry.licences import Licence
from registry.models import Aesthetic, Member
from registry.views.workspace import find_own

PAGE_SIZE = 50


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def origins(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """Where each picture is from; POST says it of all, or of those of which nobody did."""
    aesthetic = find_own(request, owner, slug)
    form = SetOriginForm(request.POST or None)
    if form.is_valid():
        count = _say(aesthetic, form)
        if count or not form.cleaned_data["unstated_only"]:
            messages.success(request, f"Said of {count} picture{'' if count == 1 else 's'}.")
            return redirect("registry:origins", owner, slug)
        form.add_error(
            "unstated_only",
            "No picture lacks it, so nothing has changed; untick this to change it.",
        )
    members = aesthetic.members.select_related("image").order_by("-side", "added_at", "pk")
    page = Paginator(members, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "aesthetic": aesthetic,
        "form": form,
        "page": page,
        "pictures": [_shown(aesthetic, member) for member in page],
        "unstated": stated.unstated(aesthetic).count(),
        "licences": Licence.values,
    }
    return render(request, "registry/origins.html", context)


def _say(aesthetic: Aesthetic, form: SetOriginForm) -> int:
    """Say of the pictures what the form does; return of how many."""
    if form.cleaned_data["unstated_only"]:
        return stated.state_missing(aesthetic, **form.said)
    return stated.state_for_all(aesthetic.members.all(), **form.said)


@login_required
@require_POST
def state_one(request: PersonRequest, owner: str, slug: str, digest: str) -> HttpResponse:
    """Say where one picture is from, on whichever sides it is."""
    aesthetic = find_own(request, owner, slug)
    members = aesthetic.members.filter(image__digest=digest)
    if not members:
        raise Http404
    form = OriginForm(request.POST)
    if form.is_valid():
        stated.state_for_all(members, **form.cleaned_data)
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Source, licence or credit is too long.")
    place = {"page": request.GET.get("page") or 1}
    page = reverse("registry:origins", args=[owner, slug], query=place)
    return redirect(f"{page}#{digest}-{members[0].side}")


@login_required
@require_POST
def move(request: PersonRequest, owner: str, slug: str, digest: str) -> HttpResponse:
    """Put a picture on the other side of the set."""
    aesthetic = find_own(request, owner, slug)
    form = SideForm(request.POST)
    if not form.is_valid():
        raise Http404
    get_object_or_404(aesthetic.members.filter(image__digest=digest)[:1])
    stated.move(aesthetic, digest, to=form.cleaned_data["side"])
    return redirect("registry:images", owner, slug)


def _shown(aesthetic: Aesthetic, member: Member) -> dict[str, object]:
    origin = {name: getattr(member, name) for name in stated.ORIGIN}
    return {
        "digest": member.image.digest,
        "filename": PurePosixPath(member.filename).name,
        "side": member.side,
        "thumbnail_url": covers.thumbnail_url(aesthetic, member.image.digest),
        "is_stated": stated.is_stated(member),
        "form": OriginForm(initial=origin, auto_id=f"id_%s_{member.pk}"),
    }
