"""What an answer of the API must be when it is a refusal."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what Django's test client returns has a name in the stubs alone
    from django.test.client import _MonkeyPatchedWSGIResponse
else:
    from django.http import HttpResponse as _MonkeyPatchedWSGIResponse

Answer = _MonkeyPatchedWSGIResponse
MEDIA_TYPE = "application/problem+json"


def problem(response: Answer, status: int, kind: str) -> dict[str, Any]:
    """Check that the answer is problem details (RFC 9457) of this kind; return its body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == MEDIA_TYPE, response.content
    body: dict[str, Any] = response.json()
    assert body["type"].endswith(f"/problems/{kind}"), body
    assert body["status"] == status
    assert body["title"]
    assert body["detail"].endswith((".", "`"))
    assert body["instance"].startswith("/api/")
    return body


def errors(response: Answer) -> dict[str, str]:
    """Return the codes of the values that cannot be used, by their JSON pointers."""
    body = problem(response, 422, "invalid")
    assert all(error["detail"] for error in body["errors"])
    return {error["pointer"]: error["code"] for error in body["errors"]}
