"""Pages of lists: signed opaque cursors, `limit`, a Link header (RFC 8288). SPEC section 4."""

import re
from typing import Any

from django.core import signing
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

SALT = "registry.api.cursor"
MOST = 100
USUAL = 30


class SignedCursorPagination(CursorPagination):
    """DRF's cursors with a signature, the hub's body, and no silent clamp of the limit.

    The order is the queryset's own: its first key must not be null, its last must be unique.
    """

    page_size = USUAL
    page_size_query_param = "limit"
    page_size_query_description = f"Items a page, 1 to {MOST}; {USUAL} where nothing is said."
    max_page_size = MOST
    base_url: str  # known by the time that a cursor is made

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get("limit", str(USUAL))
        if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MOST:
            raise ValidationError({"limit": f"“{text}” is not a number from 1 to {MOST}."})
        return int(text)

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return tuple(queryset.query.order_by)

    def encode_cursor(self, cursor: Cursor) -> str:
        signed = signing.dumps(tuple(cursor), salt=self._salt())
        return replace_query_param(self.base_url, self.cursor_query_param, signed)

    def decode_cursor(self, request: Request) -> Cursor | None:
        signed = request.query_params.get(self.cursor_query_param)
        if signed is None:
            return None
        try:
            return Cursor(*signing.loads(signed, salt=self._salt()))
        except signing.BadSignature as error:
            raise ValidationError(
                {"cursor": "This cursor was not made by the hub, or not for this order."}
            ) from error

    def _salt(self) -> str:
        """Return what ties a signature to this use and this order."""
        return " ".join((SALT, *self.ordering))

    def get_paginated_response(self, data: Any) -> Response:
        following, before = self.get_next_link(), self.get_previous_link()
        response = Response({"items": data, "next": following, "previous": before})
        links = [
            f'<{url}>; rel="{relation}"'
            for url, relation in ((following, "next"), (before, "prev"))
            if url
        ]
        if links:
            response["Link"] = ", ".join(links)
        return response

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["items", "next", "previous"],
            "properties": {
                "items": schema,
                "next": link,
                "previous": link,
            },
        }
