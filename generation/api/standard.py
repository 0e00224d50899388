"""A version's standard sheet: what it does to the same prompts as all others, and the pictures."""

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.refusals import Refusal
from generation.api.serializers import PictureSerializer
from generation.doses import BESIDE_STEPS
from generation.models import Generation, StandardSheet
from generation.models.standard_sheets import StandardSheetQuerySet
from generation.standard_reasons import why_not
from registry import blobs, digests, serving
from registry.api.raw_bytes import BytesView
from registry.api.versions import find_version
from registry.models import Version

CHECKPOINT = OpenApiParameter(
    "checkpoint",
    str,
    description="Digest of the weights that drew it; without it the newest sheet is meant. Sheets "
    "of one checkpoint and one recipe can be compared.",
)


class NotDrawn(Refusal):
    """The caller may see the version, and it has no such sheet."""


class StandardRecipeSerializer(serializers.ModelSerializer[Generation]):
    """What decided the pictures, next to the version and the checkpoint.

    Sheets of earlier days tell nothing of the dose but its steps.
    """

    prompts = serializers.ListField(child=serializers.CharField())
    seeds = serializers.ListField(child=serializers.IntegerField())
    doses = serializers.ListField(
        child=serializers.IntegerField(), help_text="Steps of personalisation; 0 is plain."
    )

    class Meta:
        model = Generation
        fields = ["prompts", "seeds", "doses", *BESIDE_STEPS]
        extra_kwargs = {name: {"required": False} for name in BESIDE_STEPS}


class StandardCellSerializer(PictureSerializer):
    prompt = serializers.CharField()
    seed = serializers.IntegerField()
    steps = serializers.IntegerField()


class StandardSheetSerializer(serializers.Serializer[Any]):
    aesthetic = serializers.CharField()
    version_digest = serializers.CharField()
    checkpoint = serializers.CharField(help_text="Digest of the weights that drew it.")
    recipe = StandardRecipeSerializer()
    cells = StandardCellSerializer(many=True, help_text="By prompt, then seed, then dose.")
    picture = PictureSerializer(help_text="The whole sheet as one WebP.")


class StandardSheetDetail(BytesView):
    @extend_schema(parameters=[CHECKPOINT], responses=StandardSheetSerializer)
    def get(self, request: Request, owner: str, slug: str, ref: str) -> HttpResponse:
        """What a version does to the same prompts from the same seeds as all others."""
        version = find_version(request, owner, slug, ref)
        sheets = StandardSheet.objects.visible_to(request.user).filter(version=version)
        data = digests.canonical_json(_facts(version, _newest(request, version, sheets)))
        content = serving.Representation(
            data=data,
            digest=digests.digest_bytes(data),
            media_type="application/json",
            # By a digest as well: the version stays as it is, but another checkpoint may draw it.
            caching=serving.caching_of(version, usual=serving.REVALIDATE),
        )
        return serving.serve(request, content)


class StandardSheetPicture(BytesView):
    @extend_schema(responses={(200, "image/webp"): OpenApiTypes.BINARY})
    def get(self, request: Request, owner: str, slug: str, ref: str, digest: str) -> HttpResponse:
        """A picture that a standard sheet of the version names, whole or a cell, by its digest."""
        version = find_version(request, owner, slug, ref)
        sheets = StandardSheet.objects.visible_to(request.user).filter(version=version)
        if not sheets.with_picture(digest).exists():
            raise Http404
        content = serving.Representation(
            data=blobs.read_blob(digest),
            digest=digest,
            media_type="image/webp",
            caching=serving.caching_of(version, usual=serving.IMMUTABLE),
        )
        return serving.serve(request, content)


def _newest(request: Request, version: Version, sheets: StandardSheetQuerySet) -> StandardSheet:
    """Return the newest of the sheets, or that of the checkpoint that the caller names."""
    checkpoint = request.query_params.get("checkpoint")
    if checkpoint is not None:
        sheets = sheets.filter(checkpoint=checkpoint)
    found = sheets.newest_first().first()
    if found is None:
        # Whoever comes here sees the version, so that this tells nothing they may not know.
        raise NotDrawn("not-found", _why_not(version, checkpoint))
    return found


def _why_not(version: Version, checkpoint: str | None) -> str:
    sheets = StandardSheet.objects.filter(version=version)
    if checkpoint is None:
        return why_not(version, sheets.last_failed())
    failed = sheets.filter(checkpoint=checkpoint).last_failed()
    none = f"{version} has no standard sheet that was drawn by the checkpoint “{checkpoint}”."
    return f"{none} Drawing it failed: {failed.reason}" if failed else none


def _facts(version: Version, sheet: StandardSheet) -> dict[str, object]:
    return {
        "aesthetic": str(version),
        "version_digest": version.version_digest,
        "checkpoint": sheet.checkpoint,
        "recipe": sheet.recipe,
        "cells": [{**cell, "url": _url(version, cell["digest"])} for cell in sheet.cells],
        "picture": {"digest": sheet.picture, "url": _url(version, sheet.picture)},
    }


def _url(version: Version, digest: str) -> str:
    aesthetic = version.aesthetic
    names = [aesthetic.owner.username, aesthetic.slug, version.name, digest]
    return reverse("api:standard_sheet_picture", args=names)
