"""`POST /imports`: a file made elsewhere becomes a version that can be published."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import person_of
from accounts.models import User
from registry import importing
from registry.api.closed import ClosedSerializer
from registry.api.serializers import BytesField
from registry.file_names import shown
from registry.licences import Licence, Rating
from registry.models import Aesthetic, Space, Version
from registry.models.aesthetics import CARD
from registry.raw_vectors import is_space_name


class SpaceField(serializers.SlugRelatedField[Space]):
    """A space by its name; a text that can't be one is none, before the database is asked."""

    def to_internal_value(self, data: Any) -> Space:
        name = str(data)
        found = Space.objects.filter(name=name).first() if is_space_name(name) else None
        if found is None:
            known = ", ".join(Space.objects.order_by("name").values_list("name", flat=True))
            raise ValidationError(
                f"There is no space “{shown(name)}” here; there is {known or 'none yet'}.",
                code="does_not_exist",
            )
        return found


class ImportRequestSerializer(ClosedSerializer):
    file = BytesField(
        allow_empty_file=True,  # refused by its name
        help_text="A .safetensors, .pt, .npy or .json file of one vector. It is not kept.",
    )
    space = SpaceField(
        slug_field="name",
        queryset=Space.objects.all(),
        help_text="The space that the vector is of, as you declare it.",
    )
    slug = serializers.CharField(
        help_text="An aesthetic of yours; where there is none, it is made, with a title."
    )
    title = serializers.CharField(required=False)
    card = serializers.CharField(required=False, allow_blank=True)
    licence = serializers.ChoiceField(Licence.choices, required=False)
    rating = serializers.ChoiceField(Rating.choices, required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    visibility = serializers.ChoiceField(Aesthetic.Visibility.choices, required=False)


class ImportSerializer(serializers.Serializer[Any]):
    build = serializers.UUIDField(
        source="version.pk", help_text="To be published: POST …/versions {build}."
    )
    aesthetic = serializers.CharField(source="version.aesthetic.ref")
    version = serializers.CharField(source="version.name", help_text="`draft` until published.")
    is_new = serializers.BooleanField(help_text="False where the vector was imported before.")
    space = serializers.CharField(source="version.space.name")
    vector_digest = serializers.CharField(source="version.vector_digest")
    file_digest = serializers.CharField(source="candidate.digest", help_text="Of your file.")
    file_kind = serializers.CharField(source="candidate.kind")
    fingerprint = serializers.ChoiceField(
        Version.Fingerprint.choices, source="candidate.finding.label"
    )
    finding = serializers.CharField(source="candidate.finding.sentence")
    elsewhere = serializers.ListField(
        child=serializers.CharField(),
        source="candidate.elsewhere",
        help_text="Published versions with the same vector: owner/slug@version.",
    )


class Imports(APIView):
    parser_classes = [MultiPartParser]

    @extend_schema(
        request=ImportRequestSerializer,
        responses={200: ImportSerializer, 201: ImportSerializer},
    )
    def post(self, request: Request) -> Response:
        """Import a file made elsewhere: a version that is ready, to be published like a build.

        It needs no pictures. The same vector again is the same version.
        """
        person = person_of(request)
        form = ImportRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        data = importing.read_upload(said["file"])
        candidate = importing.examine(said["file"].name, data, space=said["space"], person=person)
        aesthetic = ensure_aesthetic(person, said)
        imported = importing.import_into(aesthetic, candidate)
        code = status.HTTP_201_CREATED if imported.is_new else status.HTTP_200_OK
        headers = {"Location": reverse("api:job", args=[imported.version.pk])}
        return Response(ImportSerializer(imported).data, status=code, headers=headers)


def ensure_aesthetic(person: User, said: dict[str, Any]) -> Aesthetic:
    """Return the person's aesthetic of that slug, made with the card where there was none.

    The card of one that is there is changed by PATCH.
    """
    card = {name: said[name] for name in CARD if name in said}
    found = Aesthetic.objects.owned_by(person).named(person.username, said["slug"]).first()
    if found is not None and card:
        raise ValidationError(
            dict.fromkeys(card, f"{found.ref} has a card already; change it by PATCH.")
        )
    if found is not None:
        return found
    made = Aesthetic(owner=person, slug=said["slug"], **card)
    made.add()
    return made
