"""Pages of lists: signed opaque cursors, `limit`, a Link header (RFC 8288). SPEC section 4.

A cursor names the row that a page goes on from by all keys of the order, of which the last is
unique (keyset pagination). So rows of equal values are told apart, and what is published or deleted
meanwhile moves nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import F, Field, Func, Model, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from registry.api import closed

SALT = "registry.api.keyset"
PARAMETERS = ("cursor", "limit")
MOST = 100
USUAL = 30


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins, and in which direction it is read.

    `place` holds the keys of the row before the first, as text; None is the end of the list on
    that side.
    """

    is_backwards: bool = False
    place: Sequence[str] | None = None


class Row(Func):
    """Values that PostgreSQL compares from left to right, by an index on them where it has one."""

    function = "ROW"

    def __init__(self, *parts: F | Value) -> None:
        super().__init__(*parts, output_field=Field())


def beyond(cursor: Cursor, queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows that lie beyond the cursor, the nearest to it first.

    The order is the queryset's own: its keys are never null, all rise or all fall, and the last is
    unique.
    """
    order = [str(key) for key in queryset.query.order_by]
    names = [key.removeprefix("-") for key in order]
    (falls,) = {key.startswith("-") for key in order}
    found = queryset.reverse() if cursor.is_backwards else queryset
    if cursor.place is None:
        return found
    fields = [F(name).resolve_expression(queryset.query.chain()).output_field for name in names]
    keys = zip(fields, cursor.place, strict=True)
    place = Row(*(Value(field.to_python(text), output_field=field) for field, text in keys))
    compared = LessThan if falls != cursor.is_backwards else GreaterThan
    return found.filter(compared(Row(*map(F, names)), place))


class SignedCursorPagination(BasePagination):
    """Pages by signed cursors, with the hub's body and no silent clamp of the limit.

    Raises ValidationError for a limit out of bounds, for a cursor that is not of this list, and
    for a parameter that is neither of these nor in the view's `filters`: a mistyped filter would
    give a list of other things.
    """

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        refuse_unknown(request, taken=[*PARAMETERS, *getattr(view, "filters", ())])
        self._address = request.build_absolute_uri()
        self._order = [str(key) for key in queryset.query.order_by]
        self._salt = " ".join((SALT, request.path, *self._order))
        limit = _limit(request)
        cursor = self._cursor(request)
        rows = list(beyond(cursor, queryset)[: limit + 1])
        page, goes_on = rows[:limit], len(rows) > limit
        has_next, has_previous = goes_on, cursor.place is not None
        if cursor.is_backwards:
            page.reverse()
            has_next, has_previous = has_previous, goes_on
        self._next = self._link(page[-1:], is_backwards=False) if has_next else None
        self._previous = self._link(page[:1], is_backwards=True) if has_previous else None
        return page

    def _cursor(self, request: Request) -> Cursor:
        signed = request.query_params.get("cursor")
        if signed is None:
            return Cursor()
        try:
            return Cursor(*signing.loads(signed, salt=self._salt))
        except signing.BadSignature as error:
            raise ValidationError(
                {"cursor": "This cursor was not made by the hub, or not for this list and order."}
            ) from error

    def _link(self, edge: Sequence[Model], *, is_backwards: bool) -> str:
        """Return the address of what lies beyond the row at one edge of the page.

        A page is empty where everything beyond its cursor is gone. Behind it lies the list's end.
        """
        place = None
        for row in edge:
            place = [_text(row, key.removeprefix("-")) for key in self._order]
        signed = signing.dumps((is_backwards, place), salt=self._salt)
        return replace_query_param(self._address, "cursor", signed)

    def get_paginated_response(self, data: Any) -> Response:
        response = Response({"items": data, "next": self._next, "previous": self._previous})
        links = [
            f'<{url}>; rel="{relation}"'
            for url, relation in ((self._next, "next"), (self._previous, "prev"))
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

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = f"Items a page, 1 to {MOST}; {USUAL} where nothing is said."
        said = (("cursor", "The pagination cursor value.", "string"), ("limit", limit, "integer"))
        return [
            {
                "name": name,
                "required": False,
                "in": "query",
                "description": description,
                "schema": {"type": kind},
            }
            for name, description, kind in said
        ]


def refuse_unknown(request: Request, *, taken: list[str]) -> None:
    """Raise ValidationError for query parameters that a call does not take."""
    unknown = [name for name in request.query_params if name not in taken]
    if unknown:
        raise ValidationError(
            {
                name: ErrorDetail(closed.sentence(name, taken), code="unknown-parameter")
                for name in unknown[: closed.MOST_TOLD]
            }
        )


def _text(row: Model, name: str) -> str:
    """Return a key of the row as text that its field reads back exactly."""
    value = getattr(row, name)
    if value is None:
        raise ValueError(f"{name} is null, so {row!r} has no place in the order.")
    return str(value)


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL))
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MOST:
        raise ValidationError({"limit": f"“{text}” is not a number from 1 to {MOST}."})
    return int(text)
