"""Pages for the owner of an aesthetic: its card, its set, its builds, publishing."""

from copy import copy
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from registry import aliases, covers, editing, lineage, origins, publishing, queueing
from registry.forms import (
    AestheticForm,
    AliasForm,
    ImportFileForm,
    YankForm,
)
from registry.models import Aesthetic, DroppedPictures, Member, Side, Version
from registry.views.browse import find_aesthetic, show, show_newest

REFUSED = "refused"  # where a plain upload leaves its refusals for the next page
NOT_PUBLISHED = "not-published"  # where a refused publishing leaves its form's answers
BUILDS_SHOWN = 10  # on a page; what each draft asks its publisher to accept takes two queries


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PersonRequest) -> HttpResponse:
    """Name a new aesthetic."""
    form = AestheticForm(request.POST or None, instance=Aesthetic(owner=request.user))
    if form.is_valid() and (aesthetic := form.add()):
        return redirect("registry:images", aesthetic.owner.username, aesthetic.slug)
    return render(request, "registry/create.html", {"form": form})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """Change the card."""
    aesthetic = find_own(request, owner, slug)
    # A copy, since the form writes what was typed into it, and the page names the stored look.
    form = AestheticForm(request.POST or None, instance=copy(aesthetic))
    if form.is_valid():
        try:
            editing.change_card(aesthetic, form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
        else:
            messages.success(request, "Saved.")
            return redirect(aesthetic)
    return render(request, "registry/edit.html", {"form": form, "aesthetic": aesthetic})


@login_required
@require_POST
def delete(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """Hide the aesthetic for good."""
    aesthetic = find_own(request, owner, slug)
    publishing.delete(aesthetic)
    messages.success(request, f"{aesthetic.title} is deleted.")
    return redirect("registry:owner", aesthetic.owner.username)


@never_cache
@login_required
@require_safe
def images(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """The workspace: pictures in, builds, a published version out."""
    aesthetic = find_own(request, owner, slug)
    context = {
        **workspace(aesthetic, builds_page=request.GET.get("page")),
        "refused": request.session.pop(REFUSED, []),
        "not_published": request.session.pop(NOT_PUBLISHED, {}),
        "dropped": DroppedPictures.objects.count_of(aesthetic),
    }
    return render(request, "registry/images.html", context)


@login_required
@require_POST
def build(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """Queue the measuring of the set."""
    aesthetic = find_own(request, owner, slug)
    try:
        queued = queueing.queue_build(aesthetic)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        if not queued.is_new:
            messages.info(request, _why_it_stands(queued.version))
    return redirect("registry:images", owner, slug)


def _why_it_stands(build: Version) -> str:
    if build.yanked_at is None:
        return "Nothing has changed since that build, so it stands."
    return (
        f"Nothing has changed since version {build.number}, which was withdrawn; a new version "
        "needs other pictures."
    )


@never_cache
@login_required
@require_safe
def build_status(request: PersonRequest, owner: str, slug: str, pk: UUID) -> HttpResponse:
    """One build, as a fragment that asks again until it is final."""
    aesthetic = find_own(request, owner, slug)
    found = with_cautions(get_object_or_404(aesthetic.versions, pk=pk))
    return render(request, "registry/_build.html", {"aesthetic": aesthetic, "build": found})


@login_required
@require_POST
def cancel_build(request: PersonRequest, owner: str, slug: str, pk: UUID) -> HttpResponse:
    """End a build that waits or runs."""
    aesthetic = find_own(request, owner, slug)
    found = get_object_or_404(aesthetic.versions, pk=pk)
    if Version.objects.cancel(found.pk):
        messages.success(request, "The build is cancelled; what was measured is kept.")
    elif found.has_succeeded:
        messages.info(request, "The build was done already; it stands.")
    return redirect("registry:images", owner, slug)


@login_required
@require_POST
def publish(request: PersonRequest, owner: str, slug: str, pk: UUID) -> HttpResponse:
    """Give a build its number and seal it."""
    aesthetic = find_own(request, owner, slug)
    found = get_object_or_404(aesthetic.versions, pk=pk)
    try:
        version = publishing.publish(found, accepts=request.POST.keys())
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        request.session[NOT_PUBLISHED] = {"build": str(pk), "accepts": list(request.POST)}
        return redirect("registry:images", owner, slug)
    messages.success(request, f"Version {version.number} is published.")
    return redirect(version)


@login_required
@require_POST
def withdraw(request: PersonRequest, owner: str, slug: str, ref: str) -> HttpResponse:
    """Yank a published version, with a reason."""
    aesthetic = find_own(request, owner, slug)
    version = aesthetic.versions.named(ref).first()
    if version is None:
        raise Http404
    form = YankForm(request.POST, person=request.user)
    name = f"{aesthetic.ref}@{version.name}"
    if not form.is_valid():
        return show(request, aesthetic, version, name=name, yank_form=form)
    try:
        publishing.yank(version, **form.cleaned_data)
    except Refusal as refusal:
        if refusal.code == "unfit-successor":
            form.add_error("superseded_by", refusal.detail)
            return show(request, aesthetic, version, name=name, yank_form=form)
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"Version {version.number} is withdrawn.")
    return redirect(version)


@login_required
@require_POST
def move_alias(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """Let an alias stand for a version."""
    aesthetic = find_own(request, owner, slug)
    form = AliasForm(request.POST, aesthetic=aesthetic)
    if not form.is_valid():
        return show_newest(request, aesthetic, alias_form=form)
    name, version = form.cleaned_data["name"], form.cleaned_data["version"]
    try:
        aliases.move_alias(aesthetic, name, to=version, by=request.user)
    except Refusal as refusal:
        form.add_error(None, refusal.detail)
        return show_newest(request, aesthetic, alias_form=form)
    messages.success(request, f"{aesthetic.ref}@{name} is {version.name} now.")
    return redirect(aesthetic)


def find_own(request: PersonRequest, owner: str, slug: str) -> Aesthetic:
    """Return an aesthetic of the visitor; 404 for what they may not see, 403 for others' things."""
    aesthetic = find_aesthetic(request, owner, slug)
    if aesthetic.owner_id != request.user.pk:
        raise PermissionDenied
    return aesthetic


def workspace(aesthetic: Aesthetic, *, builds_page: str | None) -> dict[str, Any]:
    """Return what the page of a set shows: all its pictures, and a page of its builds."""
    members = list(aesthetic.members.select_related("image").order_by("-side", "added_at", "pk"))
    try:
        queueing.check_size(members)
        refusal = ""
    except queueing.BuildRefused as error:
        refusal = error.detail
    counts = {str(side): sum(member.side == side for member in members) for side in Side}
    reported = aesthetic.versions.select_related("quality_report", "space")
    # What this page does not show is not read.
    builds = reported.defer("vector", "recipe", "manifest", "quality_report__details")
    builds = builds.prefetch_related("imported_files")
    shown = Paginator(builds, BUILDS_SHOWN).get_page(builds_page)
    shown.object_list = [with_cautions(found) for found in shown.object_list]
    return {
        "aesthetic": aesthetic,
        "members": [_shown(aesthetic, member) for member in members],
        "counts": counts,
        "builds": shown,
        "unstated": origins.unstated(aesthetic).count(),
        "few": any(0 < count < publishing.ENOUGH_IMAGES for count in counts.values()),
        "build_refusal": refusal,
        "import_form": ImportFileForm(),
    }


def with_cautions(build: Version) -> Version:
    """Give a build what its publisher must agree to, and what it was blended of."""
    is_publishable = build.has_succeeded and not build.is_published
    build.cautions = publishing.cautions(build) if is_publishable else []
    build.made_of = lineage.tree(build, person=build.aesthetic.owner, steps=1)
    return build


def _shown(aesthetic: Aesthetic, member: Member) -> dict[str, Any]:
    return {
        "digest": member.image.digest,
        "filename": PurePosixPath(member.filename).name,  # not the folders of its zip
        "side": member.side,
        "other_side": Side.AWAY if member.side == Side.TOWARDS else Side.TOWARDS,
        "is_stated": origins.is_stated(member),
        "thumbnail_url": covers.thumbnail_url(aesthetic, member.image.digest),
    }
