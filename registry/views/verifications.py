"""A version measured again, on its page: ask for it, watch it, cancel it, read what came out."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from registry import verifying
from registry.models import Aesthetic, Verification, Version
from registry.views.browse import find_aesthetic
from registry.views.workspace import find_own


@never_cache
@require_safe
def reproduced(request: HttpRequest, owner: str, slug: str, ref: str) -> HttpResponse:
    """What came out, as a fragment that asks again while a job of the owner is open."""
    aesthetic = find_aesthetic(request, owner, slug)
    version = _find_version(aesthetic, ref)
    context = {
        "aesthetic": aesthetic,
        "version": version,
        "is_owner": aesthetic.owner_id == request.user.pk,
        "reproduction": verifying.reproduction_of(version, person=request.user),
    }
    return render(request, "registry/_reproduced.html", context)


@login_required
@require_POST
def verify(request: PersonRequest, owner: str, slug: str, ref: str) -> HttpResponse:
    """Measure a version of one's own again."""
    version = _find_version(find_own(request, owner, slug), ref)
    try:
        verification = verifying.queue_verification(version)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return redirect(version)
    return redirect(verification)


@login_required
@require_POST
def cancel(request: PersonRequest, owner: str, slug: str, ref: str, pk: UUID) -> HttpResponse:
    """End a verification that waits or runs."""
    version = _find_version(find_own(request, owner, slug), ref)
    found = get_object_or_404(version.verifications, pk=pk)
    if Verification.objects.cancel(found.pk):
        messages.success(request, "The measuring is cancelled.")
    elif found.has_succeeded:
        messages.info(request, "The measuring was done already; what came out stands.")
    return redirect(version)


def _find_version(aesthetic: Aesthetic, ref: str) -> Version:
    version = aesthetic.versions.standing().named(ref).first()
    if version is None:
        raise Http404
    version.aesthetic = aesthetic
    return version
