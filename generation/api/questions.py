"""`/dose` and `/agreement`: what a text encoder says of a prompt and a look, without drawing."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ScopePermission, person_of
from accounts.models import Token
from generation.api.generations import with_versions
from generation.api.pointers import told_as
from generation.api.serializers import (
    AboutVersionSerializer,
    AgreementSerializer,
    DoseRequestSerializer,
    DoseSerializer,
)
from generation.questions import AnswerFailed, Kind, answer_to, ask
from registry.api.raw_bytes import OneRepresentation
from registry.api.versions import POLL_SECONDS

SAFETENSORS = "application/octet-stream"
# What a worker refuses by code, where it is not the prompt.
MEMBERS = {"clip-skip-out-of-range": "clip_skip", "no-direction": "aesthetic"}
LATER = OpenApiResponse(description="A worker is at it: ask the same again after `Retry-After`.")


class QuestionView(APIView):
    """A question that a worker answers in a moment; the same question has the same answer."""

    permission_classes = [IsAuthenticated, ScopePermission]
    write_scope = Token.Scope.GENERATE
    kind: Kind
    serializer_class: type[serializers.Serializer[Any]]

    def answered(self, request: Request) -> Response:
        """Answer 200 with what a worker says, or 202 where none has said anything yet."""
        answer = self.answer(request)
        return Response(answer) if answer is not None else self.later()

    def later(self) -> Response:
        return Response(status=status.HTTP_202_ACCEPTED, headers={"Retry-After": str(POLL_SECONDS)})

    def answer(self, request: Request) -> dict[str, Any] | None:
        """Ask what the request's body says.

        Raises ValidationError for what is wrong with it, AnswerFailed for what is wrong here, and
        QuotaExceeded.
        """
        form = self.serializer_class(data=request.data)
        form.is_valid(raise_exception=True)
        said = with_versions(form.validated_data, person=request.user)
        with told_as(version="aesthetic"):
            question = ask(self.kind, **said)
        answer = answer_to(question, person=person_of(request))
        if answer is None:
            return None
        if refused := answer.get("refused"):
            code = answer.get("code", "refused")  # Answers from before have none.
            raise ValidationError({MEMBERS.get(code, "prompt"): ValidationError(refused, code)})
        if failed := answer.get("failed"):
            raise AnswerFailed(failed)
        return answer


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


class PromptEmbedsView(QuestionView):
    kind = Kind.CONDITIONING
    content_negotiation_class = OneRepresentation
    serializer_class = DoseRequestSerializer

    @extend_schema(
        request=DoseRequestSerializer,
        responses={(200, SAFETENSORS): OpenApiTypes.BINARY, 202: LATER},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """The conditioning alone, for those who draw themselves: a safetensors file.

        It holds `prompt_embeds` and `plain_prompt_embeds`, float32 [1, 77 or more, hidden], for the
        checkpoint that the hub draws with; of the SDXL kind also `pooled_prompt_embeds`, the same
        for both. Its metadata says which of the checkpoint's text encoders were personalised.
        """
        answer = self.answer(request)
        if answer is None:
            return self.later()
        name = 'attachment; filename="prompt-embeds.safetensors"'
        return HttpResponse(
            answer["file"], content_type=SAFETENSORS, headers={"Content-Disposition": name}
        )
