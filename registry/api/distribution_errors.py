"""Refusals as the OCI distribution spec wants them: a list of errors, each with a code."""

from typing import Any

from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

UNSUPPORTED = "This registry is read only here: publish on the pages or by the API under /api/v1."


class NameUnknown(exceptions.NotFound):
    default_code = "NAME_UNKNOWN"
    default_detail = "There is no such repository, or it is private and not yours."


class ManifestUnknown(exceptions.NotFound):
    default_code = "MANIFEST_UNKNOWN"
    default_detail = "The repository has no published version of this name."


class ManifestTakenDown(exceptions.APIException):
    status_code = status.HTTP_451_UNAVAILABLE_FOR_LEGAL_REASONS
    default_code = "DENIED"


class BlobUnknown(exceptions.NotFound):
    default_code = "BLOB_UNKNOWN"
    default_detail = "No published version of this repository has such a blob."


class PageRefused(exceptions.APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "PAGINATION_NUMBER_INVALID"  # as the reference implementation calls it
    default_detail = "The number of tags, n, is a whole number."


OWN_CODES = {
    cause.default_code for cause in (NameUnknown, ManifestUnknown, BlobUnknown, PageRefused)
}
CODES = {
    status.HTTP_401_UNAUTHORIZED: "UNAUTHORIZED",
    status.HTTP_403_FORBIDDEN: "DENIED",
    status.HTTP_404_NOT_FOUND: NameUnknown.default_code,
    status.HTTP_405_METHOD_NOT_ALLOWED: "UNSUPPORTED",
    status.HTTP_451_UNAVAILABLE_FOR_LEGAL_REASONS: ManifestTakenDown.default_code,
    status.HTTP_429_TOO_MANY_REQUESTS: "TOOMANYREQUESTS",
}


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the error body of the spec; None lets what is our own fault rise to the 500 page."""
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = {"errors": [{"code": _code(error, response), "message": _message(error)}]}
    return response


def _code(error: Exception, response: Response) -> str:
    codes = error.get_codes() if isinstance(error, exceptions.APIException) else None
    if isinstance(codes, str) and codes in OWN_CODES:
        return codes
    return CODES.get(response.status_code, "UNSUPPORTED")


def _message(error: Exception) -> str:
    if isinstance(error, exceptions.MethodNotAllowed):
        return UNSUPPORTED
    if isinstance(error, Http404):
        return NameUnknown.default_detail
    return str(getattr(error, "detail", error))
