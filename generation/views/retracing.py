"""The page that tells how a picture was made, from the picture's file alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from generation.doses import default_dose
from generation.forms import DrawForm, PictureForm, remark_on_size
from generation.mixing import as_lines
from generation.models import Generation
from generation.retracing import IN_WORDS, SAMPLERS, Retraced, retrace
from registry import covers
from registry.decoding import PictureRefused
from registry.models import Aesthetic
from registry.pictures import MOST_BYTES

# Characters; gunicorn reads 4,094 of a request's first line. Quoted once more it is in the address
# of the page that signs somebody in.
LONGEST_LINK = 4_000
LONG_ONES = ("prompt", "negative_prompt", "others", "aesthetic_text")
SIDES = ("width", "height")
SAMPLER_WORDS = dict(Generation.Sampler.choices)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of a picture: what is known, a link to the form, what is left out."""

    retraced: Retraced
    look: Aesthetic | None
    link: str
    left_out: list[str]  # in sentences

    @property
    def sampler(self) -> str:
        """Return what the file calls its sampler, in words where it is one of the hub's."""
        text = self.retraced.facts.values.get("sampler", "")
        return SAMPLER_WORDS.get(SAMPLERS.get(text, text), text)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def read(request: HttpRequest) -> HttpResponse:
    """Say how a picture was made."""
    form = PictureForm(request.POST or None, request.FILES or None)
    shown = None
    if form.is_valid():
        try:
            shown = show(retrace(form.cleaned_data["file"], person=request.user))
        except PictureRefused as refused:
            form.add_error("file", refused.detail)
    context = {"form": form, "shown": shown, "most_bytes": MOST_BYTES}
    return render(request, "generation/read.html", context)


def show(retraced: Retraced) -> Shown:
    """Return what the page shows; the form of a drawing has not all that a drawing can have."""
    fields = {
        name: "" if value is None else value
        for name, value in retraced.usable.items()
        if name in DrawForm.base_fields and not _is_off_by_itself(name, value)
    }
    mixture: Any = fields.get("others", [])
    if mixture:
        fields["others"] = as_lines((each["aesthetic"], each["weight"]) for each in mixture)
    link, too_long = link_to_form(fields)
    left_out = [*retraced.remarks, *_remarks_on_size(retraced), *too_long]
    return Shown(retraced, _look(retraced), link, left_out)


def _is_off_by_itself(name: str, value: object) -> bool:
    """Say whether it is a guard that is off, as it is in the form that nothing is filled in."""
    return value is None and getattr(default_dose(), name) is None


def link_to_form(fields: Mapping[str, object]) -> tuple[str, list[str]]:
    """Return the address of the form filled in, and a sentence on each text too long for it."""
    kept = dict(fields)
    sentences = []
    for name in sorted(LONG_ONES, key=lambda name: -len(str(fields.get(name, "")))):
        if name not in kept or len(quote(_address(kept))) <= LONGEST_LINK:
            continue
        del kept[name]
        sentences.append(f"The {IN_WORDS[name]} is too long for a link; copy it from here.")
    return _address(kept), sentences


def _address(fields: Mapping[str, object]) -> str:
    return f"{reverse('generation:draw')}?{urlencode(fields)}"


def _remarks_on_size(retraced: Retraced) -> list[str]:
    width, height = (retraced.usable.get(side, getattr(default_dose(), side)) for side in SIDES)
    remark = remark_on_size(width, height, said="the file says")
    return [remark] if remark else []


def _look(retraced: Retraced) -> Aesthetic | None:
    if retraced.version is None:
        return None
    aesthetic = retraced.version.aesthetic
    chosen = covers.covers_of([retraced.version.pk])[retraced.version.pk]
    aesthetic.covers = [covers.thumbnail_url(aesthetic, digest) for digest in chosen]
    return aesthetic
