"""Find the look that somebody names, on pages."""

from typing import Any

from generation.prompts import find_version
from registry import search
from registry.models import Version

LOOKS_SUGGESTED = 100  # in the list that a browser offers while somebody types


def find_look(ref: str, *, person: Any) -> Version | None:
    """Return the version that somebody names by its ref, or by a title that one look alone has."""
    ref = ref.strip()
    if "\0" not in ref and "/" not in ref:
        titled = search.browse(search.Criteria(), person=person).filter(title__iexact=ref)[:2]
        if len(titled) == 1:
            ref = titled[0].ref
    return find_version(ref, person=person)
