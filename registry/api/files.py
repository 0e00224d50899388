"""Bytes: a version's files by name, and anything published by its digest."""

from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from registry import blobs, serving
from registry.api import withdrawals
from registry.api.raw_bytes import BytesView, manifest_of, recipe_of
from registry.api.versions import find_version
from registry.downloads import count_download
from registry.models import Version, VersionFile
from registry.takedowns import refuse_taken_down


def serve_file(request: HttpRequest, file: VersionFile, *, caching: str) -> HttpResponse:
    """Answer with the bytes of a version's file, and count the download."""
    refuse_taken_down(file.version)
    content = serving.Representation(
        data=blobs.read_blob(file.digest),
        digest=file.digest,
        media_type=file.media_type,
        caching=serving.caching_of(file.version, usual=caching),
        filename=file.name,
    )
    response = serving.serve(request, content)
    withdrawals.warn(response, file.version)
    if serving.covers_start(request, response):
        count_download(request, file.version)
    return response


class File(BytesView):
    @extend_schema(responses={(200, "*/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, owner: str, slug: str, ref: str, name: str) -> HttpResponse:
        """A file of a version, by its name: `.safetensors`, `.pt`, `.npy` or `.json`."""
        version = find_version(request, owner, slug, ref)
        file = get_object_or_404(version.files, name=name)
        file.version = version
        return serve_file(request, file, caching=serving.usual_caching(ref))


class Blob(BytesView):
    @extend_schema(responses={(200, "*/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, digest: str) -> HttpResponse:
        """Published bytes by their digest: files, manifests and recipes. They never change.

        Bytes that several versions have are served as long as one of them was not taken down.
        """
        public = Version.objects.visible_to(request.user).published()
        file = (
            VersionFile.objects.filter(digest=digest, version__in=public)
            .select_related("version__aesthetic__owner", "version__superseded_by__aesthetic__owner")
            .order_by(
                F("version__taken_down_at").asc(nulls_first=True),
                F("version__yanked_at").asc(nulls_first=True),
                "version__published_at",
            )
            .first()
        )
        if file is not None:
            return serve_file(request, file, caching=serving.IMMUTABLE)
        named = public.filter(Q(version_digest=digest) | Q(recipe_digest=digest))
        first = named.order_by(F("taken_down_at").asc(nulls_first=True), "published_at")
        version = first.select_related(
            "aesthetic__owner", "superseded_by__aesthetic__owner"
        ).first()
        if version is None:
            raise Http404
        refuse_taken_down(version)
        part_of = manifest_of if version.version_digest == digest else recipe_of
        response = serving.serve(request, part_of(version, caching=serving.IMMUTABLE))
        withdrawals.warn(response, version)
        return response
