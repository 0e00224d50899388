"""What the registry's API says and reads, as JSON."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry import editing
from registry.api.closed import ClosedSerializer
from registry.models import Aesthetic, Side, Version, VersionFile
from registry.models.aesthetics import CARD


class FileSerializer(serializers.ModelSerializer[VersionFile]):
    url = serializers.CharField(help_text="Path of the file, by name.", read_only=True)

    class Meta:
        model = VersionFile
        fields = read_only_fields = ["name", "media_type", "size", "digest", "url"]


class YankedSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    reason = serializers.CharField()
    superseded_by = serializers.CharField(
        allow_null=True, help_text="owner/slug@version of what to take instead."
    )


class TakenDownSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class VersionSerializer(serializers.ModelSerializer[Version]):
    ref = serializers.CharField(source="__str__", read_only=True, help_text="owner/slug@version")
    version = serializers.CharField(source="name", read_only=True)
    space = serializers.CharField(source="space.name", read_only=True)
    fingerprint = serializers.ChoiceField(
        Version.Fingerprint.choices,
        allow_blank=True,
        read_only=True,
        help_text="Of an import; empty for all others.",
    )
    files = serializers.SerializerMethodField(help_text="None where it was taken down.")
    yanked = serializers.SerializerMethodField()
    taken_down = serializers.SerializerMethodField()

    class Meta:
        model = Version
        fields = read_only_fields = [
            "ref",
            "version",
            "version_digest",
            "vector_digest",
            "image_set_digest",
            "recipe_digest",
            "space",
            "construction",
            "image_count",
            "resultant_length",
            "fingerprint",
            "finding",
            "published_at",
            "yanked",
            "taken_down",
            "files",
        ]

    @extend_schema_field(YankedSerializer(allow_null=True))
    def get_yanked(self, version: Version) -> dict[str, Any] | None:
        """Return when and why it was withdrawn, and what to take instead."""
        if version.yanked_at is None:
            return None
        successor = version.public_successor
        return {
            "at": version.yanked_at.isoformat(),
            "reason": version.yank_reason,
            "superseded_by": str(successor) if successor else None,
        }

    @extend_schema_field(TakenDownSerializer(allow_null=True))
    def get_taken_down(self, version: Version) -> dict[str, Any] | None:
        """Return when and why a keeper of the hub took it down."""
        if version.taken_down_at is None:
            return None
        return {"at": version.taken_down_at.isoformat(), "reason": version.takedown_reason}

    @extend_schema_field(FileSerializer(many=True))
    def get_files(self, version: Version) -> Any:
        """Return the files that are served."""
        if version.taken_down_at is not None:
            return []
        return FileSerializer(version.files.all(), many=True).data


class AestheticSerializer(ClosedSerializer, serializers.ModelSerializer[Aesthetic]):
    ref = serializers.CharField(read_only=True)
    owner = serializers.CharField(source="owner.username", read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Aesthetic
        fields = [
            "ref",
            "owner",
            "slug",
            *CARD,
            "download_count",
            "created_at",
            "updated_at",
            "published_at",
            "url",
        ]
        read_only_fields = ["download_count", "created_at", "updated_at", "published_at"]
        validators: list[Any] = []  # the model's own constraint says it better, by full_clean()

    def update(self, instance: Aesthetic, validated_data: dict[str, Any]) -> Aesthetic:
        if "slug" in validated_data and validated_data["slug"] != instance.slug:
            raise serializers.ValidationError(
                {"slug": f"“{instance.slug}” is part of addresses and files; it cannot change."}
            )
        return editing.change_card(instance, validated_data)


@extend_schema_field(OpenApiTypes.BINARY)
class BytesField(serializers.FileField):
    """A file as its bytes; DRF's own field describes itself by the address that answers give."""


class UploadSerializer(ClosedSerializer):
    files = serializers.ListField(
        child=BytesField(allow_empty_file=True),  # refused by its name, so that the others stay
        help_text="Pictures (JPEG, PNG, WebP) or zips of pictures.",
    )
    side = serializers.ChoiceField(Side.choices, default=Side.TOWARDS)
    source = serializers.CharField(  # type: ignore[assignment]  # a field, not DRF's own `source`
        max_length=500, default="", allow_blank=True
    )
    licence = serializers.CharField(max_length=64, default="", allow_blank=True)
    credit = serializers.CharField(max_length=255, default="", allow_blank=True)


class AcceptedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    image = serializers.CharField(help_text="Digest of the stored bytes, metadata stripped.")
    side = serializers.CharField()
    was_there = serializers.BooleanField()
    had_location = serializers.BooleanField(
        help_text="The metadata told where it was taken; it is stripped from what is stored."
    )


class RefusedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ReportSerializer(serializers.Serializer[Any]):
    accepted = AcceptedSerializer(many=True)
    refused = RefusedSerializer(many=True)
    skipped = serializers.ListField(child=serializers.CharField())
    total = serializers.IntegerField(help_text="Pictures now in the set.")


class MemberSerializer(serializers.Serializer[Any]):
    image = serializers.CharField(source="image.digest")
    side = serializers.CharField()
    filename = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field, as above
    licence = serializers.CharField()
    credit = serializers.CharField()
    width = serializers.IntegerField(source="image.width")
    height = serializers.IntegerField(source="image.height")
    added_at = serializers.DateTimeField()


class OriginSerializer(ClosedSerializer):
    source = serializers.CharField(  # type: ignore[assignment]  # a field, as above
        max_length=500, allow_blank=True, required=False
    )
    licence = serializers.CharField(max_length=64, allow_blank=True, required=False)
    credit = serializers.CharField(max_length=255, allow_blank=True, required=False)


class ImageChangeSerializer(OriginSerializer):
    side = serializers.ChoiceField(
        Side.choices, required=False, help_text="Put it on this side alone."
    )


class SetChangeSerializer(OriginSerializer):
    unstated_only = serializers.BooleanField(
        default=False,
        help_text="Only of pictures whose origin is not stated, and only what nobody said of them.",
    )


class SetChangedSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField()
    unstated = serializers.IntegerField(
        help_text="Pictures without a licence, or without both a source and somebody to credit."
    )


class PublishRequestSerializer(ClosedSerializer):
    build = serializers.UUIDField(help_text="Id of a build that has succeeded.")
    accept_few = serializers.BooleanField(
        default=False, help_text="Agree to publish an embedding of fewer than five pictures a side."
    )
    accept_close = serializers.BooleanField(
        default=False,
        help_text="Agree that the set differs in fewer than five pictures from a published one.",
    )


class YankRequestSerializer(ClosedSerializer):
    reason = serializers.CharField(max_length=500)
    superseded_by = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=300,
        help_text="owner/slug[@version] of a public version of the same space, to take instead.",
    )


class NeighbourSerializer(serializers.Serializer[Any]):
    cosine = serializers.FloatField()
    version = VersionSerializer()


class NeighboursSerializer(serializers.Serializer[Any]):
    items = NeighbourSerializer(many=True)
