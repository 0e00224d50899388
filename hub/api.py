"""The API's router: the parts of each app, jobs of every kind, the service document."""

from urllib.parse import unquote
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.urls import include, path, reverse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import require_scope
from accounts.models import Token, User
from generation.models import Generation
from registry.api.jobs import JobSerializer
from registry.models import Job, Verification, Version


class JobEnded(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "job-ended"
    default_detail = "A job that succeeded, failed or was cancelled never changes again."


class JobDetail(APIView):
    """A build, a verification or a generation of yours, while it waits, runs, and after."""

    write_scopes = (Token.Scope.WRITE, Token.Scope.GENERATE)

    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """How far the job is, and where its result is."""
        return Response(JobSerializer(find_job(request.user, pk)).data)

    @extend_schema(responses={200: JobSerializer})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Cancel the job; its worker stops at its next step.

        A token needs the scope `generate` for a generation, and `write` for all else.
        """
        job = find_job(request.user, pk)
        draws = isinstance(job, Generation)
        require_scope(request, Token.Scope.GENERATE if draws else Token.Scope.WRITE)
        if not type(job).objects.cancel(job.pk):
            raise JobEnded
        return Response(JobSerializer(find_job(request.user, pk)).data)


def find_job(person: User | AnonymousUser, pk: UUID) -> Job:
    """Return the job `pk` of `person`, of whatever kind; 404 for all others'."""
    if isinstance(person, User):
        own_builds = Version.objects.filter(aesthetic__owner=person)
        own = (
            own_builds.select_related("aesthetic__owner"),
            Verification.objects.owned_by(person).select_related("version__aesthetic__owner"),
            person.generations.all(),
        )
        for jobs in own:
            if job := jobs.filter(pk=pk).first():
                return job
    raise Http404


class ServiceDocument(APIView):
    @extend_schema(responses=dict, tags=["service"])
    def get(self, request: Request) -> Response:
        """Where everything is."""
        return Response(
            {
                "name": "Aesthetic Hub",
                "space": settings.HUB_SPACE,  # what it measures and draws in
                "aesthetics": reverse("api:aesthetics"),
                "generations": reverse("api:generations"),
                "shared_generations": _template("api:shared_generations", "{owner}", "{slug}"),
                "imports": reverse("api:imports"),
                "blends": reverse("api:blends"),
                "by_hashes": reverse("api:by_hashes"),
                "by_hash": _template("api:by_hash", "{digest}"),
                "blobs": _template("api:blob", "{digest}"),
                "openapi": reverse("api:openapi"),
                "documentation": reverse("hub:docs"),
            }
        )


def _template(name: str, *variables: str) -> str:
    """Return an address with variables in braces, as URI templates have them: RFC 6570."""
    return unquote(reverse(name, args=variables))


@extend_schema(exclude=True)
class Unknown(APIView):
    """Every other address under /api/v1/, which would be a page of a person called “api”."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise Http404


app_name = "api"
urlpatterns = [
    path("", ServiceDocument.as_view(), name="root"),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("jobs/<uuid:pk>", JobDetail.as_view(), name="job"),
    path("", include("registry.api.urls")),
    path("", include("generation.api.urls")),
    path("<path:unknown>", Unknown.as_view(), name="unknown"),
]
