"""What a prompt is moved towards: a look, others mixed into it, and a text it is turned to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from generation.models import Generation
from registry.models import Version

Weighted = tuple[Version, float]


@dataclass(frozen=True, slots=True)
class Aim:
    """A direction in the space of `version`, by its parts; a worker makes a vector of it."""

    version: Version  # with the weight 1
    others: Sequence[Weighted] = ()
    text: str = ""
    text_angle: float = 0.0  # share of the arc from the looks to the text
    text_negative: bool = False  # away from the text instead

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """Return a row's aim."""
        ingredients = generation.ingredients.select_related("version__aesthetic__owner")
        return cls.told(generation, [(each.version, each.weight) for each in ingredients])

    @classmethod
    def told(cls, generation: Generation, others: Sequence[Weighted]) -> Self:
        """Return the aim of a row that may not be saved yet."""
        return cls(
            generation.version,
            tuple(others),
            generation.aesthetic_text,
            generation.aesthetic_text_angle,
            generation.aesthetic_text_negative,
        )

    def decisive(self) -> dict[str, Any]:
        """Name everything that decides the direction, for a digest."""
        looks = [(self.version, 1.0), *self.others]
        return {
            "encoder": self.version.space.weights,
            "looks": [[version.vector_digest, weight] for version, weight in looks],
            "text": [self.text, self.text_angle, self.text_negative] if self.text else None,
        }

    def to_json(self) -> dict[str, Any]:
        """Return what a message carries."""
        return {
            "version": str(self.version.pk),
            "others": [[str(version.pk), weight] for version, weight in self.others],
            "text": self.text,
            "text_angle": self.text_angle,
            "text_negative": self.text_negative,
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self | None:
        """Return the aim of a message, or None where a look of it is gone since."""
        parts = dict(said)
        wanted = {parts.pop("version"): 1.0} | dict(parts.pop("others"))
        found = {
            str(version.pk): version
            for version in Version.objects.select_related("space").filter(pk__in=wanted)
        }
        if len(found) < len(wanted):
            return None
        first, *rest = ((found[pk], weight) for pk, weight in wanted.items())
        return cls(first[0], tuple(rest), **parts)
