"""Looks to mix in, as people type them: lines of text in, versions with weights out, and back."""

import re
from collections.abc import Iterable
from typing import Any, Self

from django import forms

from generation.infotext import number
from generation.looks import find_look
from generation.models.ingredients import MOST_OTHERS
from generation.prompts import too_many
from registry.models import Version

# A weight at the end of a line, after a space: "ada/sea-mist -0.5".
LINE = re.compile(r"(?P<ref>.*?)(?:[\s:]+(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))?")
WEIGHT = 0.5  # where a line names none


class MixField(forms.CharField):
    """Looks, one in a line, each with its weight; `person` must be set before it is cleaned."""

    widget = forms.Textarea(attrs={"rows": 2, "autocapitalize": "none", "spellcheck": "false"})
    person: Any = None

    @classmethod
    def of(cls, form: forms.BaseForm, name: str = "others") -> Self:
        """Return a form's own copy of the field."""
        field = form.fields[name]
        if not isinstance(field, cls):
            raise TypeError(f"{name} is a {type(field).__name__}.")
        return field

    def clean(self, value: Any) -> list[tuple[Version, float]]:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if len(lines) > MOST_OTHERS:  # said before each is looked up
            raise forms.ValidationError(too_many(len(lines)), code="too-many")
        return [self._read(line) for line in lines]

    def _read(self, line: str) -> tuple[Version, float]:
        # A title may end in a number, so the whole line is tried first.
        if version := find_look(line, person=self.person):
            return version, WEIGHT
        found = LINE.fullmatch(line)
        ref = found["ref"] if found else line
        version = find_look(ref, person=self.person)
        if version is None:
            raise forms.ValidationError(f"There is no published look “{ref}”.", code="not-found")
        return version, float(found["weight"]) if found and found["weight"] else WEIGHT


def as_lines(mixed: Iterable[tuple[Version | str, float]]) -> str:
    """Write looks with weights as `MixField` reads them."""
    return "\n".join(f"{version} {number(weight)}" for version, weight in mixed)
