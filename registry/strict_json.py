"""A stranger's JSON in, plain values out; repeated keys, NaN and bottomless nesting refused."""

import json
from typing import NoReturn


class JSONRefused(Exception):
    """Text that is not JSON of one meaning; the text says why, in a sentence."""


def read(data: bytes) -> dict[str, object]:
    """Return the one object that the UTF-8 text holds, or raise JSONRefused."""
    try:
        value = json.loads(
            data.decode(), object_pairs_hook=_unrepeated, parse_constant=_refused_constant
        )
    except (ValueError, RecursionError) as error:
        raise JSONRefused("It is not JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise JSONRefused("It is JSON, but not an object in braces.")
    return value


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise JSONRefused("An object in it has the same key twice.")
    return values


def _refused_constant(name: str) -> NoReturn:
    raise JSONRefused(f"It holds {name}, which is no JSON.")
