"""The forms that ask for a drawing, for its dose, and for earlier drawings."""

from dataclasses import asdict
from operator import itemgetter
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.forms import model_to_dict
from django.http import QueryDict

from generation import emphasis
from generation.doses import GUARDS, RECIPE, default_dose
from generation.looks import LOOKS_SUGGESTED, find_look
from generation.mixing import MixField
from generation.models import Generation
from generation.models.generations import (
    AESTHETIC_TEXT,
    LARGEST_SEED,
    MOST_ANCHOR,
    MOST_CLIP_SKIP,
    MOST_SAMPLING_STEPS,
    MOST_STEPS,
    PARAMETERS,
)
from generation.models.queries import GenerationQuerySet
from generation.prompts import FLOATS
from registry import search
from registry.models import Aesthetic, Version

EXPERT = frozenset({*PARAMETERS, "others"}) - {"prompt", "width", "height"}
# Told before anything is sent; the model holds the same and the rest.
CHECKED_BY_BROWSERS = {
    "steps": {"min": 0, "max": MOST_STEPS},
    "weight": {"min": 0, "max": 1},
    "anchor": {"min": 0, "max": MOST_ANCHOR},
    "aesthetic_text_angle": {"min": 0, "max": 1},
    "clip_skip": {"min": 1, "max": MOST_CLIP_SKIP},
    "enough_agreement": {"min": -1, "max": 1},
    "most_drift": {"min": 0, "max": 10},
    "sampling_steps": {"min": 1, "max": MOST_SAMPLING_STEPS},
    "guidance": {"min": 1, "max": 30},
}
MOST_PICTURES = 9  # asked for at once
LOOKS_TO_FIND_BY = 100  # in the list by which somebody finds their drawings


def values_in(query: QueryDict) -> dict[str, Any]:
    """Return the values for a form of a drawing that an address brings, by their fields.

    What is no value of its field comes as it is: the form says so once it is sent.
    """
    values: dict[str, Any] = {}
    for name, text in query.items():
        if field := DrawForm.base_fields.get(name):
            try:
                values[name] = field.to_python(text)
            except forms.ValidationError:
                values[name] = text
    return values


def remark_on_size(width: object, height: object, *, said: str) -> str:
    """Return a sentence where the form of a drawing draws another size; nothing where it doesn't.

    `said` begins what says the size, such as "the file says".
    """
    dose = default_dose()
    if (width, height) == (dose.width, dose.height):
        return ""
    return (
        f"The form draws {dose.width} by {dose.height} pixels, and {said} {width} by {height}, "
        "which only the API draws."
    )


class WithholdForm(forms.Form):
    """Why a keeper of the hub takes drawings or sheets back; their owners read it."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class PictureForm(forms.Form):
    """One file; what is wrong with it is said of it by its name."""

    file = forms.FileField(
        label="A PNG file",
        allow_empty_file=True,
        error_messages={"required": "Choose a file to read."},
    )


class DrawForm(forms.ModelForm[Generation]):
    """Prompt and look; everything else has the checkpoint's dose for its first value."""

    aesthetic = forms.CharField(
        label="Look",
        help_text="Its title, or owner/name, or owner/name@v2 for one version of it.",
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "spellcheck": "false", "list": "looks"}
        ),
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_SEED,
        help_text="The same seed draws the same picture. Empty: a new one.",
    )

    others = MixField(
        required=False,
        max_length=2000,
        label="Mix with",
        help_text="Other looks, one in a line, each with a weight beside 1 for the look itself: "
        "owner/name 0.5; a negative one leads away.",
    )
    pictures = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_PICTURES,
        label="Pictures",
        help_text="How many, from seeds that follow each other; they come on a sheet.",
    )

    class Meta:
        model = Generation
        fields = [name for name in PARAMETERS if name not in {"width", "height"}]
        labels = {
            "aesthetic_text": "Look turned to words",
            "aesthetic_text_angle": "By",
            "aesthetic_text_negative": "Away from the words",
            "anchor": "Anchor",
            "clip_skip": "Clip skip",
            "enough_agreement": "Enough agreement",
            "most_drift": "Most drift",
            "slerp": "Mix along the arc",
            "negative_prompt": "Without",
            "sampling_steps": "Sampling steps",
        }
        widgets = {
            "prompt": forms.Textarea(attrs={"rows": 2, "placeholder": "a lighthouse by the sea"})
        }

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        MixField.of(self).person = person
        dose = default_dose()
        self.fields["aesthetic_text_angle"].required = False
        for name in (*RECIPE, "sampling_steps", "guidance"):
            self.fields[name].required = False
            self.initial.setdefault(name, getattr(dose, name))
        drawable = search.Criteria(space=settings.HUB_SPACE)
        self.looks = search.browse(drawable, person=person)[:LOOKS_SUGGESTED]
        for name in FLOATS:
            self.fields[name].widget.attrs["step"] = "any"
        for name, limits in CHECKED_BY_BROWSERS.items():
            self.fields[name].widget.attrs.update(limits)
        self.fields["prompt"].help_text = " ".join(filter(None, [dose.hint, emphasis.IN_WORDS]))
        # A browser would cut a prompt that was pasted in without a word; the form says it.
        self.fields["prompt"].widget.attrs.pop("maxlength", None)

    @property
    def has_expert_values(self) -> bool:
        """Whether the folded settings need to be seen: wrong, or not what they are by default."""
        if self.is_bound:
            return bool(self.errors.keys() & EXPERT)
        usual = model_to_dict(Generation()) | asdict(default_dose())
        return any(
            self.initial.get(name) != usual.get(name)
            for name in EXPERT
            if name in GUARDS or self.initial.get(name) not in (None, "")
        )

    def clean_aesthetic(self) -> Version:
        ref = self.cleaned_data["aesthetic"].strip()
        version = find_look(ref, person=self.person)
        if version is None:
            raise forms.ValidationError(
                f"There is no published look “{ref}”. Choose one with a picture, or write its "
                "owner, a slash, and its name.",
                code="not-found",
            )
        return version

    def parameters(self) -> dict[str, Any]:
        """Return what `queue_generation` wants to know; a field left empty is left out.

        A guard's is None instead, which switches it off, where the form was sent with the field.
        """
        said = {
            name: value
            for name, value in self.cleaned_data.items()
            if value != "" and (name not in GUARDS or name in self.data)
        }
        return {"version": said.pop("aesthetic"), **said}

    def _post_clean(self) -> None:
        """Leave the checking of the row to `queue_generation`, which fills in the defaults."""


