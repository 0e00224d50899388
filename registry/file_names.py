"""A file's name as somebody gave it in; the same name, fit to stand in a sentence, out."""

import unicodedata
from typing import Final

_LONGEST: Final = 120  # characters; the end is kept, since it tells more
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Controls, directions, line breaks.


def shown(name: str) -> str:
    """Return the name, or the last 120 characters of it, without those that mislead the eye."""
    seen = "".join("\ufffd" if unicodedata.category(c) in _UNSEEN else c for c in name)
    return seen if len(seen) <= _LONGEST else f"…{seen[1 - _LONGEST :]}"
