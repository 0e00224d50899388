"""`/by-hash`: what a digest, or a file, is the name of."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import (
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Token
from registry import identifying
from registry.api.closed import ClosedSerializer
from registry.api.serializers import BytesField, NeighbourSerializer, VersionSerializer
from registry.importing import read_upload


class NamedSerializer(serializers.Serializer[Any]):
    digest = serializers.CharField()
    names = serializers.ChoiceField(
        identifying.KINDS, source="kind", help_text="What the digest is the name of."
    )
    items = VersionSerializer(many=True, source="versions", help_text="Oldest first.")


class EntrySerializer(serializers.Serializer[Any]):
    digest = serializers.CharField()
    names = serializers.ChoiceField(identifying.KINDS, source="kind")
    version = serializers.SerializerMethodField(help_text="The oldest that has the name.")

    def get_version(self, named: identifying.Named) -> VersionSerializer:
        return VersionSerializer(named.versions[0]).data  # type: ignore[return-value]


@extend_schema_field(EntrySerializer(allow_null=True))
class EntryOrNullField(serializers.Field[Any, Any, Any, Any]):
    """An entry or null: in a list a serializer itself is described as never null."""


class HashesRequestSerializer(ClosedSerializer):
    digests = serializers.ListField(
        child=serializers.CharField(max_length=128),
        max_length=identifying.MOST_ASKED,
        help_text="Any of the hub's digests, or the sha256 of files; up to 1,000.",
    )


class FileRequestSerializer(ClosedSerializer):
    file = BytesField(
        allow_empty_file=True,  # refused by its name
        help_text="A .safetensors, .pt, .npy or .json file. It is read and not kept.",
    )


class EntriesSerializer(serializers.Serializer[Any]):
    items = serializers.ListField(
        child=EntryOrNullField(),
        help_text="In the order of the question; null for what nothing here is named.",
    )


class IdentifiedSerializer(serializers.Serializer[Any]):
    digest = serializers.CharField(help_text="Of the file.")
    file = NamedSerializer(allow_null=True, help_text="What has this very file.")
    vector_digest = serializers.CharField(help_text="Empty where the file could not be read.")
    vector = NamedSerializer(allow_null=True, help_text="What has the vector in it.")
    space = serializers.CharField(
        source="space.name", allow_null=True, help_text="In which the nearest were looked for."
    )
    nearest = NeighbourSerializer(many=True, help_text="Where nothing has the vector.")
    refusal = serializers.CharField(help_text="Why the file could not be read, in a sentence.")


class ByHash(APIView):
    @extend_schema(responses=NamedSerializer)
    def get(self, request: Request, digest: str) -> Response:
        """The published versions that any digest of the hub, or a file's sha256, names.

        A vector's digest finds whatever holds the same numbers, in whichever kind of file.
        """
        named = identifying.named_by(digest, person=request.user)
        if named is None:
            raise Http404
        return Response(NamedSerializer(named).data)


class ByHashes(APIView):
    parser_classes = [*APIView.parser_classes, MultiPartParser]
    write_scope = Token.Scope.READ

    @extend_schema(
        request={
            "application/json": HashesRequestSerializer,
            "multipart/form-data": FileRequestSerializer,
        },
        responses=PolymorphicProxySerializer(
            "HashesAnswer", [EntriesSerializer, IdentifiedSerializer], resource_type_field_name=None
        ),
    )
    def post(self, request: Request) -> Response:
        """Up to 1,000 digests at once, each with the oldest version that it names, or null.

        Or a file, by multipart/form-data: what has this very file, else what has its vector, else
        the nearest vectors with their cosines. Nothing is kept of it.
        """
        if request.content_type.startswith("multipart/"):
            return self._identify(request)
        form = HashesRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        named = identifying.named_by_each(form.validated_data["digests"], person=request.user)
        items = [EntrySerializer(found).data if found else None for found in named]
        return Response({"items": items})

    def _identify(self, request: Request) -> Response:
        form = FileRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = read_upload(form.validated_data["file"])
        return Response(IdentifiedSerializer(identifying.identify(data, person=request.user)).data)
