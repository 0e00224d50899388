"""`/sheets`: drawings beside each other, by two lists."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ScopePermission, person_of
from accounts.models import Token
from generation import sheets
from generation.api.generations import named_version, with_versions
from generation.api.serializers import AboutVersionSerializer
from generation.models import Generation, Sheet
from generation.models.generations import LARGEST_SEED, MOST_STEPS, PARAMETERS
from generation.models.sheets import MOST_CELLS
from registry.api.pagination import SignedCursorPagination

SHARED = [name for name in PARAMETERS if name not in {"prompt", "seed", "steps"}]


class CellSerializer(serializers.ModelSerializer[Generation]):
    personalised = serializers.SerializerMethodField()

    class Meta:
        model = Generation
        fields = read_only_fields = ["id", "row", "column", "state", "reason", "personalised"]

    def get_personalised(self, cell: Generation) -> str | None:
        """Return the digest of the picture, once it is drawn."""
        return cell.personalised or None


class SheetSerializer(serializers.ModelSerializer[Sheet]):
    rows = serializers.ListField(child=serializers.CharField(), read_only=True)
    columns = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Sheet
        fields = read_only_fields = ["id", "kind", "rows", "columns", "created_at"]


class WholeSheetSerializer(SheetSerializer):
    cells = CellSerializer(source="placed_cells", many=True, read_only=True)

    class Meta(SheetSerializer.Meta):
        fields = read_only_fields = [*SheetSerializer.Meta.fields, "cells"]


class DosesSerializer(AboutVersionSerializer):
    steps = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_STEPS),
        max_length=MOST_CELLS,
        help_text="A row for each.",
    )
    seeds = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=LARGEST_SEED),
        max_length=MOST_CELLS,
        help_text="A column for each.",
    )

    class Meta(AboutVersionSerializer.Meta):
        fields = ["aesthetic", "others", "prompt", "steps", "seeds", *SHARED]


class LooksSerializer(AboutVersionSerializer):
    aesthetic = None  # type: ignore[assignment]  # there are several
    others = None  # type: ignore[assignment]  # each look is drawn by itself
    aesthetics = serializers.ListField(
        child=serializers.CharField(), max_length=MOST_CELLS, help_text="A row for each."
    )
    prompts = serializers.ListField(
        child=serializers.CharField(max_length=1000),
        max_length=MOST_CELLS,
        help_text="A column for each.",
    )

    class Meta(AboutVersionSerializer.Meta):
        fields = ["aesthetics", "prompts", "seed", "steps", *SHARED]


class SheetList(generics.ListAPIView[Sheet]):
    """Your sheets."""

    serializer_class = SheetSerializer
    pagination_class = SignedCursorPagination
    permission_classes = [IsAuthenticated, ScopePermission]

    def get_queryset(self) -> QuerySet[Sheet]:
        return Sheet.objects.owned_by(self.request.user).order_by("-created_at", "-pk")


class SheetDetail(generics.RetrieveAPIView[Sheet]):
    """One sheet of yours with its cells; each is a generation."""

    serializer_class = WholeSheetSerializer
    permission_classes = [IsAuthenticated, ScopePermission]

    def get_queryset(self) -> QuerySet[Sheet]:
        return Sheet.objects.owned_by(self.request.user)


class SheetCancel(APIView):
    permission_classes = [IsAuthenticated, ScopePermission]
    write_scope = Token.Scope.GENERATE

    @extend_schema(request=None, responses=WholeSheetSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """End the cells that wait or run; twice is the same."""
        found = get_object_or_404(Sheet.objects.owned_by(request.user), pk=pk)
        sheets.cancel(found)
        return Response(WholeSheetSerializer(found).data)


class DosesSheet(APIView):
    permission_classes = [IsAuthenticated, ScopePermission]
    write_scope = Token.Scope.GENERATE

    @extend_schema(request=DosesSerializer, responses={202: WholeSheetSerializer})
    def post(self, request: Request) -> Response:
        """Queue one prompt in one look at several doses, from several seeds."""
        said = _validated(DosesSerializer(data=request.data))
        said = with_versions(said, person=request.user)
        return _accepted(sheets.queue_doses_by_seeds(person_of(request), **said))


class LooksSheet(APIView):
    permission_classes = [IsAuthenticated, ScopePermission]
    write_scope = Token.Scope.GENERATE

    @extend_schema(request=LooksSerializer, responses={202: WholeSheetSerializer})
    def post(self, request: Request) -> Response:
        """Queue several prompts in several looks, all from one seed."""
        said = _validated(LooksSerializer(data=request.data))
        versions = [_version(ref, request) for ref in said.pop("aesthetics")]
        made = sheets.queue_looks_by_prompts(person_of(request), versions=versions, **said)
        return _accepted(made)


def _validated(form: serializers.Serializer[Any]) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def _version(ref: str, request: Request) -> Any:
    try:
        return named_version(ref, person=request.user)
    except ValidationError as error:
        raise ValidationError({"aesthetics": error.error_dict["aesthetic"]}) from error


def _accepted(made: Sheet) -> Response:
    answer = Response(WholeSheetSerializer(made).data, status=status.HTTP_202_ACCEPTED)
    answer["Location"] = f"/api/v1/sheets/{made.pk}"
    answer["Retry-After"] = "2"
    return answer
