"""Bytes over HTTP: conditions, ranges, digests. RFC 9110, 9111, 9530."""

import base64
import hashlib

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from registry import digests, serving

DATA = bytes(range(100))
DIGEST = digests.digest_bytes(DATA)
ETAG = f'"{hashlib.sha256(DATA).hexdigest()}"'
CONTENT = serving.Representation(DATA, DIGEST, "application/x-test", "public", "a.bin")


def get(content: serving.Representation = CONTENT, **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return serving.serve(RequestFactory().get("/", headers=named), content)


def head(**headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return serving.serve(RequestFactory().head("/", headers=named), CONTENT)


def test_the_whole_comes_with_its_names() -> None:
    response = get()
    assert (response.status_code, response.content) == (200, DATA)
    assert response["ETag"] == ETAG
    assert response["Content-Length"] == "100"
    assert response["Content-Type"] == "application/x-test"
    assert response["Cache-Control"] == "public"
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == 'attachment; filename="a.bin"'


def test_the_etag_is_strong_and_has_no_prefix() -> None:
    assert not ETAG.startswith("W/")
    assert "sha256:" not in get()["ETag"]


def test_repr_digest_is_the_sha256_in_base64() -> None:
    encoded = base64.b64encode(hashlib.sha256(DATA).digest()).decode()
    assert get()["Repr-Digest"] == f"sha-256=:{encoded}:"


def test_repr_digest_of_a_part_is_that_of_the_whole() -> None:
    assert get(Range="bytes=0-9")["Repr-Digest"] == get()["Repr-Digest"]


def test_without_a_file_name_nothing_is_attached() -> None:
    content = serving.Representation(DATA, DIGEST, "image/webp", "private")
    assert "Content-Disposition" not in get(content)


@pytest.mark.parametrize("condition", [ETAG, f'"x", {ETAG}', f"W/{ETAG}", "*"])
def test_what_is_known_is_not_sent_again(condition: str) -> None:
    response = get(If_None_Match=condition)
    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"] == ETAG
    assert response["Cache-Control"] == "public"


def test_what_is_not_known_is_sent() -> None:
    assert get(If_None_Match='"x"').status_code == 200


def test_a_date_of_last_modification_which_there_is_none_of_is_no_condition() -> None:
    """RFC 9110, section 13.1.4."""
    long_ago = "Mon, 01 Jan 2001 00:00:00 GMT"
    assert get(If_Unmodified_Since=long_ago).status_code == 200
    assert get(If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT").status_code == 200


def test_if_match_guards_against_other_bytes() -> None:
    assert get(If_Match='"x"').status_code == 412
    assert get(If_Match=ETAG).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=10-10", 10, 10),
        ("bytes=90-", 90, 99),
        ("bytes=90-5000", 90, 99),
        ("bytes=-10", 90, 99),
        ("bytes=-5000", 0, 99),
        ("bytes=0-", 0, 99),
        (" bytes=5-6 ", 5, 6),
    ],
)
def test_one_range_is_served(wanted: str, first: int, last: int) -> None:
    response = get(Range=wanted)
    assert response.status_code == 206
    assert response.content == DATA[first : last + 1]
    assert response["Content-Range"] == f"bytes {first}-{last}/100"
    assert response["Content-Length"] == str(last + 1 - first)
    assert response["ETag"] == ETAG


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_says_how_long_the_file_is(wanted: str) -> None:
    response = get(Range=wanted)
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */100"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-1,5-6",
        "bytes=9-5",
        "bytes=-",
        "bytes=a-b",
        "bytes=²-",
        f"bytes={'9' * 5000}-",
        "lines=0-1",
        "bytes",
        "",
    ],
)
def test_any_other_range_is_ignored(wanted: str) -> None:
    response = get(Range=wanted)
    assert (response.status_code, response.content) == (200, DATA)


def test_a_range_of_the_right_bytes_is_served_on_condition() -> None:
    assert get(Range="bytes=0-9", If_Range=ETAG).status_code == 206


@pytest.mark.parametrize("condition", ['"x"', f"W/{ETAG}", "Mon, 01 Jan 2024 00:00:00 GMT"])
def test_a_range_of_other_bytes_gives_the_whole(condition: str) -> None:
    assert get(Range="bytes=0-9", If_Range=condition).status_code == 200


def test_a_condition_comes_before_a_range() -> None:
    assert get(Range="bytes=0-9", If_None_Match=ETAG).status_code == 304


def test_an_empty_file_has_no_range() -> None:
    content = serving.Representation(b"", digests.digest_bytes(b""), "a/b", "public")
    assert get(content).status_code == 200
    assert get(content, Range="bytes=0-").status_code == 416


def test_head_has_the_headers_of_get_and_no_body() -> None:
    assert head().headers == get().headers
    assert head().content == b""
    assert head(If_None_Match=ETAG).status_code == 304


def test_head_knows_no_ranges() -> None:
    response = head(Range="bytes=0-9")
    assert response.status_code == 200
    assert response["Content-Length"] == "100"


@pytest.mark.parametrize(
    ("method", "headers", "counts"),
    [
        ("GET", {}, True),
        ("GET", {"Range": "bytes=0-9"}, True),
        ("GET", {"Range": "bytes=-100"}, True),
        ("GET", {"Range": "bytes=1-9"}, False),
        ("GET", {"Range": "bytes=200-"}, False),
        ("GET", {"If-None-Match": ETAG}, False),
        ("HEAD", {}, False),
    ],
)
def test_only_an_answer_with_the_first_byte_counts_as_a_download(
    method: str, headers: dict[str, str], counts: bool
) -> None:
    request = RequestFactory().generic(method, "/", headers=headers)
    assert serving.covers_start(request, serving.serve(request, CONTENT)) is counts
