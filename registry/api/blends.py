"""`POST /blends`: a version made of others, by signed weights or one of three operations."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import person_of
from accounts.models import User
from registry import blending, combinations
from registry.api.closed import ClosedSerializer
from registry.api.imports import ensure_aesthetic
from registry.api.pagination import refuse_unknown
from registry.api.serializers import NeighbourSerializer
from registry.licences import Licence, Rating
from registry.models import Aesthetic, Version
from registry.models.aesthetics import CARD


class LookSerializer(ClosedSerializer):
    version = serializers.CharField(
        max_length=300, help_text="owner/slug[@version] or a version digest; not withdrawn."
    )
    weight = serializers.FloatField(
        required=False,
        min_value=-combinations.LARGEST_WEIGHT,
        max_value=combinations.LARGEST_WEIGHT,
        help_text="Of a weighted mean: 1 where none is given; a negative one leads away.",
    )


class BlendRequestSerializer(ClosedSerializer):
    operation = serializers.ChoiceField(combinations.OPERATIONS, default=combinations.WEIGHTED_MEAN)
    looks = serializers.ListField(child=LookSerializer(), max_length=combinations.MOST_PARENTS)
    share = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="Of slerp: how far to the second look."
    )
    slug = serializers.CharField(
        required=False,
        help_text="An aesthetic of yours; where there is none, it is made, with a title. "
        "Not wanted with dry_run.",
    )
    title = serializers.CharField(required=False)
    card = serializers.CharField(required=False, allow_blank=True)
    licence = serializers.ChoiceField(
        Licence.choices, required=False, help_text="The inherited one where none is given."
    )
    rating = serializers.ChoiceField(Rating.choices, required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    visibility = serializers.ChoiceField(Aesthetic.Visibility.choices, required=False)


class BlendQuerySerializer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField(default=False)


class ParentSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField(source="version.__str__")
    version_digest = serializers.CharField(source="version.version_digest")
    part = serializers.CharField(source="words", help_text="What it does in the blend, in words.")
    cosine = serializers.FloatField(help_text="Of the result and this parent.")


class PreviewSerializer(serializers.Serializer[Any]):
    recipe_digest = serializers.CharField()
    vector_digest = serializers.CharField()
    space = serializers.CharField(source="space.name")
    licence = serializers.ChoiceField(
        Licence.choices, source="rights.licence", help_text="The most open that all parents allow."
    )
    licences = serializers.SerializerMethodField(help_text="All that it may carry.")
    rating = serializers.ChoiceField(Rating.choices, source="rights.rating")
    parents = ParentSerializer(many=True)

    def get_licences(self, candidate: blending.Candidate) -> list[str]:
        return sorted(candidate.rights.licences)


class BlendSerializer(serializers.Serializer[Any]):
    build = serializers.UUIDField(
        allow_null=True, help_text="To be published: POST …/versions {build}. Null in a dry run."
    )
    aesthetic = serializers.CharField(allow_null=True)
    is_new = serializers.BooleanField(help_text="False where the same blend was made before.")
    blend = PreviewSerializer()
    nearest = NeighbourSerializer(many=True)


class Blends(APIView):
    @extend_schema(
        request=BlendRequestSerializer,
        parameters=[
            OpenApiParameter(
                "dry_run", bool, default=False, description="Say what it would be; make nothing."
            )
        ],
        responses={200: BlendSerializer, 201: BlendSerializer},
    )
    def post(self, request: Request) -> Response:
        """Blend versions of one space: a version that is ready, to be published like a build.

        It is a recipe with its parents by their digests: the same again is the same version.
        Licence and rating are inherited; the strictest wins.
        """
        person = person_of(request)
        refuse_unknown(request, taken=["dry_run"])
        # As a dict: of a form's data the serializer would take an empty value for none at all.
        asked = BlendQuerySerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        form = BlendRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        candidate = blending.examine(order_of(said, person))
        near = blending.nearest(candidate, person=person)
        if asked.validated_data["dry_run"]:
            body: dict[str, Any] = {"build": None, "aesthetic": None, "is_new": False}
            return Response(BlendSerializer({**body, "blend": candidate, "nearest": near}).data)
        if "slug" not in said:
            raise ValidationError({"slug": "Name the aesthetic that the blend is for."})
        blended = blending.blend_into(_aesthetic(person, said, candidate), candidate)
        version = blended.version
        body = {
            "build": version.pk,
            "aesthetic": version.aesthetic.ref,
            "is_new": blended.is_new,
            "blend": candidate,
            "nearest": near,
        }
        code = status.HTTP_201_CREATED if blended.is_new else status.HTTP_200_OK
        headers = {"Location": reverse("api:job", args=[version.pk])}
        return Response(BlendSerializer(body).data, status=code, headers=headers)


def order_of(said: dict[str, Any], person: User) -> blending.Order:
    """Return the order with the looks found; name each that is none by its place."""
    looks: list[tuple[Version, float | None]] = []
    for place, look in enumerate(said["looks"]):
        version = blending.find_parent(look["version"], person=person)
        if version is None:
            sentence = f"There is no version “{look['version']}” that can be blended."
            raise ValidationError({"looks": {str(place): {"version": [sentence]}}})
        looks.append((version, look.get("weight")))
    return blending.Order(said["operation"], looks, said.get("share"))


def _aesthetic(person: User, said: dict[str, Any], candidate: blending.Candidate) -> Aesthetic:
    """Return the aesthetic that the blend is for; a new one inherits what is not said."""
    card = {name: said[name] for name in ("slug", *CARD) if name in said}
    if not Aesthetic.objects.owned_by(person).named(person.username, said["slug"]).exists():
        card = {"licence": candidate.rights.licence, "rating": candidate.rights.rating, **card}
        blending.refuse_unfit_new(
            candidate, person=person, licence=card["licence"], rating=card["rating"]
        )
    return ensure_aesthetic(person, card)
