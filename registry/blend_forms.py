"""The forms of the blend page: what to blend, and what to call the result."""

import re
from typing import Any

from django import forms

from accounts.models import User
from registry import blending, combinations
from registry.forms import AestheticForm
from registry.models import Aesthetic, Version

# A weight at the end of a line, after a space, as on the draw page: "ada/sea-mist -0.5".
LINE = re.compile(r"(?P<ref>\S+)(?:[\s:]+(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+)))?")

OPERATIONS = [
    (combinations.WEIGHTED_MEAN, "Mix, by weights"),
    ("slerp", "Go from the first towards the second"),
    ("difference", "The first minus the second"),
    ("project-out", "The first without the direction of the second"),
]


class LooksField(forms.CharField):
    """Looks, one in a line, each with a weight if wanted; `person` must be set before cleaning."""

    widget = forms.Textarea(attrs={"rows": 4, "autocapitalize": "none", "spellcheck": "false"})
    person: Any = None

    def clean(self, value: Any) -> list[tuple[Version, float | None]]:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if len(lines) > combinations.MOST_PARENTS:
            raise forms.ValidationError(
                f"{len(lines)} looks are too many; use {combinations.MOST_PARENTS} at most."
            )
        return [self._read(line) for line in lines]

    def _read(self, line: str) -> tuple[Version, float | None]:
        found = LINE.fullmatch(line)
        version = blending.find_parent(found["ref"], person=self.person) if found else None
        if found is None or version is None:
            raise forms.ValidationError(
                f"“{line}” is no published look, as owner/name or owner/name@v2, with a weight "
                "after it if you like.",
                code="not-found",
            )
        return version, float(found["weight"]) if found["weight"] else None


class BlendForm(forms.Form):
    """What to blend, and how."""

    looks = LooksField(
        max_length=6000,
        help_text="One in a line: owner/name, or owner/name@v2 for one version of it, then a "
        "weight if you mix by weights (1 where there is none; a negative one leads away).",
    )
    operation = forms.ChoiceField(label="How", choices=OPERATIONS)
    share = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        label="How far",
        help_text="From the first look (0) to the second (1). Only for going from one to another.",
        widget=forms.NumberInput(attrs={"step": "any"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["looks"]
        if isinstance(field, LooksField):
            field.person = person

    @property
    def order(self) -> blending.Order:
        """Return what was asked for, once the form is valid."""
        said = self.cleaned_data
        return blending.Order(said["operation"], said["looks"], said["share"])


class TargetForm(forms.Form):
    """The look of one's own that a blend becomes a version of; none means a new one."""

    aesthetic = forms.ModelChoiceField(
        Aesthetic.objects.none(),
        required=False,
        empty_label="A new look, named below",
        label="Save it as a version of",
        help_text="A draft that only you see, until you publish it.",
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["aesthetic"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Aesthetic.objects.owned_by(person).select_related("owner")


class NewLookForm(AestheticForm):
    """The name of a new look; the rest of its card is inherited and can be edited later."""

    # It stands beside a choice of looks that are there, which need no name.
    use_required_attribute = False

    class Meta(AestheticForm.Meta):
        fields = ["title", "slug"]
