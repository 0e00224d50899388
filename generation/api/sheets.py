"""`/sheets`: drawings beside each other, by two lists; look at one, remove it, put it back."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ScopePermission, person_of
from accounts.models import Token
from generation import sheets
from generation.api.generations import named_version, with_versions
from generation.api.pointers import told_as
from generation.api.serializers import AboutVersionSerializer
from generation.emphasis import EmphasisRefused, spans
from generation.models import Generation, Sheet
from generation.models.generations import LARGEST_SEED, MOST_STEPS, PARAMETERS
from generation.models.sheets import MOST_CELLS
from generation.prompts import check_space
from registry.api.pagination import SignedCursorPagination
from registry.models import Version

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
    owner = serializers.CharField(source="owner.username", read_only=True)
    url = serializers.CharField(
        source="get_absolute_url", read_only=True, help_text="Path of its page."
    )
    removed_at = serializers.DateTimeField(
        source="hidden_at",
        read_only=True,
        allow_null=True,
        help_text="Since when it is removed; null where not.",
    )
    rows = serializers.ListField(
        source="row_heads",
        child=serializers.CharField(),
        read_only=True,
        help_text="From the top down; empty where you may see no cell.",
    )
    columns = serializers.ListField(
        source="column_heads",
        child=serializers.CharField(),
        read_only=True,
        help_text="From left to right; empty where you may see no cell.",
    )

    class Meta:
        model = Sheet
        fields = read_only_fields = [
            *("id", "owner", "url", "kind", "rows", "columns"),
            *("created_at", "shared_at", "removed_at"),
        ]
        extra_kwargs = {
            "shared_at": {"help_text": "Since when others may see it; null for you alone."}
        }


class WholeSheetSerializer(SheetSerializer):
    """A sheet with those of its cells that `person`, of the context, may see."""

    cells = serializers.SerializerMethodField()

    class Meta(SheetSerializer.Meta):
        fields = read_only_fields = [*SheetSerializer.Meta.fields, "cells"]

    @extend_schema_field(CellSerializer(many=True))
    def get_cells(self, sheet: Sheet) -> Any:
        """Return all cells of a sheet of yours; of others' sheets what is shared."""
        cells = Generation.objects.in_sheet(sheet, person=self.context["person"])
        return CellSerializer(cells.order_by("row", "column"), many=True).data


class DosesSerializer(AboutVersionSerializer):
    steps = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_STEPS),
        min_length=1,
        max_length=MOST_CELLS,
        help_text="A row for each.",
    )
    seeds = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=LARGEST_SEED),
        min_length=1,
        max_length=MOST_CELLS,
        help_text="A column for each.",
    )

    class Meta(AboutVersionSerializer.Meta):
        fields = ["aesthetic", "others", "prompt", "steps", "seeds", *SHARED]


def refuse_unreadable(prompt: str) -> None:
    """Raise ValidationError for words that no text encoder can read so strongly."""
    try:
        spans(prompt)
    except EmphasisRefused as error:
        raise serializers.ValidationError(error.detail, code=error.code) from error


class LooksSerializer(AboutVersionSerializer):
    aesthetic = None  # type: ignore[assignment]  # there are several
    others = None  # type: ignore[assignment]  # each look is drawn by itself
    aesthetics = serializers.ListField(
        child=serializers.CharField(),
        min_length=1,
        max_length=MOST_CELLS,
        help_text="A row for each.",
    )
    prompts = serializers.ListField(
        child=serializers.CharField(max_length=1000, validators=[refuse_unreadable]),
        min_length=1,
        max_length=MOST_CELLS,
        help_text="A column for each.",
    )

    class Meta(AboutVersionSerializer.Meta):
        fields = ["aesthetics", "prompts", "seed", "steps", *SHARED]


class SheetList(generics.ListAPIView[Sheet]):
    """Your sheets, but for removed ones."""

    serializer_class = SheetSerializer
    pagination_class = SignedCursorPagination
    permission_classes = [IsAuthenticated, ScopePermission]

    def get_queryset(self) -> QuerySet[Sheet]:
        own = Sheet.objects.owned_by(self.request.user).as_seen_by(self.request.user).kept()
        return own.select_related("owner").order_by("-created_at", "-pk")


