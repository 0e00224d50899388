"""Read what infotext writes, and what web UIs write: a `parameters` text in, its parts out.

The last line holds the settings, a line that begins with "Negative prompt:" begins the negative
prompt, and all before it is the prompt. A prompt is not quoted, so a prompt may hold such a line
itself: the last one counts, and infotext writes its own after it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NEGATIVE: Final = "Negative prompt:"
HASHES: Final = "Hashes"
LEAST_SETTINGS: Final = 3  # with fewer the last line is a part of the prompt, as for the web UIs
MOST_SETTINGS: Final = 200  # the web UIs write some 15, with all their extensions 60

_KEY: Final = re.compile(r"\s*(\w[\w /-]*+):\s*")
_VALUE_END: Final = re.compile(r"\s*(?:,|$)")
_JSON: Final = json.JSONDecoder()


class InfotextRefused(Exception):
    """A text that can't be a picture's: a code, and a clause that goes on after the file's name."""

    def __init__(self, code: str, clause: str) -> None:
        super().__init__(f"The text {clause}.")
        self.code = code
        self.clause = clause


@dataclass(frozen=True, slots=True)
class Infotext:
    """A text's parts; values are as people would write them, without quotes."""

    prompt: str
    negative_prompt: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)  # in their order, but the hashes
    hashes: Mapping[str, str] = field(default_factory=dict)


def read(text: str) -> Infotext:
    """Return the parts of a text; raise InfotextRefused for more settings than anybody writes."""
    *lines, last = text.strip().split("\n")
    pairs = _pairs(last)
    if len(pairs) < LEAST_SETTINGS:
        lines, pairs = [*lines, last], {}
    hashes = _hashes(pairs.pop(HASHES, ""))
    prompt, negative = _prompts(lines)
    return Infotext(prompt, negative, pairs, hashes)


def has_negative_line(prompt: str) -> bool:
    """Tell whether a line of a prompt would be read as the beginning of the negative prompt."""
    return any(line.startswith(NEGATIVE) for line in prompt.split("\n"))


def _prompts(lines: list[str]) -> tuple[str, str]:
    begins = [place for place, line in enumerate(lines) if line.startswith(NEGATIVE)]
    if not begins:
        return "\n".join(lines).strip(), ""
    place = begins[-1]
    negative = "\n".join(lines[place:]).removeprefix(NEGATIVE)
    return "\n".join(lines[:place]).strip(), negative.strip()


def _pairs(line: str) -> dict[str, str]:
    """Return the values of a line of settings by their keys; what is no pair is passed over."""
    pairs: dict[str, str] = {}
    place = count = 0
    while place < len(line):
        key = _KEY.match(line, place)
        if key is None:
            place = _after_comma(line, place)
            continue
        count += 1
        if count > MOST_SETTINGS:
            raise InfotextRefused("too-many-settings", f"has more than {MOST_SETTINGS} settings")
        pairs[key[1]], place = _value(line, key.end())
    return pairs


def _value(line: str, place: int) -> tuple[str, int]:
    """Return the value that begins at `place`, and where the next key may begin."""
    if line[place : place + 1] in {'"', "{"}:
        try:
            value, end = _JSON.raw_decode(line, place)
        except (ValueError, RecursionError):
            end = place
        if end > place and (closed := _VALUE_END.match(line, end)):
            is_word = isinstance(value, str) and is_writable(value)
            return value if is_word else line[place:end], closed.end()
    end = _after_comma(line, place)
    return line[place:end].removesuffix(",").strip(), end


def _after_comma(line: str, place: int) -> int:
    comma = line.find(",", place)
    return len(line) if comma < 0 else comma + 1


def _hashes(text: str) -> dict[str, str]:
    """Return the hashes, none where they are no JSON object; those that are no texts go."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def is_writable(text: str) -> bool:
    """Tell whether UTF-8 and a database can hold a text that JSON could write."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
