"""Forms of the registry's pages."""

import re
from typing import Any

from django import forms
from django.utils.text import slugify

from registry.models import Aesthetic, Side
from registry.models.aesthetics import MOST_TAGS, TAG_PATTERN


class TagsField(forms.CharField):
    """Tags in one line, with commas or spaces between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return list(dict.fromkeys(re.findall(r"[^\s,]+", (value or "").lower())))


class AestheticForm(forms.ModelForm[Aesthetic]):
    """The card of an aesthetic; the short name can be chosen once only."""

    tags = TagsField(
        required=False, help_text=f"Up to {MOST_TAGS}, with commas or spaces between them."
    )

    class Meta:
        model = Aesthetic
        fields = ["title", "slug", "card", "tags", "licence", "rating", "visibility"]
        widgets = {"card": forms.Textarea(attrs={"rows": 8})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["slug"]
        else:
            slug = self.fields["slug"]
            slug.required = False
            slug.help_text = f"{slug.help_text} Left empty, it is made from the title."
            slug.widget.attrs.update(
                {
                    "autocapitalize": "none",
                    "spellcheck": "false",
                    "autocomplete": "off",
                    "data-slug-of": self["title"].id_for_label,  # forms.js fills it in
                }
            )

    def clean_tags(self) -> list[str]:
        """Return the tags; say which of them is none, where the model counts from one."""
        tags: list[str] = self.cleaned_data["tags"]
        if len(tags) > MOST_TAGS:
            raise forms.ValidationError(
                f"These are {len(tags)} tags; {MOST_TAGS} are the most.", code="too-many"
            )
        for tag in tags:
            if not re.fullmatch(TAG_PATTERN, tag):
                raise forms.ValidationError(
                    f"“{tag}” is no tag: lower-case letters a to z, digits, and single hyphens "
                    "between them.",
                    code="invalid",
                )
        return tags

    def clean_slug(self) -> str:
        """Return the short name; refuse one that its owner has used.

        Django skips that constraint, since it is on two columns and one is no field of the form.
        """
        title: str = self.cleaned_data.get("title", "")
        slug: str = self.cleaned_data["slug"] or slugify(title)
        if title and not slug:
            raise forms.ValidationError(
                f"No short name can be made from “{title}”; please choose one.", code="required"
            )
        if Aesthetic.objects.filter(owner=self.instance.owner, slug=slug).exists():
            raise forms.ValidationError("You have used this short name before.", code="unique")
        return slug


class YankForm(forms.Form):
    """Why a version is withdrawn."""

    reason = forms.CharField(
        max_length=500,
        error_messages={"required": "A version is withdrawn with a reason only; please give one."},
    )


class SideForm(forms.Form):
    """Which side of the set the uploaded pictures belong to."""

    side = forms.ChoiceField(choices=Side.choices, initial=Side.TOWARDS, required=False)

    def clean_side(self) -> Side:
        return Side(self.cleaned_data["side"] or Side.TOWARDS)
