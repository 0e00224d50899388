"""`/aesthetics/{owner}/{slug}/images`: the set, seen and changed by its owner only."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry import origins, uploads
from registry.api.aesthetics import find_aesthetic, find_own_aesthetic
from registry.api.pagination import SignedCursorPagination
from registry.api.serializers import (
    ImageChangeSerializer,
    MemberSerializer,
    ReportSerializer,
    SetChangedSerializer,
    SetChangeSerializer,
    UploadSerializer,
)
from registry.models import Aesthetic, Side


def find_private_set(request: Request, owner: str, slug: str) -> Aesthetic:
    """Return an aesthetic of the caller; what is in a set is nobody else's business: 404."""
    aesthetic = find_aesthetic(request, owner, slug)
    if aesthetic.owner_id != request.user.pk:
        raise Http404
    return aesthetic


class ImageList(generics.GenericAPIView[Any]):
    """The pictures of a set; POST adds some."""

    parser_classes = [MultiPartParser]
    pagination_class = SignedCursorPagination
    serializer_class = MemberSerializer

    @extend_schema(responses=MemberSerializer(many=True))
    def get(self, request: Request, owner: str, slug: str) -> Response:
        """The pictures of the set, in the order in which they came."""
        aesthetic = find_private_set(request, owner, slug)
        members = aesthetic.members.select_related("image").order_by("added_at", "pk")
        page = self.paginate_queryset(members)
        return self.get_paginated_response(MemberSerializer(page, many=True).data)

    @extend_schema(request=UploadSerializer, responses=ReportSerializer)
    def post(self, request: Request, owner: str, slug: str) -> Response:
        """Add pictures, or zips of pictures; each file is accepted or refused by itself."""
        aesthetic = find_own_aesthetic(request, owner, slug)
        form = UploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        report = uploads.add_files(
            aesthetic,
            said["files"],
            side=Side(said["side"]),
            provenance=uploads.Provenance(said["source"], said["licence"], said["credit"]),
        )
        body = {
            "accepted": report.accepted,
            "refused": report.refused,
            "skipped": report.skipped,
            "total": aesthetic.members.count(),
        }
        return Response(ReportSerializer(body).data)


class SetOrigin(APIView):
    """Where the pictures of a set are from."""

    @extend_schema(request=SetChangeSerializer, responses=SetChangedSerializer)
    def patch(self, request: Request, owner: str, slug: str) -> Response:
        """Say of all pictures, or of those of which nobody did, where they are from."""
        aesthetic = find_private_set(request, owner, slug)
        form = SetChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = dict(form.validated_data)
        if said.pop("unstated_only"):
            changed = origins.state_missing(aesthetic, **said)
        else:
            changed = origins.state_for_all(aesthetic.members.all(), **said)
        body = {"changed": changed, "unstated": origins.unstated(aesthetic).count()}
        return Response(SetChangedSerializer(body).data)


class ImageDetail(APIView):
    """One picture of a set, by the digest of its stored bytes."""

    @extend_schema(request=ImageChangeSerializer, responses=MemberSerializer(many=True))
    def patch(self, request: Request, owner: str, slug: str, digest: str) -> Response:
        """Say where one picture is from, or put it on one side alone; it may be on both."""
        aesthetic = find_private_set(request, owner, slug)
        form = ImageChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = dict(form.validated_data)
        side = said.pop("side", None)
        members = aesthetic.members.filter(image__digest=digest)
        if not members.exists():
            raise Http404
        if said:
            origins.state_for_all(members, **said)
        if side is not None:
            origins.move(aesthetic, digest, to=Side(side))
        shown = members.select_related("image").order_by("pk")
        return Response(MemberSerializer(shown, many=True).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, owner: str, slug: str, digest: str) -> Response:
        """Take the picture out of the set; published versions keep what they measured."""
        if not uploads.remove_image(find_private_set(request, owner, slug), digest):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)
