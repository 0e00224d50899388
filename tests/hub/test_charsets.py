"""Requests in charsets that are none."""

from typing import Any

import pytest
from django.test import RequestFactory

from hub.charsets import AsciiCharsets, extends_ascii
from hub.wsgi import application


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
    "charset", ["hex", "rot13", "punycode", "undefined", "nonsense", "", "utf-16", "latin-1"]
)
def test_a_query_is_read_whatever_charset_is_named(charset: str) -> None:
    assert status_of("/health/live?q=a.b-c", f"text/plain; charset={charset}") == "200 OK"


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "Shift_JIS"])
def test_charsets_that_extend_ascii(charset: str) -> None:
    assert extends_ascii(charset)


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "idna", "hex", "a\0b", "ü"])
def test_charsets_that_do_not(charset: str) -> None:
    assert not extends_ascii(charset)


def test_other_parameters_are_handed_on() -> None:
    seen: list[str] = []

    def application(environ: dict[str, Any], _start_response: Any) -> list[bytes]:
        seen.append(environ["CONTENT_TYPE"])
        return []

    for given in ("multipart/form-data; boundary=a-b; charset=hex", "text/plain; charset=utf-8"):
        AsciiCharsets(application)({"CONTENT_TYPE": given}, lambda *_: None)  # type: ignore[arg-type]
    assert seen == ['multipart/form-data; boundary="a-b"', "text/plain; charset=utf-8"]