class DoseForm(forms.ModelForm[Generation]):
    """What decides agreement and drift: as much of the drawing's form as is filled in."""

    others = MixField(label="Mix with", required=False, max_length=2000)

    class Meta:
        model = Generation
        fields = ["prompt", *RECIPE, *AESTHETIC_TEXT]

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        MixField.of(self).person = person
        for name in (*RECIPE, "aesthetic_text_angle"):
            self.fields[name].required = False

    def parameters(self) -> dict[str, Any]:
        """Return what `ask` wants to know; a field left empty is left out, but for a guard's."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value not in ("", None) or (name in GUARDS and name in self.data)
        }

    def _post_clean(self) -> None:
        """Leave the checking of the row to `ask`, which fills in the defaults."""


class HistoryForm(forms.Form):
    """Which of their drawings somebody looks for; empty fields ask for nothing."""

    q = forms.CharField(
        label="Words in the prompt",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "lighthouse"}),
    )

    def __init__(self, *args: Any, looks: QuerySet[Aesthetic], person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = list(looks[: LOOKS_TO_FIND_BY + 1])
        is_cut = len(offered) > LOOKS_TO_FIND_BY
        if is_cut:
            offered[LOOKS_TO_FIND_BY:] = self._asked_for(looks)
        self.looks = {look.ref: look for look in offered}
        # What is hidden from them by now has the name by which they drew with it.
        visible = Aesthetic.objects.visible_to(person).filter(pk__in=[look.pk for look in offered])
        seen = set(visible.values_list("pk", flat=True))
        titles = [
            (ref, f"{look.title} ({ref})" if look.pk in seen else ref)
            for ref, look in self.looks.items()
        ]
        titles.sort(key=itemgetter(1))
        self.fields["look"] = forms.ChoiceField(
            label="Look",
            required=False,
            choices=[("", "Every look"), *titles],
            help_text=f"The {LOOKS_TO_FIND_BY} that you drew with last." if is_cut else "",
        )

    def _asked_for(self, looks: QuerySet[Aesthetic]) -> QuerySet[Aesthetic]:
        """Return the look that is asked for, which may be another than those that are offered."""
        owner, _, slug = self.data.get("look", "").partition("/")
        return looks.filter(owner__username=owner, slug=slug)

    @property
    def asks_for_some(self) -> bool:
        """Whether anything is asked for, be it wrong."""
        return any(self[name].value() for name in self.fields)

    def found_in(self, drawings: GenerationQuerySet) -> GenerationQuerySet:
        """Return those of `drawings` that are looked for; none where a field is wrong."""
        if not self.is_valid():
            return drawings.none()
        found = drawings.saying(self.cleaned_data["q"])
        look = self.looks.get(self.cleaned_data["look"])
        return found if look is None else found.in_look(look)
