"""How strongly a prompt is personalised, checked, and where its text encoder is read."""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

Optimiser = Literal["adam", "ascent"]
OPTIMISERS: tuple[Optimiser, ...] = get_args(Optimiser)
NOWHERE = 1e-4  # length of a sum of unit vectors below which its direction is rounding


class PersonalisationRefused(ValueError):
    """A recipe, prompt or aesthetic that can't be used; `code` says which to machines."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Layer:
    """Where hidden states are read: `from_end` is 1 for the last layer of a text encoder."""

    from_end: int = 1
    is_normed: bool = True  # through the final norm of the whole encoder

    def skipping(self, clip_skip: int) -> "Layer":
        """Return where is read instead with a clip skip, of which 1 skips nothing."""
        return replace(self, from_end=self.from_end + clip_skip - 1)


LAST = Layer()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How strongly a prompt is personalised. Raises PersonalisationRefused.

    `optimiser` is adam, which the paper's code and every preset of the web UIs mean, or ascent,
    which the paper writes: each weight moves by rate times gradient. `rate` is Adam's step size or
    ascent's factor; the two can't be compared.

    `weight` mixes the personalised conditioning (1) into the plain one (0), along the straight line
    between each pair of rows, or with `slerp` along the arc.

    `anchor` keeps the subject: the prompt is moved towards normalise(aesthetic + anchor * its own
    plain feature), both of unit length, instead of towards the aesthetic alone (0, the paper).

    `clip_skip` is the web UIs' name for which layer the conditioning is read from: 1 is the
    checkpoint's own, `reads`, and 2 the one before. Which that is, and whether the final norm
    follows, is a matter of the checkpoint and not of taste. The agreement, and with it every step,
    is always that of the whole text encoder.

    Steps end early once the agreement with the aesthetic has reached `enough_agreement` or the
    drift of the conditioning, after mixing, `most_drift`.
    """

    optimiser: Optimiser = "adam"
    steps: int = 10
    rate: float = 1e-4
    weight: float = 1.0
    anchor: float = 0.0
    slerp: bool = False
    clip_skip: int = 1
    enough_agreement: float | None = None
    most_drift: float | None = None
    reads: Layer = LAST

    @property
    def layer(self) -> Layer:
        """Return where the conditioning is read."""
        return self.reads.skipping(self.clip_skip)

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS:
            raise PersonalisationRefused(
                "unknown-optimiser",
                f"There is no optimiser {self.optimiser!r}; there are {', '.join(OPTIMISERS)}.",
            )
        if self.steps < 0:
            raise PersonalisationRefused(
                "steps-out-of-range", f"A recipe can't have {self.steps} steps; use 0 or more."
            )
        if not 0 < self.rate < math.inf:
            raise PersonalisationRefused(
                "rate-out-of-range", f"A recipe's rate can't be {self.rate}; it must be above 0."
            )
        if not 0 <= self.weight <= 1:
            raise PersonalisationRefused(
                "weight-out-of-range", f"A recipe's weight can't be {self.weight}; use 0 to 1."
            )
        if not 0 <= self.anchor < math.inf:
            raise PersonalisationRefused(
                "anchor-out-of-range", f"A recipe's anchor can't be {self.anchor}; use 0 or more."
            )
        self._check_reading()

    def _check_reading(self) -> None:
        if self.clip_skip < 1:
            raise PersonalisationRefused(
                "clip-skip-out-of-range",
                f"The clip skip can't be {self.clip_skip}; 1 is the last layer, 2 the one before.",
            )
        if self.enough_agreement is not None and not -1 <= self.enough_agreement <= 1:
            raise PersonalisationRefused(
                "agreement-out-of-range",
                f"An agreement can't reach {self.enough_agreement}; use -1 to 1.",
            )
        if self.most_drift is not None and not 0 <= self.most_drift < math.inf:
            raise PersonalisationRefused(
                "drift-out-of-range", f"A drift can't be {self.most_drift}; use 0 or more."
            )
