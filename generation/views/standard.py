"""Standard sheets on pages: that of one look, and those of several beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from generation.looks import LOOKS_SUGGESTED, find_look
from generation.models import StandardSheet
from generation.prompts import find_version
from generation.standard_reasons import why_never
from registry import blobs, search, serving
from registry.digests import canonical_json
from registry.models import Version

MOST_COMPARED = 4


@dataclass(frozen=True, slots=True)
class Compared:
    """One look of a comparison; its sheet is None until a worker has drawn it.

    `why_never` says why none will, or nothing where one will; `failed` is the last that could not
    be drawn, where there is no other.
    """

    version: Version
    sheet: StandardSheet | None
    why_never: str
    failed: StandardSheet | None = None

    @property
    def picture_url(self) -> str:
        aesthetic = self.version.aesthetic
        names = [aesthetic.owner.username, aesthetic.slug, self.version.name]
        return reverse("generation:standard_picture", args=names)


@never_cache
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """The standard sheets of some looks, from the same prompts and seeds."""
    refs = [ref.strip() for ref in request.GET.getlist("look") if ref.strip()]
    refs = list(dict.fromkeys(refs))
    found = {ref: find_look(ref, person=request.user) for ref in refs[:MOST_COMPARED]}
    # A look may be named in two ways, by its title and by its ref.
    versions = {version.pk: version for version in found.values() if version}
    shown = [compared(request, version) for version in versions.values()]
    context = {
        "compared": shown,
        "differences": differences([each.sheet for each in shown if each.sheet]),
        "missing": [ref for ref, version in found.items() if version is None],
        "left_out": refs[MOST_COMPARED:],
        "may_add": len(shown) < MOST_COMPARED,
        "most": MOST_COMPARED,
        "looks": search.browse(search.Criteria(), person=request.user)[:LOOKS_SUGGESTED],
    }
    return render(request, "generation/compare.html", context)


def differences(sheets: Sequence[StandardSheet]) -> list[str]:
    """Say in what sheets differ beside their looks; nothing where they can be compared."""
    words = [[sheet.recipe.get(name) for name in ("prompts", "seeds")] for sheet in sheets]
    doses = [{**sheet.recipe, "prompts": None, "seeds": None} for sheet in sheets]
    counted = {
        "by {} different checkpoints": _distinct([sheet.checkpoint for sheet in sheets]),
        "at {} different doses": _distinct(doses),
        "from {} different sets of words and seeds": _distinct(words),
    }
    return [phrase.format(count) for phrase, count in counted.items() if count > 1]


def _distinct(values: Sequence[object]) -> int:
    return len({canonical_json(value) for value in values})


@never_cache
@require_safe
def of_look(request: HttpRequest, owner: str, slug: str, ref: str) -> HttpResponse:
    """That of one version, as the fragment that its page asks for."""
    version = _find(request, owner, slug, ref)
    return render(request, "generation/_standard.html", {"each": compared(request, version)})


@require_safe
def picture(request: HttpRequest, owner: str, slug: str, ref: str) -> HttpResponse:
    """The sheet as one WebP; a newer checkpoint draws a newer one."""
    found = compared(request, _find(request, owner, slug, ref))
    if found.sheet is None:
        raise Http404
    digest = found.sheet.picture
    caching = serving.caching_of(found.version, usual=serving.REVALIDATE)
    content = serving.Representation(blobs.read_blob(digest), digest, "image/webp", caching)
    return serving.serve(request, content)


def compared(request: HttpRequest, version: Version) -> Compared:
    """Return a version with its newest sheet."""
    sheets = StandardSheet.objects.filter(version=version)
    found = sheets.visible_to(request.user).newest_first().first()
    if found is not None:
        return Compared(version, found, "")
    return Compared(version, None, why_never(version), sheets.last_failed())


def _find(request: HttpRequest, owner: str, slug: str, ref: str) -> Version:
    version = find_version(f"{owner}/{slug}@{ref}", person=request.user)
    if version is None:
        raise Http404
    return version
