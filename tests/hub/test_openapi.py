"""The API's description: valid, without warnings, and changed only on purpose."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"
REFRESH = "python manage.py spectacular --format openapi-json --file docs/openapi.json"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """Describe the API; raise CommandError at the first warning."""
    output = StringIO()
    call_command(
        "spectacular", format="openapi-json", validate=True, fail_on_warn=True, stdout=output
    )
    document: dict[str, Any] = json.loads(output.getvalue())
    return document


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_the_description_is_the_one_in_docs(described: dict[str, Any]) -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert described == kept, f"The API has changed. If that is meant, run: {REFRESH}"


def test_the_description_is_of_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")


def test_every_operation_says_what_it_does_and_answers_errors_as_problems(
    described: dict[str, Any],
) -> None:
    for operation in operations(described):
        assert operation["description"], operation["operationId"]
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}


def test_names_of_operations_are_told_apart(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(described)]
    assert len(set(names)) == len(names)
    assert [name for name in names if name[-1].isdigit()] == []


def test_everyone_may_read_and_a_token_needs_a_scope_to_write(described: dict[str, Any]) -> None:
    aesthetics = described["paths"]["/api/v1/aesthetics"]
    versions = described["paths"]["/api/v1/aesthetics/{owner}/{slug}/versions"]
    generations = described["paths"]["/api/v1/generations"]
    assert {} in aesthetics["get"]["security"]
    assert {} not in aesthetics["post"]["security"]
    assert {} not in generations["get"]["security"]
    assert {"token": ["write"]} in aesthetics["post"]["security"]
    assert {"token": ["publish"]} in versions["post"]["security"]
    assert {"token": ["generate"]} in generations["post"]["security"]


def test_pictures_are_uploaded_as_bytes(described: dict[str, Any]) -> None:
    files = described["components"]["schemas"]["Upload"]["properties"]["files"]
    assert files["items"] == {"type": "string", "format": "binary"}


def test_cancelling_a_job_answers_with_it_and_needs_the_scope_of_its_kind(
    described: dict[str, Any],
) -> None:
    cancel = described["paths"]["/api/v1/jobs/{id}"]["delete"]
    body = cancel["responses"]["200"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Job"}
    assert "204" not in cancel["responses"]
    tokens = [way for way in cancel["security"] if "token" in way]
    assert tokens == [{"token": ["write"]}, {"token": ["generate"]}]
    assert "`generate` for a generation" in cancel["description"]


def test_deleting_what_was_published_says_which_scopes_it_needs(described: dict[str, Any]) -> None:
    delete = described["paths"]["/api/v1/aesthetics/{owner}/{slug}"]["delete"]
    assert "`publish` too" in delete["description"]


def test_a_dry_run_is_false_where_nothing_is_said(described: dict[str, Any]) -> None:
    (dry_run,) = described["paths"]["/api/v1/blends"]["post"]["parameters"]
    assert dry_run["schema"] == {"type": "boolean", "default": False}
