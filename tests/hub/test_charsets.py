"""Requests in charsets that are none."""

from typing import Any

import pytest
from django.test import RequestFactory

from hub.charsets import ReadableCharsets, is_readable
from hub.wsgi import application

pytestmark = pytest.mark.django_db  # A request looks after what connections there are.


def status_of(path: str, content_type: str) -> str:
    """Ask the application that web processes serve; return the status line."""
    environ = RequestFactory().get(path).environ | {"CONTENT_TYPE": content_type}
    begun: list[str] = []

    def start_response(status: str, *_others: Any) -> Any:
        begun.append(status)

    answer = application(environ, start_response)
    b"".join(answer)
    return begun[0]


@pytest.mark.parametrize(
    "charset", ["hex", "rot13", "punycode", "undefined", "idna", "nonsense", ""]
)
def test_a_query_is_read_whatever_charset_is_named(charset: str) -> None:
    assert (
        status_of("/health/live?q=.xn--%26&r=.xn--&", f"text/plain; charset={charset}") == "200 OK"
    )


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "Shift_JIS", "utf-7", "utf-16"])
def test_charsets_of_text_can_be_read(charset: str) -> None:
    assert is_readable(charset)


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "hex", "a\0b", "ü"])
def test_others_can_not(charset: str) -> None:
    assert not is_readable(charset)


def test_a_charset_that_the_hub_refuses_is_still_refused() -> None:
    assert status_of("/api/v1/aesthetics", "text/plain; charset=utf-7") == "400 Bad Request"


def test_other_parameters_are_handed_on() -> None:
    seen: list[str] = []

    def application(environ: dict[str, Any], _start_response: Any) -> list[bytes]:
        seen.append(environ["CONTENT_TYPE"])
        return []

    for given in ("multipart/form-data; boundary=a-b; charset=hex", "text/plain; charset=utf-8"):
        ReadableCharsets(application)({"CONTENT_TYPE": given}, lambda *_: None)  # type: ignore[arg-type]
    assert seen == ['multipart/form-data; boundary="a-b"', "text/plain; charset=utf-8"]
