"""Whether answers of the API are what its description, docs/openapi.json, says of them."""

import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import resolve
from jsonschema import Draft202012Validator, FormatChecker

from accounts.models import User
from tests import factories
from tests.answers import Answer

START = "/api/v1"
DESCRIPTION = Path(__file__).parents[1] / "docs" / "openapi.json"


@cache
def document() -> dict[str, Any]:
    """Return the description, in which no object has members that are not named there.

    Only problems do, since each type of them may add its own (RFC 9457, section 3.2).
    """
    read: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    for name, schema in read["components"]["schemas"].items():
        if name != "Problem" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return read


def operation_of(method: str, path: str) -> tuple[str, str]:
    """Return the method and the path's template, the one with the fewest parameters that fits."""
    fitting = [
        template
        for template in document()["paths"]
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path)
    ]
    assert fitting, f"The description has no path for {path}."
    return method, min(fitting, key=lambda template: template.count("{"))


def operations_of(app: str) -> set[tuple[str, str]]:
    """Return the operations whose views are in the folder `app`."""
    return {
        (method.upper(), template)
        for template, operations in document()["paths"].items()
        for method in operations
        if _view_module(template).partition(".")[0] == app
    }


def _view_module(template: str) -> str:
    path = re.sub(r"\{\w+\}", "x", template.replace("{id}", str(UUID(int=0))))
    return str(resolve(path).func.__module__)


def complaints(answer: Answer) -> list[str]:
    """Return what of `answer` is not as described: its status, its media type or its body."""
    method, template = operation_of(answer.request["REQUEST_METHOD"], answer.request["PATH_INFO"])
    return [
        f"{method} {template}, {answer.status_code}: {complaint}"
        for complaint in _complaints(answer, document()["paths"][template][method.lower()])
    ]


def _complaints(answer: Answer, operation: dict[str, Any]) -> list[str]:
    is_refused = answer.status_code >= HTTPStatus.BAD_REQUEST
    described = operation["responses"].get("default" if is_refused else str(answer.status_code))
    if described is None:
        return [f"the statuses are {', '.join(operation['responses'])}"]
    if "$ref" in described:
        described = document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    contents, body = described.get("content", {}), answer.getvalue()
    if not contents:
        return [f"there is a body: {body[:80]!r}"] if body else []
    media_type = answer["Content-Type"].partition(";")[0]
    for pattern, content in contents.items():
        if fnmatchcase(media_type, pattern):
            return _complaints_of_body(body, content["schema"])
    return [f"the media types are {', '.join(contents)}, and it is {media_type}"]


def _complaints_of_body(body: bytes, schema: dict[str, Any]) -> list[str]:
    if schema.get("format") == "binary":
        return []
    whole = {**schema, "components": document()["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    return [
        f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(body))
    ]


@dataclass
class Record:
    """What clients have met: the operations that succeeded, and what was not as described."""

    met: set[tuple[str, str]] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def client(self, person: User | None = None) -> Client:
        """Return a client that says who calls, by a token, and compares each answer."""
        return _Comparing(self, factories.bearer(person) if person else {})

    def check(self, app: str) -> None:
        """Check that nothing was not as described, and that no operation of `app` was left out."""
        assert not self.complaints, "\n".join(sorted(set(self.complaints)))
        assert self.met == operations_of(app)


class _Comparing(Client):
    def __init__(self, record: Record, headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        self.record = record

    def request(self, **request: Any) -> Answer:
        answer = super().request(**request)
        self.record.complaints += complaints(answer)
        if answer.status_code < HTTPStatus.BAD_REQUEST:
            path = answer.request["PATH_INFO"]
            self.record.met.add(operation_of(answer.request["REQUEST_METHOD"], path))
        return answer
