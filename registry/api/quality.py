"""What the set doctor says of a version, and how two versions differ.

Everybody sees what the published vectors and the numbers of the whole set tell; what is about
single pictures is the owner's alone.
"""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry import comparing, quality
from registry.api.aesthetics import find_aesthetic
from registry.models import QualityReport, Side, Version
from registry.near_duplicates import MOST_PAIRS
from registry.takedowns import refuse_taken_down


class ChangeSerializer(serializers.Serializer[Any]):
    more = serializers.IntegerField(help_text="Pictures of the same kind.")
    change = serializers.FloatField(help_text="Of the direction, 1 - cosine, as is expected.")


class DimensionSerializer(serializers.Serializer[Any]):
    dimension = serializers.IntegerField()
    value = serializers.FloatField(help_text="In the vector of length 1.")


class TwoStylesSerializer(serializers.Serializer[Any]):
    sizes = serializers.ListField(child=serializers.IntegerField())
    separation = serializers.FloatField(help_text="Ashman's D.")
    needed = serializers.FloatField()
    silhouette = serializers.FloatField()


class PictureReportSerializer(serializers.Serializer[Any]):
    image = serializers.CharField(help_text="Digest of the stored bytes.")
    side = serializers.ChoiceField(Side.choices)
    influence = serializers.FloatField(
        help_text="Degrees by which the vector turns when the picture is left out."
    )
    to_others = serializers.FloatField(
        help_text="Degrees between the picture and the others of its side."
    )
    is_outlier = serializers.BooleanField()
    group = serializers.IntegerField(
        allow_null=True, help_text="1 or 2, where the set looks like two styles."
    )


class PairReportSerializer(serializers.Serializer[Any]):
    pictures = serializers.ListField(
        child=serializers.IntegerField(), help_text="Two places in `pictures`."
    )
    cosine = serializers.FloatField()
    bits = serializers.IntegerField(help_text="Of the two perceptual hashes' 64, apart.")


class OwnReportSerializer(serializers.Serializer[Any]):
    resultant_length_away = serializers.FloatField(allow_null=True)
    outliers = serializers.IntegerField()
    two_styles = TwoStylesSerializer(allow_null=True)
    pictures = PictureReportSerializer(many=True)
    near_duplicates = PairReportSerializer(
        many=True, help_text=f"The closest pairs that show the same, {MOST_PAIRS} at most."
    )
    near_duplicate_pairs = serializers.IntegerField(help_text="How many pairs there are in all.")
    alike = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Groups of pictures that hang together by such pairs, as places in `pictures`; "
        "the most typical of each comes first.",
    )


class QualitySerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    images = serializers.IntegerField()
    resultant_length = serializers.FloatField(help_text="1 where all pictures point the same way.")
    standard_error = serializers.FloatField(
        help_text="Expected degrees between this vector and that of endless pictures."
    )
    sufficiency = ChangeSerializer(many=True)
    enough = serializers.IntegerField(
        help_text="Pictures from which on 25 more would change less than 0.1 %."
    )
    fingerprint = DimensionSerializer(many=True, help_text="The vector's largest numbers.")
    private = OwnReportSerializer(allow_null=True, help_text="Null for all but the owner.")


class MoveSerializer(serializers.Serializer[Any]):
    image = serializers.CharField(help_text="Digest of the stored bytes.")
    side = serializers.ChoiceField(Side.choices)
    is_added = serializers.BooleanField()
    angle = serializers.FloatField(help_text="Degrees by which this alone turns the vector.")
    share = serializers.FloatField(help_text="Of the whole turn; all of them add up to 1.")


class DifferenceSerializer(serializers.Serializer[Any]):
    before = serializers.CharField(help_text="owner/slug@version")
    after = serializers.CharField(help_text="owner/slug@version")
    before_images = serializers.IntegerField()
    after_images = serializers.IntegerField()
    cosine = serializers.FloatField()
    angle = serializers.FloatField(help_text="Degrees.")
    moves = MoveSerializer(
        many=True,
        allow_null=True,
        help_text="The pictures that came and went, and what each did. Null for all but the owner.",
    )


def find_measured(request: Request, owner: str, slug: str, ref: str) -> Version:
    """Return a published version the caller may see, or by its id a ready build of their own.

    Raises Http404, and TakenDown.
    """
    aesthetic = find_aesthetic(request, owner, slug)
    found = aesthetic.versions.measured(ref, request.user)
    version = found.select_related("aesthetic__owner", "space").first()
    if version is None:
        raise Http404
    refuse_taken_down(version)
    return version


class Quality(APIView):
    @extend_schema(responses=QualitySerializer)
    def get(self, request: Request, owner: str, slug: str, ref: str) -> Response:
        """How tight the set is, and whether more pictures would change its vector.

        For its owner also what each picture does, before publishing too: by the id of the build.
        """
        version = find_measured(request, owner, slug, ref)
        report = quality.ensure_report(version)
        is_owner = version.aesthetic.owner_id == request.user.pk
        body = {
            **report.summary,
            "ref": str(version),
            "private": _private(report) if is_owner else None,
        }
        return Response(QualitySerializer(body).data)


def _private(report: QualityReport) -> dict[str, Any]:
    return {
        **report.summary,
        "pictures": report.details["pictures"],
        "near_duplicates": quality.closest_pairs(report),
        "near_duplicate_pairs": report.summary["near_duplicates"],
        "alike": quality.groups_alike(report),
    }


class Difference(APIView):
    @extend_schema(responses=DifferenceSerializer)
    def get(self, request: Request, owner: str, slug: str, ref: str, other: str) -> Response:
        """How far two versions lie apart; for their owner, which pictures moved the vector."""
        before = find_measured(request, owner, slug, ref)
        after = find_measured(request, owner, slug, other)
        comparison = comparing.compare(before, after)
        is_owner = before.aesthetic.owner_id == request.user.pk
        body = {
            "before": str(before),
            "after": str(after),
            "before_images": before.image_count,
            "after_images": after.image_count,
            "cosine": comparison.cosine,
            "angle": comparison.angle,
            "moves": comparing.moves(comparison) if is_owner else None,
        }
        return Response(DifferenceSerializer(body).data)
