"""Bytes over HTTP: strong ETags, conditional requests, one range, digests of the representation.

RFC 9110 (semantics), 9111 (caching), 9530 (Repr-Digest).
"""

import base64
import re
from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, quote_etag

from registry import digests
from registry.models import Aesthetic, Version

IMMUTABLE = "public, max-age=31536000, immutable"  # by digest
REVALIDATE = "public, no-cache"  # by alias or version
PERSONAL = "private, no-store"

QUOTATION_MARKS = str.maketrans(dict.fromkeys('"“”„‘’\\', "'"))  # noqa: RUF001

# More digits than any length has are not worth reading: such a range is ignored like a wrong one.
BYTE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Representation:
    """Bytes with their digest, and how they are to be named and cached."""

    data: bytes
    digest: str
    media_type: str
    caching: str
    filename: str = ""


def serve(request: HttpRequest, content: Representation) -> HttpResponse:
    """Answer GET or HEAD with the bytes, a part of them, or 304, 412, 416 where that is right."""
    etag = quote_etag(digests.hex_of(content.digest))
    response = HttpResponse(content.data, content_type=content.media_type)
    response["ETag"] = etag
    response["Cache-Control"] = content.caching
    response["Accept-Ranges"] = "bytes"
    response["Repr-Digest"] = repr_digest(content.digest)
    response["X-Content-Type-Options"] = "nosniff"
    name = content.filename
    if disposition := content_disposition_header(as_attachment=bool(name), filename=name):
        response["Content-Disposition"] = disposition
    # Without a date of last modification it says nothing (RFC 9110, section 13.1.4); to Django, no.
    request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)
    conditional = get_conditional_response(request, etag=etag, response=response)
    if conditional is not None and conditional is not response:
        if conditional.status_code == HTTPStatus.NOT_MODIFIED:
            # That of what is kept (RFC 9110, section 8.6); CommonMiddleware would say 0.
            conditional["Content-Length"] = str(len(content.data))
        return conditional
    if request.method == "GET" and _range_applies(request, etag):
        return _serve_range(request.headers["Range"], content, response)
    response["Content-Length"] = str(len(content.data))
    if request.method == "HEAD":
        response.content = b""  # the headers are those of GET, the length included
    return response


def usual_caching(ref: str) -> str:
    """Return what may be kept of a version that is named so: by its digest it never changes."""
    return IMMUTABLE if digests.is_digest(ref) else REVALIDATE


def caching_of(version: Version, *, usual: str) -> str:
    """Return `usual` for what is public; what only its owner may see no cache on the way keeps."""
    return usual if version.aesthetic.is_public else PERSONAL


def keep_to_owner(
    request: HttpRequest, response: HttpResponse, aesthetic: Aesthetic
) -> HttpResponse:
    """Return a page of an aesthetic, which nobody may keep where its owner sees it.

    Nobody else sees a private one; of a public one the page tells its owner more.
    """
    if request.user.pk == aesthetic.owner_id:
        response["Cache-Control"] = PERSONAL
    return response


def repr_digest(digest: str) -> str:
    """Return the `Repr-Digest` header's value of a digest: RFC 9530."""
    encoded = base64.b64encode(bytes.fromhex(digests.hex_of(digest))).decode()
    return f"sha-256=:{encoded}:"


def header_text(text: str) -> str:
    """Return `text` as a header can hold it: printable ASCII, quotation marks made single ones."""
    plain = text.translate(QUOTATION_MARKS).encode("ascii", "replace").decode()
    return "".join(character if character.isprintable() else " " for character in plain)


def covers_start(request: HttpRequest, response: HttpResponse) -> bool:
    """Tell whether an answer hands over the first byte: such answers count as downloads."""
    if request.method != "GET":
        return False
    if response.status_code == HTTPStatus.OK:
        return True
    is_part = response.status_code == HTTPStatus.PARTIAL_CONTENT
    return is_part and response["Content-Range"].startswith("bytes 0-")


def _range_applies(request: HttpRequest, etag: str) -> bool:
    wanted = request.headers.get("Range")
    condition = request.headers.get("If-Range")
    return wanted is not None and (condition is None or condition == etag)


def _serve_range(wanted: str, content: Representation, response: HttpResponse) -> HttpResponse:
    """Answer one byte range: 206, or 416 outside the file; anything else is the whole file."""
    size = len(content.data)
    match = BYTE_RANGE.fullmatch(wanted.strip())
    if match is None or match.group(0) == "bytes=-":
        return response  # several ranges or another unit: RFC 9110 lets a server ignore them
    first, last = match.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if first and last and int(last) < start:
        return response  # not a valid range at all
    if start >= size or (not first and int(last) == 0):
        refused = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    response.content = content.data[start : end + 1]
    response.status_code = HTTPStatus.PARTIAL_CONTENT
    response["Content-Range"] = f"bytes {start}-{end}/{size}"
    response["Content-Length"] = str(end + 1 - start)
    return response
