"""What the API says of a version's being measured again."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry.api.serializers import VersionSerializer
from registry.models import Verification, Version
from registry.reproduction import STAGES, TOLERANCE


class StageSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(STAGES, help_text="In this order; a later one is told anyway.")
    of = serializers.IntegerField(help_text="How many were measured again.")
    agree = serializers.IntegerField(
        help_text=f"Digests that are equal; vectors that deviate by {TOLERANCE:.0e} at the most."
    )
    equal = serializers.IntegerField(help_text="Equal bit for bit.")
    largest_deviation = serializers.FloatField(
        allow_null=True,
        help_text="1 - cos, and more where the lengths differ; null where digests are compared.",
    )


class NewestVerdictSerializer(serializers.ModelSerializer[Verification]):
    deviates_at = serializers.ChoiceField(
        Verification.StageName.choices,
        allow_blank=True,
        read_only=True,
        help_text="The first stage that does; empty where none deviates.",
    )

    class Meta:
        model = Verification
        fields = read_only_fields = ["verdict", "deviates_at", "finished_at"]


class VerificationSerializer(NewestVerdictSerializer):
    stages = StageSerializer(many=True)

    class Meta(NewestVerdictSerializer.Meta):
        fields = read_only_fields = [
            "id",
            "verdict",
            "deviates_at",
            "stages",
            "worker",
            "device",
            "torch",
            "encoder",
            "finished_at",
        ]


class RemeasurementSerializer(serializers.Serializer[Any]):
    image = serializers.CharField(source="image.digest")
    filename = serializers.CharField(help_text="Empty where it has left the set since.")
    found = serializers.CharField(help_text="Digest of the bytes stored now; empty for none.")
    deviation = serializers.FloatField(allow_null=True, help_text="Of the feature.")
    finding = serializers.CharField(help_text="What is wrong, in words.")


class OwnVerificationSerializer(VerificationSerializer):
    pictures = serializers.SerializerMethodField(
        help_text="The first hundred that deviate; for the owner alone, null for all others."
    )

    class Meta(VerificationSerializer.Meta):
        fields = read_only_fields = [*VerificationSerializer.Meta.fields, "pictures"]

    @extend_schema_field(RemeasurementSerializer(many=True, allow_null=True))
    def get_pictures(self, verification: Verification) -> Any:
        """Return the pictures that the view found for whom it answers."""
        found = self.context["pictures"]
        return None if found is None else RemeasurementSerializer(found, many=True).data


class ReproducedSerializer(serializers.Serializer[Any]):
    times = serializers.IntegerField(
        help_text="Workers and days (UTC) that reproduced it; the same worker counts once a day."
    )
    newest = NewestVerdictSerializer(allow_null=True)


class ReproducedVersionSerializer(VersionSerializer):
    reproduced = serializers.SerializerMethodField(help_text="How its measuring again came out.")

    class Meta(VersionSerializer.Meta):
        fields = read_only_fields = [*VersionSerializer.Meta.fields, "reproduced"]

    @extend_schema_field(ReproducedSerializer)
    def get_reproduced(self, version: Version) -> Any:
        """Return how often it was reproduced, and what came out last."""
        finished = version.verifications.finished()
        newest = finished.newest_first().first()
        times = finished.times_reproduced()
        return ReproducedSerializer({"times": times, "newest": newest}).data
