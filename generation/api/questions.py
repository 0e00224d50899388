"""`/dose` and `/agreement`: what a text encoder says of a prompt and a look, without drawing."""

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ScopePermission
from accounts.models import Token
from generation.api.generations import named_version
from generation.api.serializers import (
    AboutVersionSerializer,
    AgreementSerializer,
    DoseRequestSerializer,
    DoseSerializer,
)
from generation.questions import Kind, answer_to, ask
from registry.api.versions import POLL_SECONDS

LATER = OpenApiResponse(description="A worker is at it: ask the same again after `Retry-After`.")


class QuestionView(APIView):
    """A question that a worker answers in a moment; the same question has the same answer."""

    permission_classes = [IsAuthenticated, ScopePermission]
    write_scope = Token.Scope.GENERATE
    kind: Kind
    serializer_class: type[serializers.Serializer[Any]]

    def answered(self, request: Request) -> Response:
        form = self.serializer_class(data=request.data)
        form.is_valid(raise_exception=True)
        said: dict[str, Any] = dict(form.validated_data)
        version = named_version(said.pop("aesthetic"), person=request.user)
        answer = answer_to(ask(self.kind, version=version, **said))
        if answer is None:
            return Response(
                status=status.HTTP_202_ACCEPTED, headers={"Retry-After": str(POLL_SECONDS)}
            )
        if refused := answer.get("refused"):
            raise ValidationError({"prompt": ValidationError(refused, code="refused")})
        return Response(answer)


class DoseView(QuestionView):
    kind = Kind.DOSE
    serializer_class = DoseRequestSerializer

    @extend_schema(request=DoseRequestSerializer, responses={200: DoseSerializer, 202: LATER})
    def post(self, request: Request) -> Response:
        """Agreement and drift after each step of a dose, without drawing anything."""
        return self.answered(request)


class AgreementView(QuestionView):
    kind = Kind.AGREEMENT
    serializer_class = AboutVersionSerializer

    @extend_schema(request=AboutVersionSerializer, responses={200: AgreementSerializer, 202: LATER})
    def post(self, request: Request) -> Response:
        """How near a prompt is to an embedding as it stands, and without each of its words."""
        return self.answered(request)
