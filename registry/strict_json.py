"""A stranger's JSON in, plain values out: I-JSON (RFC 7493).

Repeated keys, NaN, halves of surrogate pairs and bottomless nesting are refused.
"""

import json
from typing import NoReturn


class JSONRefused(Exception):
    """Text that is not JSON of one meaning; the text says why, in a sentence."""


def read(data: bytes) -> dict[str, object]:
    """Return the one object that the UTF-8 text holds, or raise JSONRefused."""
    try:
        text = data.decode()
        value = value_of(text)
        if "\\u" in text:  # by which alone JSON can write what UTF-8 can't
            _refuse_surrogates(value)
    except (ValueError, RecursionError) as error:
        raise JSONRefused("It is not JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise JSONRefused("It is JSON, but not an object in braces.")
    return value


def value_of(text: str) -> object:
    """Return what a JSON text holds; raise JSONRefused for repeated keys and what is no number.

    Raises ValueError for a text that is no JSON, and RecursionError for one nested too deeply.
    """
    value: object = json.loads(
        text, object_pairs_hook=_unrepeated, parse_constant=_refused_constant
    )
    return value


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise JSONRefused("An object in it has the same key twice.")
    return values


def _refuse_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise JSONRefused(
            "A text in it holds half of a surrogate pair, which is no character."
        ) from error


def _refused_constant(name: str) -> NoReturn:
    raise JSONRefused(f"It holds {name}, which is no JSON.")
