"""What the registry's API says and reads, as JSON."""

from typing import Any

from rest_framework import serializers

from registry.models import Aesthetic, Side, Version, VersionFile


class FileSerializer(serializers.ModelSerializer[VersionFile]):
    url = serializers.CharField(help_text="Path of the file, by name.")

    class Meta:
        model = VersionFile
        fields = ["name", "media_type", "size", "digest", "url"]


class VersionSerializer(serializers.ModelSerializer[Version]):
    ref = serializers.CharField(source="__str__", help_text="owner/slug@version")
    version = serializers.CharField(source="name")
    space = serializers.CharField(source="space.name")
    files = FileSerializer(many=True)
    yanked = serializers.SerializerMethodField()

    class Meta:
        model = Version
        fields = [
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
            "published_at",
            "yanked",
            "files",
        ]

    def get_yanked(self, version: Version) -> dict[str, Any] | None:
        """Return when and why it was withdrawn."""
        if version.yanked_at is None:
            return None
        return {"at": version.yanked_at.isoformat(), "reason": version.yank_reason}


class AestheticSerializer(serializers.ModelSerializer[Aesthetic]):
    ref = serializers.CharField(read_only=True)
    owner = serializers.CharField(source="owner.username", read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Aesthetic
        fields = [
            "ref",
            "owner",
            "slug",
            "title",
            "card",
            "licence",
            "rating",
            "tags",
            "visibility",
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
        return super().update(instance, validated_data)


class UploadSerializer(serializers.Serializer[Any]):
    files = serializers.ListField(
        child=serializers.FileField(), help_text="Pictures (JPEG, PNG, WebP) or zips of pictures."
    )
    side = serializers.ChoiceField(Side.choices, default=Side.TOWARDS)
    source = serializers.CharField(max_length=500, default="", allow_blank=True)
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
    source = serializers.CharField()
    licence = serializers.CharField()
    credit = serializers.CharField()
    width = serializers.IntegerField(source="image.width")
    height = serializers.IntegerField(source="image.height")
    added_at = serializers.DateTimeField()


class PublishRequestSerializer(serializers.Serializer[Any]):
    build = serializers.UUIDField(help_text="Id of a build that has succeeded.")
    accept_few = serializers.BooleanField(
        default=False, help_text="Agree to publish an embedding of fewer than five pictures a side."
    )


class YankRequestSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class NeighbourSerializer(serializers.Serializer[Any]):
    cosine = serializers.FloatField()
    version = VersionSerializer()


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details, RFC 9457."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()


class JobSerializer(serializers.Serializer[Any]):
    """A build or a generation as its owner sees it."""

    id = serializers.UUIDField()
    kind = serializers.SerializerMethodField()
    state = serializers.CharField()
    progress = serializers.SerializerMethodField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()
    result = serializers.SerializerMethodField()

    def get_kind(self, job: Any) -> str:
        """Return `version` or `generation`."""
        return type(job).__name__.lower()

    def get_progress(self, job: Any) -> dict[str, Any]:
        """Return what is being done and how far it is."""
        return {"stage": job.stage, "done": job.done, "total": job.total}

    def get_result(self, job: Any) -> str | None:
        """Return where the result is, once it is there."""
        return job.get_absolute_url() if job.has_succeeded else None
