"""`/aesthetics`: list, create, look at, change, delete."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.authentication import person_of, require_scope
from accounts.models import Token
from registry import publishing, search
from registry.api.pagination import SignedCursorPagination
from registry.api.serializers import AestheticSerializer
from registry.models import Aesthetic


def find_aesthetic(request: Request, owner: str, slug: str) -> Aesthetic:
    """Return an aesthetic the caller may see; 404 for all others, whether they exist or not."""
    return get_object_or_404(Aesthetic.objects.visible_to(request.user).named(owner, slug))


def find_own_aesthetic(request: Request, owner: str, slug: str) -> Aesthetic:
    """Return an aesthetic of the caller; 404 for what they may not see, 403 for others' things."""
    aesthetic = find_aesthetic(request, owner, slug)
    if aesthetic.owner_id != request.user.pk:
        raise PermissionDenied(f"{aesthetic.ref} belongs to {owner}.")
    return aesthetic


@extend_schema_view(
    get=extend_schema(
        parameters=[
            OpenApiParameter("q", str, description="Words; quotes, `or` and `-` work."),
            OpenApiParameter("owner", str, description="Only this person's; your own with drafts."),
            OpenApiParameter("tag", str, description="Only those that carry this tag."),
            OpenApiParameter("space", str, description="Only those with a version in this space."),
            OpenApiParameter("sort", str, enum=list(search.SORTS), default=search.RELEVANCE),
        ]
    )
)
class AestheticList(generics.ListCreateAPIView[Aesthetic]):
    """Published aesthetics; POST creates a draft of your own."""

    serializer_class = AestheticSerializer
    pagination_class = SignedCursorPagination
    filters = ("q", "owner", "tag", "space", "sort")

    def get_queryset(self) -> QuerySet[Aesthetic]:
        wanted = self.request.query_params
        criteria = search.Criteria(
            query=wanted.get("q", ""),
            owner=wanted.get("owner", ""),
            tag=wanted.get("tag", ""),
            space=wanted.get("space", ""),
            sort=wanted.get("sort", search.RELEVANCE),
        )
        if criteria.sort not in search.SORTS:
            raise ValidationError(
                {"sort": f"“{criteria.sort}” is none of {', '.join(search.SORTS)}."}
            )
        return search.browse(criteria, person=self.request.user)

    def perform_create(self, serializer: BaseSerializer[Aesthetic]) -> None:
        aesthetic = Aesthetic(owner=person_of(self.request), **serializer.validated_data)
        aesthetic.add()
        serializer.instance = aesthetic

    def get_success_headers(self, data: Any) -> dict[str, str]:
        return {"Location": self.request.build_absolute_uri(f"aesthetics/{data['ref']}")}


@extend_schema_view(
    delete=extend_schema(
        description="Delete it for good. A token needs the scope `write`, and for one that was "
        "published `publish` too."
    )
)
class AestheticDetail(generics.RetrieveUpdateDestroyAPIView[Aesthetic]):
    """One aesthetic: its card. Only its owner changes or deletes it."""

    serializer_class = AestheticSerializer
    http_method_names = ["get", "head", "patch", "delete", "options"]

    def get_object(self) -> Aesthetic:
        find = find_aesthetic if self.request.method in {"GET", "HEAD"} else find_own_aesthetic
        return find(self.request, self.kwargs["owner"], self.kwargs["slug"])

    def perform_update(self, serializer: BaseSerializer[Aesthetic]) -> None:
        """Save the card; showing what was published and hidden needs the scope of publishing."""
        aesthetic = self.get_object()
        hidden = aesthetic.visibility == Aesthetic.Visibility.PRIVATE
        wanted = serializer.validated_data.get("visibility")
        if hidden and aesthetic.is_published and wanted == Aesthetic.Visibility.PUBLIC:
            require_scope(self.request, Token.Scope.PUBLISH)
        serializer.save()

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete it for good; what was published needs the scope of publishing."""
        aesthetic = self.get_object()
        if aesthetic.is_published:
            require_scope(request, Token.Scope.PUBLISH)
        publishing.delete(aesthetic)
        return Response(status=status.HTTP_204_NO_CONTENT)
