"""Bytes: a version's files by name, anything published by its digest, and what a hash names."""

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry import blobs, digests, serving
from registry.api.raw_bytes import BytesView, caching_of, manifest_of, recipe_of
from registry.api.serializers import VersionSerializer, VersionsSerializer
from registry.api.versions import find_version
from registry.downloads import count_download
from registry.models import Version, VersionFile

MOST_NAMED = 100  # versions; copies of a set share its digests


def serve_file(request: HttpRequest, file: VersionFile, *, caching: str) -> HttpResponse:
    """Answer with the bytes of a version's file, and count the download."""
    content = serving.Representation(
        data=blobs.read_blob(file.digest),
        digest=file.digest,
        media_type=file.media_type,
        caching=caching_of(file.version, usual=caching),
        filename=file.name,
    )
    response = serving.serve(request, content)
    if serving.covers_start(request, response):
        count_download(request, file.version)
    return response


class File(BytesView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, owner: str, slug: str, ref: str, name: str) -> HttpResponse:
        """A file of a version, by its name: `.safetensors`, `.pt`, `.npy` or `.json`."""
        version = find_version(request, owner, slug, ref)
        file = get_object_or_404(version.files, name=name)
        file.version = version
        by_digest = digests.is_digest(ref)
        caching = serving.IMMUTABLE if by_digest else serving.REVALIDATE
        return serve_file(request, file, caching=caching)


class Blob(BytesView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, digest: str) -> HttpResponse:
        """Published bytes by their digest: files, manifests and recipes. They never change."""
        public = Version.objects.visible_to(request.user).published()
        file = (
            VersionFile.objects.filter(digest=digest, version__in=public)
            .select_related("version__aesthetic__owner")
            .order_by("version__published_at")
            .first()
        )
        if file is not None:
            return serve_file(request, file, caching=serving.IMMUTABLE)
        named = public.filter(Q(version_digest=digest) | Q(recipe_digest=digest))
        version = named.select_related("aesthetic").first()
        if version is None:
            raise Http404
        part_of = manifest_of if version.version_digest == digest else recipe_of
        return serving.serve(request, part_of(version, caching=serving.IMMUTABLE))


class ByHash(APIView):
    @extend_schema(responses=VersionsSerializer)
    def get(self, request: Request, digest: str) -> Response:
        """The published versions that any digest of the hub, or a file's sha256, names."""
        named = versions_named_by(digest, Version.objects.visible_to(request.user).published())
        if not named:
            raise Http404
        return Response({"items": VersionSerializer(named, many=True).data})


def versions_named_by(digest: str, versions: QuerySet[Version]) -> list[Version]:
    """Return the first of `versions` that have `digest` for one of their names, oldest first."""
    if not digest.startswith("sha256:"):
        digest = f"sha256:{digest}"
    # A union, so that each column's index is used; an `or` with the files would read all versions.
    with_file = VersionFile.objects.order_by().filter(digest=digest).values("version")
    columns = ("version_digest", "vector_digest", "recipe_digest", "image_set_digest")
    anything = Version.objects.order_by().values("pk")
    named = with_file.union(*(anything.filter(**{column: digest}) for column in columns))
    found = versions.filter(pk__in=named).order_by("published_at")
    shown = found.select_related("aesthetic__owner", "space").prefetch_related("files")
    return list(shown[:MOST_NAMED])
