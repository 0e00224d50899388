"""Bodies without members that nobody knows: a mistyped name is told, not passed over."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

MOST_TOLD = 10  # members of one body
LONGEST_NAME = 60  # characters of a name that are told


class ClosedSerializer(serializers.Serializer[Any]):
    """Refuses members that it does not know (JSON Schema: `additionalProperties` false).

    So clients learn of a parameter that is spelt otherwise, or that only another call has. What the
    hub alone sets is passed over, so that a client can send back what it was given.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                taken = [name for name, field in self.fields.items() if not field.read_only]
                raise serializers.ValidationError(
                    {
                        name: ErrorDetail(_sentence(name, taken), code="unknown-member")
                        for name in unknown[:MOST_TOLD]
                    }
                )
        return super().to_internal_value(data)


def _sentence(name: str, taken: list[str]) -> str:
    told = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    close = get_close_matches(name[:LONGEST_NAME], taken, n=1)
    advice = f"did you mean “{close[0]}”?" if close else f"use {', '.join(taken)}."
    return f"This call takes no “{told}”; {advice}"
