"""Pages for everybody: browse, one person, one aesthetic, one version, a thumbnail."""

import difflib
import itertools
from http import HTTPStatus
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.models import User
from registry import blobs, cards, covers, digests, formats, lineage, search, serving, verifying
from registry.forms import AliasForm, YankForm
from registry.models import Aesthetic, QualityReport, Side, Version, VersionFile
from registry.models.aliases import MOVES_SHOWN
from registry.sufficiency import LITTLE, STEP

PAGE_SIZE = 24
TAGS_SHOWN = 16
TAGS_COMPARED = 500  # with a word that found nothing
NEIGHBOURS_SHOWN = 6
VERSIONS_SHOWN = 20  # on a page of them, beside the look
ALIASES_SHOWN = 20
TARGETS_LISTED = 100  # versions that an alias can be moved to, in the form
IMPORTED_SHOWN = 5  # files with the same vector


def browse(request: HttpRequest) -> HttpResponse:
    """The front page: what is published, by words, tag and order."""
    wanted = request.GET
    query = wanted.get("q", "").strip()
    sort = wanted.get("sort", search.RELEVANCE if query else "newest")
    criteria = search.Criteria(
        query=query,
        tag=wanted.get("tag", "").strip(),
        sort=sort if sort in search.SORTS else search.RELEVANCE,
    )
    found = search.browse(criteria, person=request.user)
    page = Paginator(found, PAGE_SIZE).get_page(wanted.get("page"))
    page.object_list = covers.attach_covers(page.object_list)
    context = {
        "page": page,
        "total": page.paginator.count,
        "query": criteria.query,
        "tag": criteria.tag,
        "sort": criteria.sort,
        "tags": search.tag_counts(_without_tag(criteria), most=TAGS_SHOWN),
    }
    if criteria.query and not context["total"]:
        context["suggestions"] = _suggestions(criteria.query)
    return render(request, "registry/browse.html", context)


def _without_tag(criteria: search.Criteria) -> QuerySet[Aesthetic]:
    """Return what each tag would be chosen of."""
    looks = search.offered()
    return search.by_words(looks, criteria.query) if criteria.query else looks


def _suggestions(query: str) -> list[str]:
    """Return tags that are written almost like a word of a search that found nothing."""
    tags = [name for name, _ in search.tag_counts(search.offered(), most=TAGS_COMPARED)]
    likely = [difflib.get_close_matches(word, tags, n=2) for word in query.lower().split()[:4]]
    return list(dict.fromkeys(itertools.chain(*likely)))


def owner(request: HttpRequest, owner: str) -> HttpResponse:
    """One person's aesthetics; their own drafts only to themselves."""
    person = get_object_or_404(User.objects.filter(is_active=True), username=owner)
    found = search.browse(search.Criteria(owner=owner), person=request.user)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = covers.attach_covers(page.object_list)
    is_self = person == request.user
    context = {"person": person, "page": page, "is_self": is_self}
    response = render(request, "registry/owner.html", context)
    if is_self:
        response["Cache-Control"] = serving.PERSONAL
    return response


