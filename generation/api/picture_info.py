"""`/picture-info`: how a picture was made, from its PNG file alone."""

from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Token
from generation.retracing import Retraced, retrace
from registry.api.closed import ClosedSerializer
from registry.api.serializers import BytesField
from registry.decoding import PictureRefused


class PictureFileSerializer(ClosedSerializer):
    file = BytesField(
        allow_empty_file=True,  # refused by its name
        help_text="A PNG that the hub drew, or a web UI. It is read and not kept.",
    )


class NamedLookSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="As the file names it.")
    version_digest = serializers.CharField(allow_blank=True)
    vector_digest = serializers.CharField(allow_blank=True)
    vector_hash = serializers.CharField(
        allow_blank=True, help_text="The vector's digest, or its first hexadecimal digits."
    )
    space = serializers.CharField(allow_blank=True)
    version = serializers.CharField(
        allow_null=True, help_text="owner/slug@version here; null where this hub has none for you."
    )
    url = serializers.CharField(allow_null=True)
    is_withdrawn = serializers.BooleanField()


class NamedCheckpointSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)
    digest = serializers.CharField(allow_blank=True)
    hash = serializers.CharField(allow_blank=True, help_text="Its first hexadecimal digits.")
    is_ours = serializers.BooleanField(
        allow_null=True, help_text="Whether the hub draws with it; null where that can't be told."
    )


class PictureInfoSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Of the file.")
    says = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        help_text="What the file says, by the names of a generation's parameters, as it is there.",
    )
    others = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        help_text="Settings of web UIs that the hub doesn't have, by their own names.",
    )
    look = NamedLookSerializer(allow_null=True)
    checkpoint = NamedCheckpointSerializer()
    drawing = serializers.UUIDField(
        allow_null=True, help_text="The generation that it is from, where that is yours."
    )
    generation = serializers.DictField(
        help_text="A body for POST /generations that draws it again as far as that is possible."
    )
    remarks = serializers.ListField(
        child=serializers.CharField(), help_text="What of it can't be used here, in sentences."
    )


class PictureInfo(APIView):
    parser_classes = [MultiPartParser]
    write_scope = Token.Scope.READ

    @extend_schema(request=PictureFileSerializer, responses=PictureInfoSerializer)
    def post(self, request: Request) -> Response:
        """How a picture was made, as its PNG file says it; nothing is stored."""
        form = PictureFileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            found = retrace(form.validated_data["file"], person=request.user)
        except PictureRefused as refused:
            code = "malformed-picture" if refused.code == "malformed" else refused.code
            # Or the whole would be called a request that can't be read, which it is not.
            error = ValidationError(refused.detail, code=code)
            raise ValidationError({"file": error}) from refused
        return Response(PictureInfoSerializer(_body(found)).data)


def _body(found: Retraced) -> dict[str, Any]:
    facts = found.facts
    return {
        "name": found.name,
        "says": facts.values,
        "others": facts.others,
        "look": _look(found),
        "checkpoint": {
            "name": facts.checkpoint.name,
            "digest": facts.checkpoint.digest,
            "hash": facts.checkpoint.hash,
            "is_ours": found.is_our_checkpoint,
        },
        "drawing": found.drawing and found.drawing.pk,
        "generation": found.usable,
        "remarks": found.remarks,
    }


def _look(found: Retraced) -> dict[str, Any] | None:
    look, version = found.facts.look, found.version
    if look is None:
        return None
    here: dict[str, Any] = {"version": None, "url": None, "is_withdrawn": False}
    if version is not None:
        owner, slug = version.aesthetic.owner.username, version.aesthetic.slug
        here = {
            "version": str(version),
            "url": reverse("api:version", args=[owner, slug, version.name]),
            "is_withdrawn": version.yanked_at is not None,
        }
    return {
        "name": look.name,
        "version_digest": look.version_digest,
        "vector_digest": look.vector_digest,
        "vector_hash": look.vector_hash,
        "space": look.space,
        **here,
    }
