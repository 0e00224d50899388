"""What was found in one file, or in one version of a hub."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from registry.verify.deviations import Deviation

MOST_BYTES = 2**20  # of any file of a version; ours have fewer than 20,000


class Unchecked(Exception):
    """Something that could not be looked at at all; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Report:
    """The digests that were recomputed, by what they name, and what is wrong with them."""

    subject: str
    digests: dict[str, str]
    deviations: tuple[Deviation, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def is_right(self) -> bool:
        return not self.deviations


def check_wanted(subject: str, wanted: str | None, found: Collection[str]) -> Iterator[Deviation]:
    """Yield a deviation where a digest is wanted that is none of those found."""
    if wanted is not None and wanted not in found:
        yield Deviation(subject, "any of its digests", wanted, ", ".join(found))
