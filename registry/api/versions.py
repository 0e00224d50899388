"""Builds and versions: measure a set, publish the result, look at it, withdraw it."""

from typing import Any

from django.core import exceptions
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Token
from registry import publishing, queueing, search, serving
from registry.api import withdrawals
from registry.api.aesthetics import find_aesthetic, find_own_aesthetic
from registry.api.jobs import JobSerializer
from registry.api.pagination import SignedCursorPagination
from registry.api.raw_bytes import BytesView, manifest_of, recipe_of
from registry.api.reproductions import ReproducedVersionSerializer
from registry.api.serializers import (
    NeighbourSerializer,
    NeighboursSerializer,
    PublishRequestSerializer,
    VersionSerializer,
    YankRequestSerializer,
)
from registry.models import Version
from registry.takedowns import refuse_taken_down

NEIGHBOURS = 12
SHOWN_WITH = ("aesthetic__owner", "space", "superseded_by__aesthetic__owner")
POLL_SECONDS = 1  # what `Retry-After` of accepted work says


def find_version(request: Request, owner: str, slug: str, ref: str) -> Version:
    """Return a published version the caller may see, by `latest`, `v3`, its digest or an alias.

    Raises TakenDown for one that was taken down.
    """
    aesthetic = find_aesthetic(request, owner, slug)
    named = aesthetic.versions.named(ref).select_related(*SHOWN_WITH)
    version = named.prefetch_related("files").first()
    if version is None:
        raise Http404
    refuse_taken_down(version)
    return version


def accepted(job: Any) -> Response:
    """Answer 202 with the job and where to ask for it."""
    headers = {
        "Location": reverse("api:job", args=[job.pk]),
        "Retry-After": str(POLL_SECONDS),
    }
    return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED, headers=headers)


class BuildList(APIView):
    """Measuring the set of an aesthetic."""

    @extend_schema(request=None, responses={202: JobSerializer})
    def post(self, request: Request, owner: str, slug: str) -> Response:
        """Queue the measuring of the set as it stands; the same set again is the same build."""
        aesthetic = find_own_aesthetic(request, owner, slug)
        return accepted(queueing.queue_build(aesthetic).version)


class VersionList(generics.GenericAPIView[Version]):
    """The published versions of an aesthetic; POST publishes a build."""

    pagination_class = SignedCursorPagination
    serializer_class = VersionSerializer
    write_scope = Token.Scope.PUBLISH

    def get_queryset(self) -> QuerySet[Version]:
        aesthetic = find_aesthetic(self.request, self.kwargs["owner"], self.kwargs["slug"])
        published = aesthetic.versions.published().order_by("-number")
        shown = published.select_related(*SHOWN_WITH).light("superseded_by")
        return shown.prefetch_related("files")

    @extend_schema(responses=VersionSerializer(many=True))
    def get(self, request: Request, owner: str, slug: str) -> Response:
        """The published versions, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(VersionSerializer(page, many=True).data)

    @extend_schema(request=PublishRequestSerializer, responses={201: VersionSerializer})
    def post(self, request: Request, owner: str, slug: str) -> Response:
        """Publish a build that has succeeded: it gets its number and is sealed."""
        aesthetic = find_own_aesthetic(request, owner, slug)
        form = PublishRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = dict(form.validated_data)
        build = aesthetic.versions.filter(pk=said.pop("build")).first()
        if build is None:
            sentence = f"{aesthetic} has no such build; its page lists them."
            raise exceptions.ValidationError(
                {"build": exceptions.ValidationError(sentence, code="not-found")}
            )
        accepts = {name for name, agrees in said.items() if agrees}
        version = publishing.publish(build, accepts=accepts)
        return Response(VersionSerializer(version).data, status=status.HTTP_201_CREATED)


class VersionDetail(APIView):
    @extend_schema(responses=ReproducedVersionSerializer)
    def get(self, request: Request, owner: str, slug: str, ref: str) -> Response:
        """One published version, by `latest`, `v3`, its digest or an alias."""
        return Response(ReproducedVersionSerializer(find_version(request, owner, slug, ref)).data)


class Yank(APIView):
    write_scope = Token.Scope.PUBLISH

    @extend_schema(request=YankRequestSerializer, responses=ReproducedVersionSerializer)
    def post(self, request: Request, owner: str, slug: str, ref: str) -> Response:
        """Withdraw a version: no longer offered, still there for those who have its digest."""
        find_own_aesthetic(request, owner, slug)
        version = find_version(request, owner, slug, ref)
        form = YankRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        successor = find_successor(request, said["superseded_by"])
        publishing.yank(version, reason=said["reason"], superseded_by=successor)
        # By its own name: `latest`, say, is another one by now.
        named = find_version(request, owner, slug, version.name)
        return Response(ReproducedVersionSerializer(named).data)


def find_successor(request: Request, ref: str) -> Version | None:
    """Return the version that is named as successor; raise ValidationError for what is none."""
    if not ref:
        return None
    successor = Version.objects.visible_to(request.user).named_in_full(ref)
    if successor is None:
        raise ValidationError({"superseded_by": f"There is no version “{ref}”."})
    return successor


class Neighbours(APIView):
    @extend_schema(responses=NeighboursSerializer)
    def get(self, request: Request, owner: str, slug: str, ref: str) -> Response:
        """The published versions nearest to this one in its space, nearest first."""
        version = find_version(request, owner, slug, ref)
        nearest = search.neighbours(version, person=request.user, most=NEIGHBOURS)
        prefetch_related_objects([neighbour.version for neighbour in nearest], "files")
        return Response({"items": NeighbourSerializer(nearest, many=True).data})


class Manifest(BytesView):
    @extend_schema(responses={(200, "application/vnd.oci.image.manifest.v1+json"): dict})
    def get(self, request: Request, owner: str, slug: str, ref: str) -> HttpResponse:
        """The sealed manifest, byte for byte: its sha256 is the version digest."""
        version = find_version(request, owner, slug, ref)
        content = manifest_of(version, caching=serving.usual_caching(ref))
        response = serving.serve(request, content)
        withdrawals.warn(response, version)
        return response


class Recipe(BytesView):
    @extend_schema(responses={(200, "application/json"): dict})
    def get(self, request: Request, owner: str, slug: str, ref: str) -> HttpResponse:
        """The recipe, byte for byte: how the vector was made."""
        version = find_version(request, owner, slug, ref)
        content = recipe_of(version, caching=serving.usual_caching(ref))
        response = serving.serve(request, content)
        withdrawals.warn(response, version)
        return response
