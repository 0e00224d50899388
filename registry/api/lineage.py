"""`…/versions/{ref}/lineage`: what a version was made of, and what was made of it."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from registry import lineage
from registry.api.pagination import SignedCursorPagination
from registry.api.serializers import VersionSerializer
from registry.api.versions import find_version
from registry.models import Version


class RelativeSerializer(serializers.Serializer[Any]):
    steps = serializers.IntegerField(help_text="From the version that was asked for, at least 1.")
    parents = serializers.ListField(
        child=serializers.CharField(), help_text="Version digests, as its recipe names them."
    )
    version = VersionSerializer()


class LineageQuerySerializer(serializers.Serializer[Any]):
    direction = serializers.ChoiceField(lineage.DIRECTIONS, default="parents")
    depth = serializers.IntegerField(min_value=1, max_value=lineage.MOST_STEPS, default=1)


class Lineage(generics.GenericAPIView[Version]):
    pagination_class = SignedCursorPagination
    filters = ("direction", "depth")
    serializer_class = RelativeSerializer

    @extend_schema(
        parameters=[
            OpenApiParameter("direction", str, enum=lineage.DIRECTIONS, default="parents"),
            OpenApiParameter("depth", int, default=1, description="Steps, 1 to 8."),
        ],
        responses=RelativeSerializer(many=True),
        operation_id="aesthetics_versions_lineage",
    )
    def get(self, request: Request, owner: str, slug: str, ref: str) -> Response:
        """The published versions that this one was made of, or that were made of it, newest first.

        What the caller may not see is left out, and so is what is reached by way of it only.
        """
        version = find_version(request, owner, slug, ref)
        asked = LineageQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        steps = lineage.relatives(
            version,
            asked.validated_data["direction"],
            among=lineage.seen_by(request.user),
            steps=asked.validated_data["depth"],
        )
        found = lineage.shown(steps, with_recipes=True)
        found = found.select_related("superseded_by__aesthetic__owner")
        found = found.light("superseded_by", keep="recipe").prefetch_related("files")
        page = self.paginate_queryset(found) or []
        items = [
            {
                "steps": steps[each.pk],
                "parents": [part.parent for part in lineage.parts_of(each)],
                "version": each,
            }
            for each in page
        ]
        return self.get_paginated_response(RelativeSerializer(items, many=True).data)
