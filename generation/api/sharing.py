"""Shared generations and sheets: share one of yours, take it back, list an aesthetic's."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Token
from generation import sharing
from generation.api.generations import find_own_generation
from generation.api.serializers import GenerationSerializer
from generation.api.sheets import (
    SheetSerializer,
    WholeSheetSerializer,
    find_own_sheet,
    told,
)
from generation.models import Generation, Sheet
from registry.api.aesthetics import find_aesthetic
from registry.api.pagination import SignedCursorPagination


class GenerationShare(APIView):
    """Whether everybody may see a generation of yours."""

    write_scope = Token.Scope.GENERATE

    @extend_schema(request=None, responses=GenerationSerializer)
    def put(self, request: Request, pk: UUID) -> Response:
        """Let everybody see both pictures, all parameters and your name; twice is the same."""
        sharing.share(find_own_generation(request, pk))
        return Response(GenerationSerializer(find_own_generation(request, pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> HttpResponse:
        """Take it back: nobody else sees it from now on. What is not shared stays so."""
        Generation.objects.unshare(find_own_generation(request, pk).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SharedGenerationList(generics.ListAPIView[Generation]):
    """What people drew with an aesthetic and share, the last that was shared first.

    What was shared with its sheet is listed as the sheet, where you may see that.
    """

    serializer_class = GenerationSerializer
    pagination_class = SignedCursorPagination

    def get_queryset(self) -> QuerySet[Generation]:
        aesthetic = find_aesthetic(self.request, self.kwargs["owner"], self.kwargs["slug"])
        shared = Generation.objects.shared_with(self.request.user).in_look(aesthetic)
        alone = shared.shared_apart_from(Sheet.objects.shared_with(self.request.user))
        return alone.newest_shared().with_look(self.request.user).with_ingredients()


class SheetShare(APIView):
    """Whether everybody may see a sheet of yours."""

    write_scope = Token.Scope.GENERATE

    @extend_schema(request=None, responses=WholeSheetSerializer)
    def put(self, request: Request, pk: UUID) -> Response:
        """Let everybody see the sheet and each generation of it that has succeeded, and your name.

        None of its cells may wait or run, and all of its looks must be public. Twice is the same.
        """
        sharing.share_sheet(find_own_sheet(request, pk))
        return told(request, find_own_sheet(request, pk))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Take the sheet and all its generations back. What is not shared stays so."""
        sharing.unshare_sheet(find_own_sheet(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SharedSheetList(generics.ListAPIView[Sheet]):
    """The shared sheets that an aesthetic is on, the last that was shared first."""

    serializer_class = SheetSerializer
    pagination_class = SignedCursorPagination

    def get_queryset(self) -> QuerySet[Sheet]:
        aesthetic = find_aesthetic(self.request, self.kwargs["owner"], self.kwargs["slug"])
        shared = Sheet.objects.shared_with(self.request.user).in_look(aesthetic)
        return shared.newest_shared().as_seen_by(self.request.user).select_related("owner")
