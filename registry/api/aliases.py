"""`/aesthetics/{owner}/{slug}/aliases`: names that move, and the history of their moves."""

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import person_of
from accounts.models import Token
from registry import aliases
from registry.api.aesthetics import find_aesthetic, find_own_aesthetic
from registry.api.closed import ClosedSerializer
from registry.api.pagination import SignedCursorPagination
from registry.api.versions import find_version
from registry.models import Aesthetic, Alias, AliasMove, Version
from registry.models.aliases import MOVES_SHOWN


class AliasMoveSerializer(serializers.ModelSerializer[AliasMove]):
    source = serializers.CharField(  # type: ignore[assignment]  # a field, not DRF's own `source`
        source="source.name", allow_null=True, help_text="Null where the alias is new."
    )
    target = serializers.CharField(source="target.name")
    moved_by = serializers.CharField(source="moved_by.username")

    class Meta:
        model = AliasMove
        fields = read_only_fields = ["source", "target", "moved_at", "moved_by"]


class AliasSerializer(serializers.ModelSerializer[Alias]):
    version = serializers.CharField(source="version.name")
    version_digest = serializers.CharField(source="version.version_digest")
    moves = AliasMoveSerializer(
        source="newest_moves",
        many=True,
        help_text=f"Newest first, {MOVES_SHOWN} at most; all are at `/aliases/{{alias}}/moves`.",
    )

    class Meta:
        model = Alias
        fields = read_only_fields = ["name", "version", "version_digest", "moves"]


class AliasRequestSerializer(ClosedSerializer):
    version = serializers.CharField(
        max_length=128, help_text="A version of the aesthetic: v3, its digest, latest, an alias."
    )


class AliasList(generics.GenericAPIView[Alias]):
    pagination_class = SignedCursorPagination
    serializer_class = AliasSerializer

    def get_queryset(self) -> QuerySet[Alias]:
        aesthetic = find_aesthetic(self.request, self.kwargs["owner"], self.kwargs["slug"])
        return aesthetic.aliases.with_history().order_by("name")

    @extend_schema(responses=AliasSerializer(many=True), operation_id="aesthetics_aliases_list")
    def get(self, request: Request, owner: str, slug: str) -> Response:
        """The aliases of an aesthetic by name, each with its newest moves."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(AliasSerializer(page, many=True).data)


class AliasDetail(APIView):
    write_scope = Token.Scope.PUBLISH

    @extend_schema(responses=AliasSerializer)
    def get(self, request: Request, owner: str, slug: str, alias: str) -> Response:
        """One alias, with its newest moves."""
        return Response(AliasSerializer(_find(find_aesthetic(request, owner, slug), alias)).data)

    @extend_schema(
        request=AliasRequestSerializer, responses={200: AliasSerializer, 201: AliasSerializer}
    )
    def put(self, request: Request, owner: str, slug: str, alias: str) -> Response:
        """Let the alias stand for a version of the aesthetic; the move goes into its history."""
        aesthetic = find_own_aesthetic(request, owner, slug)
        form = AliasRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        version = _named_version(request, aesthetic, form.validated_data["version"])
        moved = aliases.move_alias(aesthetic, alias, to=version, by=person_of(request))
        code = status.HTTP_201_CREATED if moved.is_new else status.HTTP_200_OK
        return Response(AliasSerializer(_find(aesthetic, alias)).data, status=code)


class AliasMoveList(generics.GenericAPIView[AliasMove]):
    pagination_class = SignedCursorPagination
    serializer_class = AliasMoveSerializer

    def get_queryset(self) -> QuerySet[AliasMove]:
        aesthetic = find_aesthetic(self.request, self.kwargs["owner"], self.kwargs["slug"])
        alias = get_object_or_404(aesthetic.aliases, name=self.kwargs["alias"])
        return AliasMove.objects.filter(alias=alias).with_names()

    @extend_schema(responses=AliasMoveSerializer(many=True))
    def get(self, request: Request, owner: str, slug: str, alias: str) -> Response:
        """The whole history of an alias, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(AliasMoveSerializer(page, many=True).data)


def _named_version(request: Request, aesthetic: Aesthetic, ref: str) -> Version:
    """Return the version that a body names; raise ValidationError where there is none."""
    try:
        return find_version(request, aesthetic.owner.username, aesthetic.slug, ref)
    except Http404 as error:
        sentence = f"{aesthetic} has no published version “{ref}”."
        raise ValidationError({"version": ValidationError(sentence, code="not-found")}) from error


def _find(aesthetic: Aesthetic, name: str) -> Alias:
    found: Alias | None = aesthetic.aliases.with_history().filter(name=name).first()
    if found is None:
        raise Http404
    return found
