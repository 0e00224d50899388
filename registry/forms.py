"""Forms of the registry's pages."""

import re
from typing import Any, cast

from django import forms
from django.utils.text import slugify

from accounts.models import User
from registry import importing, names, rights
from registry.models import Aesthetic, Side, Space, Version
from registry.models.aesthetics import MOST_TAGS, TAG_PATTERN
from registry.origins import ORIGIN
from registry.raw_vectors import is_space_name

SUFFIXES = ".pt,.safetensors,.npy,.json"


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

    def clean(self) -> dict[str, Any]:
        """Refuse a card that is more open than what its blends were made of."""
        said = super().clean() or self.cleaned_data
        if self.instance.pk and "licence" in said and "rating" in said:
            try:
                rights.refuse_unfit_change(
                    self.instance, licence=said["licence"], rating=said["rating"]
                )
            except rights.RightsRefused as refused:
                field = "rating" if refused.code == "rating-not-inherited" else "licence"
                self.add_error(field, refused.detail)
        return said

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

    def add(self) -> Aesthetic | None:
        """Write a new aesthetic; None, and an error in the form, where its name was just taken."""
        try:
            self.instance.add()
        except forms.ValidationError as error:
            self.add_error("slug", forms.ValidationError(error.messages))
            return None
        return self.instance

    def clean_slug(self) -> str:
        """Return the short name, or one that is made of the title."""
        title: str = self.cleaned_data.get("title", "")
        slug: str = self.cleaned_data["slug"] or slugify(title)
        if title and not slug:
            raise forms.ValidationError(
                f"No short name can be made from “{title}”; please choose one.", code="required"
            )
        return slug


class FileForm(forms.Form):
    """A file to look up."""

    file = forms.FileField(
        label="Embedding file",
        allow_empty_file=True,  # refused by the readers, in their words
        widget=forms.FileInput(attrs={"accept": SUFFIXES, "data-most-bytes": importing.MOST_BYTES}),
    )


class SpaceField(forms.ModelChoiceField[Space]):
    """A space by its name; a text that can't be one is none, before the database is asked."""

    def to_python(self, value: Any) -> Space | None:
        if isinstance(value, str) and value and not is_space_name(value):
            raise forms.ValidationError(
                self.error_messages["invalid_choice"],
                code="invalid_choice",
                params={"value": value},
            )
        return super().to_python(value)


class ImportFileForm(FileForm):
    """A file made elsewhere, and the space that its owner says it is of."""

    space = SpaceField(
        Space.objects.all(),
        to_field_name="name",
        empty_label=None,
        help_text="Of the encoder that it was made with. Files from the web UIs are of CLIP "
        "ViT-L/14 by OpenAI, as a rule.",
    )


class ImportForm(AestheticForm, ImportFileForm):
    """The same with the card of a new aesthetic."""

    field_order = ["file", "space"]


class HashForm(forms.Form):
    """A digest to look up."""

    hash = forms.CharField(
        label="Digest",
        max_length=128,
        help_text="One of the hub's, or the sha256 of a file.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )


class VersionField(forms.ModelChoiceField[Version]):
    """A version of one aesthetic, chosen by its name alone."""

    def label_from_instance(self, obj: Version) -> str:
        return obj.name


class AliasForm(forms.Form):
    """A name, and the version that it is to stand for."""

    name = forms.CharField(
        max_length=names.ALIAS_MAX_LENGTH,
        validators=names.ALIAS_VALIDATORS,
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    version = VersionField(
        Version.objects.none(),
        empty_label=None,
        error_messages={"invalid_choice": "This version is not offered, or no longer."},
    )

    def __init__(self, *args: Any, aesthetic: Aesthetic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = aesthetic.versions.offered().defer("vector", "recipe", "manifest")
        cast("VersionField", self.fields["version"]).queryset = offered


class YankForm(forms.Form):
    """Why a version is withdrawn, and what is to be taken instead."""

    reason = forms.CharField(
        max_length=500,
        error_messages={"required": "A version is withdrawn with a reason only; please give one."},
    )
    superseded_by = forms.CharField(
        label="Take this instead",
        required=False,
        max_length=300,
        help_text="Another version, such as owner/name@v2.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_superseded_by(self) -> Version | None:
        """Return the version that is named, if one is; refuse a name that leads nowhere."""
        ref: str = self.cleaned_data["superseded_by"]
        if not ref:
            return None
        found: Version | None = Version.objects.visible_to(self.person).named_in_full(ref)
        if found is None:
            raise forms.ValidationError(f"There is no version “{ref}”.", code="unknown")
        return found


class TakedownForm(forms.Form):
    """Why a keeper of the hub takes versions down; everybody who comes to them reads it."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class OriginForm(forms.Form):
    """Where pictures are from: of one, of an upload, or of the whole set."""

    source = forms.CharField(
        required=False,
        max_length=500,
        help_text="An address, a book, “my own photographs”.",
    )
    licence = forms.CharField(
        required=False,
        max_length=64,
        help_text="Such as CC-BY-4.0, or “all mine”.",
        widget=forms.TextInput(attrs={"list": "licences", "autocapitalize": "none"}),
    )
    credit = forms.CharField(required=False, max_length=255, help_text="Whom to name.")


class SetOriginForm(OriginForm):
    """The same for many pictures at once: what is filled in is said, all else stays as it is."""

    unstated_only = forms.BooleanField(
        required=False,
        initial=True,
        label="Only what nobody said yet, of the pictures that lack it",
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if not self.errors and not any(said[name] for name in ORIGIN):
            raise forms.ValidationError(
                "Fill in the source, the licence or whom to credit.", code="required"
            )
        return said

    @property
    def said(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ORIGIN if self.cleaned_data[name]}


class SideForm(forms.Form):
    """Which side of the set the uploaded pictures belong to."""

    side = forms.ChoiceField(choices=Side.choices, initial=Side.TOWARDS, required=False)

    def clean_side(self) -> Side:
        return Side(self.cleaned_data["side"] or Side.TOWARDS)
