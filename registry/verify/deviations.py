"""What something is called and what it is in, each difference out as a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass

MISSING = "nothing"  # what is found where bytes or rows are gone


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that is not what it is called."""

    subject: str  # a row, a file or an address
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}: expected {self.expected}, found {self.found}"


def differing(subject: str, what: str, *, expected: object, found: object) -> Iterator[Deviation]:
    """Yield the deviation unless both are equal; an empty text stands for nothing."""
    if expected != found:
        yield Deviation(subject, what, _text(expected), _text(found))


def _text(value: object) -> str:
    return MISSING if value is None or value == "" else str(value)
