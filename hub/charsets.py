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

REFUSED = b".xn--&"  # by idna and punycode


class ReadableCharsets:
    """A WSGI application (PEP 3333) that hands on no charset in which Django would fail."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        kind, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        charset = parameters.pop("charset", None)
        if charset is not None and not is_readable(charset):
            kept = [f'{name}="{value}"' for name, value in parameters.items()]
            environ["CONTENT_TYPE"] = "; ".join([kind, *kept])
        return self._application(environ, start_response)


def is_readable(charset: str) -> bool:
    """Say whether Django can read a query in this charset; what is no text in it is no matter."""
    try:
        REFUSED.decode(charset)
    except UnicodeDecodeError:
        return True  # which Django expects
    except (LookupError, ValueError):  # unknown or not of text, or of another kind of error
        return False
    return True
