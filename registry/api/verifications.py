"""`…/versions/{ref}/verify`: measure a version again, and what came out."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry import verifying
from registry.api.aesthetics import find_own_aesthetic
from registry.api.jobs import JobSerializer
from registry.api.pagination import SignedCursorPagination
from registry.api.reproductions import OwnVerificationSerializer, VerificationSerializer
from registry.api.versions import accepted, find_version
from registry.models import Verification


class VerificationList(generics.GenericAPIView[Verification]):
    """The verifications of a version that came to a verdict; POST asks for another."""

    pagination_class = SignedCursorPagination
    serializer_class = VerificationSerializer

    def get_queryset(self) -> QuerySet[Verification]:
        names = (self.kwargs[name] for name in ("owner", "slug", "ref"))
        return find_version(self.request, *names).verifications.finished().newest_first()

    @extend_schema(responses=VerificationSerializer(many=True))
    def get(self, request: Request, owner: str, slug: str, ref: str) -> Response:
        """What came out each time that the version was measured again, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(VerificationSerializer(page, many=True).data)

    @extend_schema(request=None, responses={202: JobSerializer})
    def post(self, request: Request, owner: str, slug: str, ref: str) -> Response:
        """Measure a version of yours again; while that waits or runs, it is the same job.

        Every stored picture is read, decoded and encoded anew, and each stage compared.
        """
        find_own_aesthetic(request, owner, slug)
        version = find_version(request, owner, slug, ref)
        return accepted(verifying.queue_verification(version))


class VerificationDetail(APIView):
    @extend_schema(responses=OwnVerificationSerializer)
    def get(self, request: Request, owner: str, slug: str, ref: str, pk: UUID) -> Response:
        """What came out once; to the owner also which pictures deviate."""
        version = find_version(request, owner, slug, ref)
        found = get_object_or_404(version.verifications.finished(), pk=pk)
        is_owner = version.aesthetic.owner_id == request.user.pk
        pictures = verifying.deviating_pictures(found) if is_owner else None
        return Response(OwnVerificationSerializer(found, context={"pictures": pictures}).data)
