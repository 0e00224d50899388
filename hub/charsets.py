"""Charsets of requests: Python knows codecs that Django can't begin a request in.

Django reads the query string in the charset that Content-Type names, before any middleware runs. A
charset that Python doesn't know it passes over; in Python's codecs from bytes to bytes, such as
hex, and in those that refuse a text in a way of their own, such as punycode, it fails.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.http import parse_header_parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ASCII = bytes(range(128)) + b".xn--&"  # idna would have the end mean another letter


class AsciiCharsets:
    """A WSGI application (PEP 3333) that hands on no charset but those that extend ASCII.

    Query strings and forms are ASCII to begin with (URL Standard, section 5), so others are none.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        kind, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        charset = parameters.pop("charset", None)
        if charset is not None and not extends_ascii(charset):
            kept = [f'{name}="{value}"' for name, value in parameters.items()]
            environ["CONTENT_TYPE"] = "; ".join([kind, *kept])
        return self._application(environ, start_response)


def extends_ascii(charset: str) -> bool:
    """Say whether Python knows the charset and reads ASCII in it as what it is."""
    try:
        return ASCII.decode(charset) == ASCII.decode("ascii")
    except (LookupError, ValueError):  # unknown; or not text, or a name that can be none
        return False
