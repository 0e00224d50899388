"""The API's description: what OpenAPI says beyond what the views and serializers tell of it."""

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_lib_doc_excludes
from rest_framework.permissions import IsAuthenticated

from accounts.authentication import scopes_of
from accounts.models import Token
from hub.errors import MEDIA_TYPE
from registry.api.closed import ClosedSerializer
from registry.api.raw_bytes import BytesView

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Problem details (RFC 9457). Clients branch on `type`, and on nothing else.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "A page that explains it."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "errors": {
            "type": "array",
            "description": "The values that cannot be used, each by itself.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer (RFC 6901)."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a token is sent, and the scopes of which each call wants one."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "token"

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        wanted = scopes_of(auto_schema.method, auto_schema.view)
        return [{self.name: [scope]} for scope in wanted]

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "aeh_…",
            "description": "A token of yours, from your account's token page.",
        }


class ClosedObjects(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Bodies that take no member but those that are described."""

    target_class = "registry.api.closed.ClosedSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(  # type: ignore[no-untyped-call]  # noqa: SLF001 (as its docs say)
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "additionalProperties": False}


class HubSchema(AutoSchema):
    """DRF's views as operations; reading needs nobody known unless a view says so."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None and isinstance(self.view, BytesView) and self.method == "GET":
            responses = operation["responses"]
            whole = responses["200"]["content"]
            responses["206"] = {"description": "The range that was asked for.", "content": whole}
            responses["304"] = {"description": "What you have is as it was; without a body."}
        return operation

    def get_auth(self) -> list[dict[str, list[str]]]:
        ways: list[dict[str, list[str]]] = super().get_auth()
        reads = Token.Scope.READ in scopes_of(self.method, self.view)
        if reads and IsAuthenticated not in self.view.permission_classes:
            ways.append({})
        return ways


def library_docs() -> list[type]:
    """Return the classes whose docstrings describe nothing that is built on them."""
    return [*get_lib_doc_excludes(), ClosedSerializer]  # type: ignore[no-untyped-call]


def add_problems(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Let every operation answer errors with problem details; a hook of drf-spectacular."""
    components = result["components"]
    components["schemas"]["Problem"] = PROBLEM
    components["responses"] = {
        "Problem": {
            "description": "What went wrong.",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    return result
