"""The two forms that ask for a sheet of drawings."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from generation.doses import default_dose
from generation.looks import find_look
from generation.models.generations import LARGEST_SEED, MOST_STEPS
from generation.models.sheets import MOST_CELLS
from generation.sheets import following_seeds
from registry.models import Version

MOST_SEEDS = 12


class StepsField(forms.CharField):
    """Whole numbers, parted by commas or spaces."""

    def clean(self, value: Any) -> list[int]:
        numbers = []
        for word in re.split(r"[,;\s]+", super().clean(value).strip(" ,;")):
            if not re.fullmatch(r"\d{1,3}", word) or int(word) > MOST_STEPS:
                raise forms.ValidationError(
                    f"“{word}” is not a number of steps from 0 to {MOST_STEPS}.", code="invalid"
                )
            numbers.append(int(word))
        return list(dict.fromkeys(numbers))


class LinesField(forms.CharField):
    """Texts, one in a line, a cell at least for each; empty lines and repetitions don't count."""

    widget = forms.Textarea

    def clean(self, value: Any) -> list[str]:
        said = super().clean(value).splitlines()
        lines = list(dict.fromkeys(line.strip() for line in said if line.strip()))
        if len(lines) > MOST_CELLS:
            raise forms.ValidationError(
                f"{len(lines):,} lines are too many; a sheet has {MOST_CELLS} pictures at most.",
                code="too-many-lines",
            )
        return lines


class SheetForm(forms.Form):
    """What both kinds of sheet have."""

    others: ClassVar[dict[str, str]] = {}  # from a field to the other kind's that is like it
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_SEED,
        help_text="Empty: a new one.",
    )

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    @classmethod
    def initial_from(cls, asked: Mapping[str, str]) -> dict[str, str]:
        """Return what an address says of the fields, in this kind of form or the other."""
        said = {name: asked.get(name) or cls._like(name, asked) for name in cls.base_fields}
        return {name: value for name, value in said.items() if value}

    @classmethod
    def _like(cls, name: str, asked: Mapping[str, str]) -> str:
        """Return what the other kind's field says to this one: all lines, or the first."""
        lines = asked.get(cls.others.get(name, ""), "").strip()
        takes_all = isinstance(cls.base_fields[name], LinesField)
        return lines if takes_all else lines.partition("\n")[0].strip()

    def find(self, ref: str) -> Version:
        version = find_look(ref, person=self.person)
        if version is None:
            raise forms.ValidationError(f"There is no published look “{ref}”.", code="not-found")
        return version


class DosesForm(SheetForm):
    others: ClassVar = {"aesthetic": "aesthetics", "prompt": "prompts"}
    aesthetic = forms.CharField(
        label="Look",
        help_text="Its title, or owner/name.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    prompt = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "a lighthouse by the sea"}),
    )
    steps = StepsField(label="Doses", help_text="Numbers of steps, a row for each: 0, 5, 10")
    pictures = forms.IntegerField(
        label="Pictures of each dose",
        min_value=1,
        max_value=MOST_SEEDS,
        initial=4,
        help_text=f"From seeds that follow each other; a sheet has {MOST_CELLS} pictures at most.",
    )
    field_order = ("aesthetic", "prompt", "steps", "pictures", "seed")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = default_dose().steps
        doses = sorted({0, most // 4, most // 2, most})
        self.fields["steps"].initial = ", ".join(map(str, doses))

    def clean_aesthetic(self) -> Version:
        return self.find(self.cleaned_data["aesthetic"])

    def parameters(self) -> dict[str, Any]:
        """Return what `queue_doses_by_seeds` wants to know."""
        said = self.cleaned_data
        return {
            "version": said["aesthetic"],
            "prompt": said["prompt"],
            "steps": said["steps"],
            "seeds": following_seeds(said["seed"], said["pictures"]),
        }


class LooksForm(SheetForm):
    others: ClassVar = {"aesthetics": "aesthetic", "prompts": "prompt"}
    aesthetics = LinesField(
        label="Looks",
        help_text="A title or owner/name in each line; a row for each.",
        widget=forms.Textarea(attrs={"rows": 4, "autocapitalize": "none", "spellcheck": "false"}),
    )
    prompts = LinesField(
        label="Prompts",
        help_text=f"One in each line, a column for each; {MOST_CELLS} pictures at most.",
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "a lighthouse by the sea\na cat"}),
    )
    field_order = ("aesthetics", "prompts", "seed")

    def clean_aesthetics(self) -> list[Version]:
        return [self.find(ref) for ref in self.cleaned_data["aesthetics"]]

    def parameters(self) -> dict[str, Any]:
        """Return what `queue_looks_by_prompts` wants to know."""
        said = self.cleaned_data
        return {
            "versions": said["aesthetics"],
            "prompts": said["prompts"],
            "seed": said["seed"],
        }