class RemovedSheetList(SheetList):
    """The sheets that you have removed and can put back."""

    def get_queryset(self) -> QuerySet[Sheet]:
        own = Sheet.objects.owned_by(self.request.user).as_seen_by(self.request.user).removed()
        return own.select_related("owner").order_by("-hidden_at", "-pk")


class SheetDetail(APIView):
    """One sheet with its cells; each is a generation."""

    write_scope = Token.Scope.GENERATE

    @extend_schema(responses=WholeSheetSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """One sheet, yours or shared; of others' you see the cells that they share."""
        return told(request, find_visible_sheet(request, pk))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Remove it with its cells: ended, taken back, listed no more. It can be put back."""
        sheets.remove(find_own_sheet(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SheetPutBack(APIView):
    write_scope = Token.Scope.GENERATE

    @extend_schema(request=None, responses=WholeSheetSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Undo the removal of a sheet and its cells; what was cancelled or taken back stays so."""
        sheets.put_back(find_own_sheet(request, pk))
        return told(request, find_own_sheet(request, pk))


class SheetCancel(APIView):
    write_scope = Token.Scope.GENERATE

    @extend_schema(request=None, responses=WholeSheetSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """End the cells that wait or run; twice is the same."""
        found = find_own_sheet(request, pk)
        sheets.cancel(found)
        return told(request, found)


def find_visible_sheet(request: Request, pk: UUID) -> Sheet:
    """Return a sheet the caller may see; 404 for all others, whether they exist or not."""
    visible = Sheet.objects.visible_to(request.user).as_seen_by(request.user)
    return get_object_or_404(visible.select_related("owner"), pk=pk)


def find_own_sheet(request: Request, pk: UUID) -> Sheet:
    """Return a sheet of the caller; 404 for what they may not see, 403 for others' sheets."""
    found = find_visible_sheet(request, pk)
    if found.owner_id != request.user.pk:
        raise PermissionDenied(f"This sheet belongs to {found.owner.username}.")
    return found


def told(request: Request, sheet: Sheet) -> Response:
    """Answer with a sheet as the caller may see it."""
    return Response(WholeSheetSerializer(sheet, context={"person": request.user}).data)


class DosesSheet(APIView):
    permission_classes = [IsAuthenticated, ScopePermission]
    write_scope = Token.Scope.GENERATE

    @extend_schema(request=DosesSerializer, responses={202: WholeSheetSerializer})
    def post(self, request: Request) -> Response:
        """Queue one prompt in one look at several doses, from several seeds."""
        said = _validated(DosesSerializer(data=request.data))
        said = with_versions(said, person=request.user)
        with told_as(version="aesthetic", seed="seeds"):
            made = sheets.queue_doses_by_seeds(person_of(request), **said)
        return _accepted(request, made)


class LooksSheet(APIView):
    permission_classes = [IsAuthenticated, ScopePermission]
    write_scope = Token.Scope.GENERATE

    @extend_schema(request=LooksSerializer, responses={202: WholeSheetSerializer})
    def post(self, request: Request) -> Response:
        """Queue several prompts in several looks, all from one seed."""
        said = _validated(LooksSerializer(data=request.data))
        versions = [
            _version(ref, index, request) for index, ref in enumerate(said.pop("aesthetics"))
        ]
        with told_as(prompt="prompts"):
            made = sheets.queue_looks_by_prompts(person_of(request), versions=versions, **said)
        return _accepted(request, made)


def _validated(form: serializers.Serializer[Any]) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def _version(ref: str, index: int, request: Request) -> Version:
    """Return the version to draw with; raise ValidationError that points at its place."""
    place = f"aesthetics/{index}"
    with told_as(aesthetic=place, version=place):
        version = named_version(ref, person=request.user)
        check_space(version)
    return version


def _accepted(request: Request, made: Sheet) -> Response:
    answer = told(request, find_own_sheet(request, made.pk))
    answer.status_code = status.HTTP_202_ACCEPTED
    answer["Location"] = f"/api/v1/sheets/{made.pk}"
    answer["Retry-After"] = "2"
    return answer
