"""What the generation API says and reads, as JSON."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generation import emphasis
from generation.doses import RECIPE
from generation.models import Generation, Ingredient
from generation.models.generations import AESTHETIC_TEXT, PARAMETERS
from generation.models.ingredients import LARGEST_WEIGHT, MOST_OTHERS
from registry.api.closed import ClosedSerializer
from registry.api.jobs import address_of

REF = r"^[^/@\s]+/[^/@\s]+(@[^/@\s]+)?$"
PICTURES = ("plain", "personalised")


@address_of.register
def _(generation: Generation) -> str:
    return reverse("api:generation", args=[generation.pk])


class PictureSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()
    digest = serializers.CharField()


class TextEncodersSerializer(serializers.Serializer[Any]):
    """Which of a checkpoint's text encoders were personalised, by diffusers' names of them."""

    personalised = serializers.ListField(child=serializers.CharField())
    left_alone = serializers.ListField(child=serializers.CharField())
    in_words = serializers.CharField(help_text="Empty where there is only one.")


class IngredientSerializer(serializers.ModelSerializer[Ingredient]):
    aesthetic = serializers.CharField(source="version.__str__", read_only=True)

    class Meta:
        model = Ingredient
        fields = read_only_fields = ["aesthetic", "weight"]


class GenerationSerializer(serializers.ModelSerializer[Generation]):
    owner = serializers.CharField(source="owner.username", read_only=True)
    url = serializers.CharField(
        source="get_absolute_url", read_only=True, help_text="Path of its page."
    )
    aesthetic = serializers.CharField(source="version.__str__", read_only=True)
    plain = serializers.SerializerMethodField()
    personalised = serializers.SerializerMethodField()
    agreement = serializers.ListField(
        child=serializers.FloatField(),
        read_only=True,
        help_text="Cosine of prompt and embedding before each step and after the last.",
    )
    picture_agreement = serializers.ListField(
        child=serializers.FloatField(),
        read_only=True,
        help_text="Cosine of embedding and picture, plain and personalised.",
    )
    text_encoders = TextEncodersSerializer(
        source="told_text_encoders",
        read_only=True,
        allow_null=True,
        help_text="Null before it is drawn, and for drawings of earlier days.",
    )
    has_effect = serializers.BooleanField(read_only=True)
    steps_taken = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="Fewer than `steps` where a guard of the dose ended them; null before.",
    )
    others = IngredientSerializer(source="ingredients", many=True, read_only=True)
    removed_at = serializers.DateTimeField(
        source="hidden_at",
        read_only=True,
        allow_null=True,
        help_text="Since when it is removed; it can be put back. Null where it is not.",
    )

    class Meta:
        model = Generation
        fields = read_only_fields = [
            "id",
            "owner",
            "url",
            "aesthetic",
            *PARAMETERS,
            "others",
            "state",
            "stage",
            "done",
            "total",
            "reason",
            "checkpoint",
            "text_encoders",
            "plain",
            "personalised",
            "agreement",
            "picture_agreement",
            "drift",
            "has_effect",
            "steps_taken",
            "remark",
            "created_at",
            "finished_at",
            "shared_at",
            "removed_at",
        ]
        extra_kwargs = {
            "shared_at": {"help_text": "Since when others may see it; null for you alone."}
        }

    def _picture(self, generation: Generation, which: str) -> dict[str, str] | None:
        digest = getattr(generation, which)
        if not digest:
            return None
        url = reverse("api:generation_picture", args=[generation.pk, which])
        return PictureSerializer({"url": url, "digest": digest}).data

    @extend_schema_field(PictureSerializer(allow_null=True))
    def get_plain(self, generation: Generation) -> dict[str, str] | None:
        """Return the picture drawn from the prompt as it is."""
        return self._picture(generation, "plain")

    @extend_schema_field(PictureSerializer(allow_null=True))
    def get_personalised(self, generation: Generation) -> dict[str, str] | None:
        """Return the picture drawn from the prompt personalised."""
        return self._picture(generation, "personalised")


class OtherSerializer(ClosedSerializer):
    """Another look, mixed into the aesthetic."""

    aesthetic = serializers.RegexField(REF, help_text="As above.")
    weight = serializers.FloatField(
        min_value=-LARGEST_WEIGHT,
        max_value=LARGEST_WEIGHT,
        help_text="Beside 1 for the aesthetic itself; a negative one leads away.",
    )


# Null says something of these alone.
_GUARDS: dict[str, dict[str, Any]] = {
    name: {
        "required": False,
        "help_text": f"Stop early once {reached}. Left out it is that of the checkpoint's dose, if "
        "that has any; null switches it off.",
    }
    for name, reached in (
        ("enough_agreement", "the words agree so much with the look"),
        ("most_drift", "the words have drifted so far"),
    )
}


class AboutVersionSerializer(ClosedSerializer, serializers.ModelSerializer[Generation]):
    """A prompt and a version; every parameter of theirs that a subclass adds may be left out."""

    aesthetic = serializers.RegexField(
        REF,
        help_text="owner/slug, or owner/slug@version with v3, latest or a version digest.",
    )

    others = serializers.ListField(child=OtherSerializer(), required=False, max_length=MOST_OTHERS)

    class Meta:
        model = Generation
        fields = ["aesthetic", "prompt", "others", *AESTHETIC_TEXT]
        extra_kwargs: dict[str, dict[str, Any]] = {
            name: {"required": False} for name in PARAMETERS if name != "prompt"
        } | {"prompt": {"help_text": emphasis.IN_WORDS}, **_GUARDS}


class GenerationRequestSerializer(AboutVersionSerializer):
    class Meta(AboutVersionSerializer.Meta):
        fields = ["aesthetic", "others", *PARAMETERS]


class DoseRequestSerializer(AboutVersionSerializer):
    class Meta(AboutVersionSerializer.Meta):
        fields = ["aesthetic", "prompt", "others", *RECIPE, *AESTHETIC_TEXT]


class DoseSerializer(serializers.Serializer[Any]):
    agreement = serializers.ListField(
        child=serializers.FloatField(),
        help_text="Cosine of prompt and embedding after 0, 1, … steps.",
    )
    drift = serializers.ListField(
        child=serializers.FloatField(),
        help_text="Change of the conditioning over its length, after 0, 1, … steps.",
    )


class WordSerializer(serializers.Serializer[Any]):
    word = serializers.CharField()
    without = serializers.FloatField(help_text="The agreement of the prompt without this word.")


class AgreementSerializer(serializers.Serializer[Any]):
    agreement = serializers.FloatField(help_text="Cosine of prompt and embedding.")
    words = WordSerializer(many=True)
    remark = serializers.CharField(
        help_text="Why no words are told of a prompt that is too long for it; else empty."
    )
