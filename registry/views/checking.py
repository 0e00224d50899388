"""The set doctor's pages: what a build says of its pictures, and how two versions differ."""

from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from registry import comparing, covers, dropping, quality
from registry.models import Aesthetic, JobState, QualityReport, Version
from registry.sufficiency import STEP
from registry.views.browse import find_aesthetic
from registry.views.workspace import find_own


class Shown(NamedTuple):
    """A picture of a build, as the page shows it."""

    thumbnail_url: str
    filename: str
    side: str
    value: str  # of its box in a form
    is_in_set: bool  # still; who was taken out since cannot be dropped
    influence: float  # degrees
    to_others: float  # degrees
    is_outlier: bool
    group: int | None


@never_cache
@login_required
@require_safe
def check(request: PersonRequest, owner: str, slug: str, pk: UUID) -> HttpResponse:
    """What the set doctor found: outliers, copies, two styles, and each picture's influence."""
    aesthetic = find_own(request, owner, slug)
    ready = aesthetic.versions.filter(state=JobState.SUCCEEDED).select_related("space")
    build = get_object_or_404(ready, pk=pk)
    build.aesthetic = aesthetic
    try:
        report = quality.ensure_report(build)
    except quality.PictureLost as refusal:
        messages.error(request, refusal.detail)
        return redirect("registry:images", owner, slug)
    except quality.NoReport as refusal:
        raise Http404 from refusal
    pictures = _pictures(aesthetic, report)
    context = {
        "aesthetic": aesthetic,
        "build": build,
        "summary": report.summary,
        "step": STEP,
        "changes": [
            {"more": each["more"], "percent": 100 * each["change"]}
            for each in report.summary["sufficiency"]
        ],
        "outliers": [picture for picture in pictures if picture.is_outlier],
        "alike": _alike(report, pictures),
        "groups": _groups(pictures),
        "pictures": sorted(pictures, key=lambda picture: -picture.influence),
        "published": _compared_with(aesthetic, build),
    }
    return render(request, "registry/check.html", context)


@login_required
@require_POST
def drop(request: PersonRequest, owner: str, slug: str, pk: UUID) -> HttpResponse:
    """Take the chosen pictures out of the set and measure the rest anew."""
    aesthetic = find_own(request, owner, slug)
    build = get_object_or_404(aesthetic.versions, pk=pk)
    chosen = {_place(value) for value in request.POST.getlist("picture")}
    try:
        dropping.drop_and_build(aesthetic, chosen)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return redirect("registry:check", owner, slug, build.pk)
    return redirect("registry:images", owner, slug)


@login_required
@require_POST
def put_back(request: PersonRequest, owner: str, slug: str) -> HttpResponse:
    """Put what was dropped last into the set again."""
    aesthetic = find_own(request, owner, slug)
    pictures = dropping.dropped_last(aesthetic)
    if not pictures:
        messages.info(request, "There is nothing to put back.")
        return redirect("registry:images", owner, slug)
    try:
        count = dropping.put_back(aesthetic, pictures)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        said = "1 picture is" if count == 1 else f"{count} pictures are"
        messages.success(request, f"{said} back in the set; the build of before stands.")
    return redirect("registry:images", owner, slug)


@never_cache
@require_safe
def difference(request: HttpRequest, owner: str, slug: str, ref: str, other: str) -> HttpResponse:
    """How far two versions lie apart; for their owner, which pictures moved the vector."""
    aesthetic = find_aesthetic(request, owner, slug)
    before, after = (_find_measured(request, aesthetic, name) for name in (ref, other))
    is_owner = aesthetic.owner_id == request.user.pk
    context: dict[str, Any] = {
        "aesthetic": aesthetic,
        "before": before,
        "after": after,
        "is_owner": is_owner,
    }
    try:
        comparison = comparing.compare(before, after)
    except comparing.NotComparable as refusal:
        return render(request, "registry/difference.html", {**context, "refusal": refusal.detail})
    moves = comparing.moves(comparison) if is_owner else []
    names = _filenames(aesthetic)
    context["comparison"] = comparison
    context["unmeasured"] = [each for each in (before, after) if not each.image_count]
    context["moves"] = [
        {
            "filename": names.get((move.image, move.side), ""),
            "thumbnail_url": covers.thumbnail_url(aesthetic, move.image),
            "percent": 100 * move.share,
            **asdict(move),
        }
        for move in moves
    ]
    return render(request, "registry/difference.html", context)


def _find_measured(request: HttpRequest, aesthetic: Aesthetic, ref: str) -> Version:
    standing = aesthetic.versions.standing().measured(ref, request.user)
    found = standing.select_related("space").first()
    if found is None:
        raise Http404
    found.aesthetic = aesthetic
    return found


def _pictures(aesthetic: Aesthetic, report: QualityReport) -> list[Shown]:
    names = _filenames(aesthetic)
    return [
        Shown(
            thumbnail_url=covers.thumbnail_url(aesthetic, each["image"]),
            filename=names.get((each["image"], each["side"]), ""),
            side=each["side"],
            value=f"{each['side']} {each['image']}",
            is_in_set=(each["image"], each["side"]) in names,
            influence=each["influence"],
            to_others=each["to_others"],
            is_outlier=each["is_outlier"],
            group=each["group"],
        )
        for each in report.details["pictures"]
    ]


def _filenames(aesthetic: Aesthetic) -> dict[dropping.Place, str]:
    """Return the names of the pictures that are in the set now, without their zips' folders."""
    members = aesthetic.members.values_list("image__digest", "side", "filename")
    return {(digest, side): PurePosixPath(name).name for digest, side, name in members}


def _alike(report: QualityReport, pictures: list[Shown]) -> list[dict[str, Any]]:
    """Return the groups of pictures that show the same, the largest first; of two, how close."""
    pairs = {frozenset(pair["pictures"]): pair for pair in quality.closest_pairs(report)}
    groups = sorted(quality.groups_alike(report), key=len, reverse=True)
    return [
        {"pictures": [pictures[place] for place in group], "pair": pairs.get(frozenset(group))}
        for group in groups
    ]


def _groups(pictures: list[Shown]) -> list[list[Shown]]:
    groups = [[picture for picture in pictures if picture.group == group] for group in (1, 2)]
    return groups if all(groups) else []


def _place(value: str) -> dropping.Place:
    side, _, digest = value.partition(" ")
    return digest, side


def _compared_with(aesthetic: Aesthetic, build: Version) -> str:
    """Return where the build is compared with the newest published version; empty without one."""
    others = aesthetic.versions.offered().filter(space=build.space_id).exclude(pk=build.pk)
    newest = others.order_by("-number").first()
    if newest is None:
        return ""
    return reverse(
        "registry:difference",
        args=[aesthetic.owner.username, aesthetic.slug, newest.name, str(build.pk)],
    )
