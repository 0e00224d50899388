"""Bodies as they are described: no member that nobody knows, no number for a text or otherwise."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

MOST_TOLD = 10  # members of one body
LONGEST_NAME = 60  # characters of a name that are told


class ClosedSerializer(serializers.Serializer[Any]):
    """Refuses members that it does not know (JSON Schema: `additionalProperties` false).

    So clients learn of a parameter that is spelt otherwise, or that only another call has. What the
    hub alone sets is passed over, so that a client can send back what it was given. JSON has types:
    `true` is not the number 1, nor 7 the text "7", as REST framework's fields would have it.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                taken = [name for name, field in self.fields.items() if not field.read_only]
                raise serializers.ValidationError(
                    {
                        name: ErrorDetail(sentence(name, taken), code="unknown-member")
                        for name in unknown[:MOST_TOLD]
                    }
                )
        mistyped = {} if isinstance(data, QueryDict) else self._mistyped(data)  # of texts alone
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            found: Any = error.detail  # by name, as all errors of a serializer are
            raise serializers.ValidationError({**found, **mistyped}) from error
        if mistyped:
            raise serializers.ValidationError(mistyped)
        return values

    def _mistyped(self, data: Any) -> dict[str, Any]:
        """Return what is wrong with the types of members, by their names."""
        if not isinstance(data, Mapping):
            return {}
        taken = {name: field for name, field in self.fields.items() if not field.read_only}
        wrong = {name: _mistyped(field, data.get(name)) for name, field in taken.items()}
        return {name: errors for name, errors in wrong.items() if errors}


def _mistyped(field: Any, value: object) -> dict[int, Any] | list[ErrorDetail] | None:
    """Return what is wrong with the type of a value, or of the items of a list."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        wrong = {place: _mistyped(field.child, item) for place, item in enumerate(value)}
        return {place: errors for place, errors in wrong.items() if errors}
    if isinstance(field, serializers.CharField) and isinstance(value, int | float):
        return [ErrorDetail("This is not a text; put it in quotation marks.", code="invalid")]
    is_number = isinstance(field, serializers.IntegerField | serializers.FloatField)
    if is_number and isinstance(value, bool | str):
        return [ErrorDetail("This is not a number.", code="invalid")]
    return None


def sentence(name: str, taken: list[str]) -> str:
    """Say that a call takes no such member or parameter, and which was probably meant."""
    told = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    close = get_close_matches(name[:LONGEST_NAME], taken, n=1)
    advice = f"did you mean “{close[0]}”?" if close else f"use {', '.join(taken)}."
    return f"This call takes no “{told}”; {advice}"
