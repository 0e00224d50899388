"""`/generations`: draw a prompt with an embedding, look at the result, or at a shared one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ScopePermission, person_of
from accounts.models import Token
from generation.api.pointers import told_as
from generation.api.serializers import (
    PICTURES,
    GenerationRequestSerializer,
    GenerationSerializer,
)
from generation.models import Generation
from generation.prompts import find_version, queue_generation
from generation.sheets import SheetRemoved
from registry import blobs, serving
from registry.api.jobs import JobSerializer
from registry.api.pagination import SignedCursorPagination
from registry.api.raw_bytes import BytesView
from registry.api.versions import accepted
from registry.models import Version


class GenerationList(generics.ListAPIView[Generation]):
    """Your generations; POST queues one."""

    serializer_class = GenerationSerializer
    pagination_class = SignedCursorPagination
    permission_classes = [IsAuthenticated, ScopePermission]
    write_scope = Token.Scope.GENERATE

    def get_queryset(self) -> QuerySet[Generation]:
        own = Generation.objects.owned_by(self.request.user).kept()
        return own.with_look(self.request.user).with_ingredients().order_by("-created_at", "-pk")

    @extend_schema(request=GenerationRequestSerializer, responses={202: JobSerializer})
    def post(self, request: Request) -> Response:
        """Queue the drawing of a prompt, plain and personalised; what is not given has defaults."""
        form = GenerationRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = with_versions(form.validated_data, person=request.user)
        with told_as(version="aesthetic"):
            return accepted(queue_generation(person_of(request), **said))


def named_version(ref: str, *, person: Any) -> Version:
    """Return the published version that a call names; raise ValidationError where there is none."""
    version = find_version(ref, person=person)
    if version is None:
        sentence = f"There is no published version “{ref}”."
        raise ValidationError({"aesthetic": ValidationError(sentence, code="not-found")})
    return version


def with_versions(said: Mapping[str, Any], *, person: Any) -> dict[str, Any]:
    """Return what a call says with versions in place of the refs by which it names them."""
    parts = dict(said)
    version = named_version(parts.pop("aesthetic"), person=person)
    others = [
        (_named_other(each["aesthetic"], index, person), each["weight"])
        for index, each in enumerate(parts.pop("others", []))
    ]
    return {**parts, "version": version, "others": others}


def _named_other(ref: str, index: int, person: Any) -> Version:
    version = find_version(ref, person=person)
    if version is None:
        sentence = f"Look {index + 1} to mix in: there is no published version “{ref}”."
        member = f"others/{index}/aesthetic"
        raise ValidationError({member: ValidationError(sentence, code="not-found")})
    return version


class RemovedGenerationList(generics.ListAPIView[Generation]):
    """The generations that you have removed and can put back, but for those of a removed sheet."""

    serializer_class = GenerationSerializer
    pagination_class = SignedCursorPagination
    permission_classes = [IsAuthenticated, ScopePermission]

    def get_queryset(self) -> QuerySet[Generation]:
        own = Generation.objects.owned_by(self.request.user).removed()
        return own.with_look(self.request.user).with_ingredients().order_by("-created_at", "-pk")


class GenerationDetail(generics.RetrieveAPIView[Generation]):
    """One generation, yours or shared: every parameter, and the pictures once they are there."""

    serializer_class = GenerationSerializer
    write_scope = Token.Scope.GENERATE

    def get_queryset(self) -> QuerySet[Generation]:
        visible = Generation.objects.visible_to(self.request.user)
        return visible.with_look(self.request.user).with_ingredients()

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Remove it: ended, taken back, listed no more. It can be put back."""
        Generation.objects.remove(find_own_generation(request, pk).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class GenerationPutBack(APIView):
    write_scope = Token.Scope.GENERATE

    @extend_schema(request=None, responses=GenerationSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Undo the removal of a generation; one of a removed sheet comes back with it."""
        found = find_own_generation(request, pk)
        if not Generation.objects.put_back(found.pk) and found.hidden_at is not None:
            sentence = "The sheet of this generation is removed; put the sheet back."
            raise SheetRemoved("sheet-removed", sentence)
        return Response(GenerationSerializer(find_own_generation(request, pk)).data)


def find_own_generation(request: Request, pk: UUID) -> Generation:
    """Return a generation of the caller; 404 for what they may not see, 403 for others' things."""
    visible = Generation.objects.visible_to(request.user).with_look(request.user).with_ingredients()
    found: Generation = get_object_or_404(visible, pk=pk)
    if found.owner_id != request.user.pk:
        raise PermissionDenied(f"This drawing belongs to {found.owner.username}.")
    return found


class GenerationPicture(BytesView):
    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: str, which: str) -> HttpResponse:
        """The picture of a generation: `plain` or `personalised`, as PNG."""
        visible = Generation.objects.visible_to(request.user).with_look(request.user)
        generation = get_object_or_404(visible, pk=pk)
        digest = getattr(generation, which) if which in PICTURES else ""
        if not digest:
            raise Http404
        content = serving.Representation(
            data=blobs.read_blob(digest),
            digest=digest,
            media_type="image/png",
            # It can be taken back, so whoever keeps it asks each time.
            caching=serving.REVALIDATE if generation.is_public else serving.PERSONAL,
        )
        return serving.serve(request, content)
