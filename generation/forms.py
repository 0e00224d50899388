"""The form that asks for a drawing."""

from typing import Any

from django import forms

from generation.doses import default_dose
from generation.models import Generation
from generation.models.generations import LARGEST_SEED, PARAMETERS
from generation.prompts import find_version
from registry import search
from registry.models import Version

LOOKS_SUGGESTED = 100  # in the list that a browser offers while somebody types


class DrawForm(forms.ModelForm[Generation]):
    """Prompt and look; everything else has the checkpoint's dose for its first value."""

    aesthetic = forms.CharField(
        label="Look",
        help_text="owner/name of a published look, or owner/name@v2 for one version of it.",
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

    class Meta:
        model = Generation
        fields = [name for name in PARAMETERS if name not in {"width", "height"}]
        labels = {"negative_prompt": "Without", "sampling_steps": "Sampling steps"}
        widgets = {"prompt": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        dose = default_dose()
        for name in ("optimiser", "steps", "rate", "weight", "sampling_steps", "guidance"):
            self.fields[name].required = False
            self.initial.setdefault(name, getattr(dose, name))
        self.looks = search.browse(search.Criteria(), person=person)[:LOOKS_SUGGESTED]
        for name in ("rate", "weight", "guidance"):
            self.fields[name].widget.attrs["step"] = "any"

    def clean_aesthetic(self) -> Version:
        ref = self.cleaned_data["aesthetic"].strip()
        version = find_version(ref, person=self.person)
        if version is None:
            raise forms.ValidationError(f"There is no published look “{ref}”.", code="not-found")
        return version

    def parameters(self) -> dict[str, Any]:
        """Return what `queue_generation` wants to know; a field left empty is left out."""
        said = {name: value for name, value in self.cleaned_data.items() if value != ""}
        return {"version": said.pop("aesthetic"), **said}

    def _post_clean(self) -> None:
        """Leave the checking of the row to `queue_generation`, which fills in the defaults."""