def aesthetic(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """One aesthetic at its newest version; a draft of your own without one.

    Where all versions were withdrawn, the last one says so; where all were taken down, its
    tombstone.
    """
    return show_newest(request, find_aesthetic(request, owner, slug))


def show_newest(
    request: HttpRequest, found: Aesthetic, *, alias_form: AliasForm | None = None
) -> HttpResponse:
    """Show an aesthetic under its own name; `alias_form` is what its owner said wrong."""
    newest = found.versions.named("latest").defer("manifest").first()
    gone = found.versions.published().order_by(F("taken_down_at").asc(nulls_first=True), "-number")
    chosen = newest or gone.defer("manifest").first()
    return show(request, found, chosen, name=found.ref, alias_form=alias_form)


def version(request: HttpRequest, owner: str, slug: str, ref: str) -> HttpResponse:
    """One aesthetic at one version."""
    found = find_aesthetic(request, owner, slug)
    chosen = found.versions.named(ref).defer("manifest").first()
    if chosen is None:
        raise Http404
    return show(request, found, chosen, name=f"{found.ref}@{chosen.name}")


def tombstone(request: HttpRequest, version: Version) -> HttpResponse:
    """What is left of a version that was taken down: its names, and why. HTTP 451, RFC 7725."""
    status = HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS
    return render(request, "registry/tombstone.html", {"version": version}, status=status)


def thumbnail(request: HttpRequest, owner: str, slug: str, name: str) -> HttpResponse:
    """A small version of one picture: of a public cover, or of a set of your own."""
    found = find_aesthetic(request, owner, slug)
    digest = f"sha256:{name}"
    if not digests.is_digest(digest) or not covers.may_see_thumbnail(request.user, found, digest):
        raise Http404
    is_public = found.is_public and covers.is_cover(found, digest)
    data = blobs.read_file(blobs.thumbnail_path(digest))
    content = serving.Representation(
        data=data,
        digest=digests.digest_bytes(data),
        media_type="image/webp",
        # A cover can be taken down, and whoever sees the rest of a set may log out.
        caching=serving.REVALIDATE if is_public else serving.PERSONAL,
    )
    return serving.serve(request, content)


def find_aesthetic(request: HttpRequest, owner: str, slug: str) -> Aesthetic:
    """Return an aesthetic the visitor may see; 404 for all others, whether they exist or not."""
    return get_object_or_404(Aesthetic.objects.visible_to(request.user).named(owner, slug))


def show(
    request: HttpRequest,
    found: Aesthetic,
    chosen: Version | None,
    *,
    name: str,
    yank_form: YankForm | None = None,
    alias_form: AliasForm | None = None,
) -> HttpResponse:
    """Show a version under the name that its page goes by: of whatever is newest, or of itself.

    The forms are what its owner said wrong when they withdrew it or moved an alias.
    """
    if chosen is not None and chosen.taken_down_at is not None:
        chosen.aesthetic = found
        return serving.keep_to_owner(request, tombstone(request, chosen), found)
    found.card_html = cards.to_html(found.card)
    shown: Aesthetic | Version = found if chosen is None or name == found.ref else chosen
    cover = covers.covers_of([chosen.pk])[chosen.pk] if chosen else covers.draft_cover(found)
    context = {
        "aesthetic": found,
        "is_owner": found.owner_id == request.user.pk,
        "covers": [covers.thumbnail_url(found, digest) for digest in cover],
        "credits": covers.credits_of(found, cover),
        "version": chosen,
        "name": name,
        # Where a form was refused, the page stands at an address that answers no visit.
        "address": shown.get_absolute_url(),
        "yank_form": yank_form or YankForm(person=found.owner),
        "alias_form": alias_form or AliasForm(aesthetic=found),
        "versions": _versions(request, found),
        **_aliases(request, found),
        "imported_files": chosen.imported_files.all()[:IMPORTED_SHOWN] if chosen else [],
        "files": _files(found, chosen) if chosen else [],
        "neighbours": _neighbours(request, chosen) if chosen else [],
        "enough": _enough(chosen) if chosen else None,
        "family": lineage.family_of(chosen, person=request.user) if chosen else None,
        "away_count": chosen.members.filter(side=Side.AWAY).count() if chosen else 0,
        "reproduction": verifying.reproduction_of(chosen, person=request.user) if chosen else None,
    }
    response = render(request, "registry/aesthetic.html", context)
    return serving.keep_to_owner(request, response, found)


def _versions(request: HttpRequest, found: Aesthetic) -> Page[Version]:
    """Return a page of the published versions, newest first, with what a list shows of them."""
    published = found.versions.published().order_by("-number")
    return Paginator(published.light(), VERSIONS_SHOWN).get_page(request.GET.get("page"))


def _aliases(request: HttpRequest, found: Aesthetic) -> dict[str, Any]:
    """Return the first aliases by name, and for the owner the versions that one is moved to."""
    targets: QuerySet[Version] = found.versions.none()
    if found.owner_id == request.user.pk:
        targets = found.versions.offered().order_by("-number").only("number")
    return {
        "aliases": list(found.aliases.with_history()[:ALIASES_SHOWN]),
        "most_aliases": ALIASES_SHOWN,
        "most_moves": MOVES_SHOWN,
        "targets": list(targets[:TARGETS_LISTED]),
        "most_targets": TARGETS_LISTED,
    }


def _enough(chosen: Version) -> dict[str, Any] | None:
    """Return what more pictures would change, where the set doctor has looked at the set."""
    summary = QualityReport.objects.filter(pk=chosen.pk).values_list("summary", flat=True).first()
    if summary is None:
        return None
    changes = {each["more"]: each["change"] for each in summary["sufficiency"]}
    is_little = changes[STEP] < LITTLE
    return {"more": STEP, "percent": 100 * changes[STEP], "is_little": is_little}


def _files(found: Aesthetic, chosen: Version) -> list[VersionFile]:
    """Return the files, the format that most programs should take first."""
    chosen.aesthetic = found
    order = list(formats.MEDIA_TYPES.values())
    files = sorted(chosen.files.all(), key=lambda file: order.index(file.media_type))
    for file in files:
        file.version = chosen
    return files


def _neighbours(request: HttpRequest, chosen: Version) -> list[tuple[Aesthetic, float]]:
    nearest = search.neighbours(chosen, person=request.user, most=NEIGHBOURS_SHOWN)
    covers.attach_covers([neighbour.version.aesthetic for neighbour in nearest])
    return [(neighbour.version.aesthetic, neighbour.cosine) for neighbour in nearest]
