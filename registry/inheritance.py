"""Licences and ratings of parents in; what a work made of them may carry, or a refusal, out.

A licence's row says under which licences something made of a work under it may be published
(its “adapter's licences”), and where that is written. The strictest of the parents wins by itself:
what remains is what all of them allow, and of it the most open one is taken.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Final

from registry.licences import Licence, Rating

L = Licence

# From the most open to the strictest; of the licences that all parents allow the first is taken.
FROM_OPEN_TO_STRICT: Final = (
    *(L.CC0, L.CC_BY_2, L.CC_BY_3, L.CC_BY, L.CC_BY_SA_2, L.CC_BY_SA_3, L.CC_BY_SA),
    *(L.GPL_2, L.GPL_3, L.CC_BY_NC, L.CC_BY_NC_SA),
)
RATINGS: Final = (Rating.GENERAL, Rating.MATURE)  # the last is the strictest


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence says of what is made of a work under it."""

    allows: frozenset[Licence]  # on what is made of it; empty: nothing may be made of it
    clause: str  # in a sentence
    source: str  # where that is written


class IncompatibleLicences(Exception):
    """No licence suits what would be made of two works."""

    def __init__(self, first: int, second: int, reason: str) -> None:
        super().__init__(reason)
        self.first, self.second = first, second  # places among the parents; equal: it alone
        self.reason = reason


def _of(*licences: Licence) -> frozenset[Licence]:
    return frozenset(licences)


_CC: Final = "https://creativecommons.org/licenses"
_CHART: Final = "https://wiki.creativecommons.org/wiki/ShareAlike_compatibility"
_FAQ: Final = (
    "https://creativecommons.org/faq/#if-i-derive-or-adapt-material-offered-under-a-creative-"
    "commons-license-which-cc-licenses-can-i-use"
)
_NOT_FOR_BUSINESS: Final = _of(L.CC_BY_NC, L.CC_BY_NC_SA)

TERMS: Final[Mapping[Licence, Terms]] = MappingProxyType(
    {
        L.CC0: Terms(
            frozenset(FROM_OPEN_TO_STRICT),
            "asks for nothing",
            "https://creativecommons.org/publicdomain/zero/1.0/legalcode (2)",
        ),
        L.PUBLIC_DOMAIN: Terms(
            frozenset(FROM_OPEN_TO_STRICT),
            "asks for nothing",
            "https://creativecommons.org/publicdomain/mark/1.0/",
        ),
        L.CC_BY_2: Terms(
            _of(L.CC_BY_2, L.CC_BY_3, L.CC_BY, L.CC_BY_SA_2, L.CC_BY_SA_3, L.CC_BY_SA)
            | _NOT_FOR_BUSINESS,
            "asks that its author be credited",
            _FAQ,
        ),
        L.CC_BY_3: Terms(
            _of(L.CC_BY_3, L.CC_BY, L.CC_BY_SA_3, L.CC_BY_SA) | _NOT_FOR_BUSINESS,
            "asks that its author be credited",
            _FAQ,
        ),
        L.CC_BY: Terms(
            _of(L.CC_BY, L.CC_BY_SA, L.GPL_2, L.GPL_3) | _NOT_FOR_BUSINESS,
            "asks that its author be credited",
            f"{_FAQ}; of the GPL: https://www.gnu.org/licenses/license-list.html#ccby",
        ),
        L.CC_BY_SA_2: Terms(
            _of(L.CC_BY_SA_2, L.CC_BY_SA_3, L.CC_BY_SA),
            "lets what is made of it be shared under CC BY-SA 2.0 or later only",
            f"{_CC}/by-sa/2.0/legalcode (4b)",
        ),
        L.CC_BY_SA_3: Terms(
            _of(L.CC_BY_SA_3, L.CC_BY_SA),
            "lets what is made of it be shared under CC BY-SA 3.0 or later only",
            f"{_CC}/by-sa/3.0/legalcode (4b); {_CHART}",
        ),
        L.CC_BY_SA: Terms(
            _of(L.CC_BY_SA, L.GPL_3),
            "lets what is made of it be shared under CC BY-SA 4.0 or GPL 3 only",
            f"{_CC}/by-sa/4.0/legalcode (3b); "
            "https://creativecommons.org/share-your-work/licensing-considerations/"
            "compatible-licenses/",
        ),
        L.CC_BY_NC: Terms(
            _NOT_FOR_BUSINESS,
            "lets nothing that is made of it be used for business",
            f"{_CC}/by-nc/4.0/legalcode (2a1, 3a4); {_FAQ}",
        ),
        L.CC_BY_NC_SA: Terms(
            _of(L.CC_BY_NC_SA),
            "lets what is made of it be shared under CC BY-NC-SA 4.0 only",
            f"{_CC}/by-nc-sa/4.0/legalcode (3b)",
        ),
        L.CC_BY_ND: Terms(
            frozenset(),
            "lets nothing that is made of it be shared",
            f"{_CC}/by-nd/4.0/legalcode (2a1B)",
        ),
        L.CC_BY_NC_ND: Terms(
            frozenset(),
            "lets nothing that is made of it be shared",
            f"{_CC}/by-nc-nd/4.0/legalcode (2a1B)",
        ),
        L.GPL_2: Terms(
            _of(L.GPL_2, L.GPL_3),
            "lets what is made of it be shared under the GNU GPL, version 2 or later, only",
            "https://www.gnu.org/licenses/old-licenses/gpl-2.0.html (2b, 9)",
        ),
        L.GPL_3: Terms(
            _of(L.GPL_3),
            "lets what is made of it be shared under the GNU GPL, version 3 or later, only",
            "https://www.gnu.org/licenses/gpl-3.0.html (5c)",
        ),
        L.OTHER: Terms(
            frozenset(),
            "has terms of its own, told in its description, that no program can weigh",
            "the description of the look",
        ),
    }
)


def short(licence: Licence | str) -> str:
    """Return a licence's name without what it asks for: `CC BY-SA 4.0`."""
    return re.split("[:,]", Licence(licence).label)[0]


def allowed(parents: Sequence[Licence]) -> frozenset[Licence]:
    """Return the licences that a work made of all of these may carry.

    Raises IncompatibleLicences, which names the first that forbids it, or the first two that can't
    go together.
    """
    for place, licence in enumerate(parents):
        if not TERMS[licence].allows:
            raise IncompatibleLicences(place, place, f"{short(licence)} {TERMS[licence].clause}")
    for second, licence in enumerate(parents):
        for first, earlier in enumerate(parents[:second]):
            if not TERMS[earlier].allows & TERMS[licence].allows:
                raise IncompatibleLicences(first, second, _against(earlier, licence))
    common = reduce(frozenset.__and__, (TERMS[licence].allows for licence in parents))
    if not common:  # each two go together, but all of them don't
        last = len(parents) - 1
        raise IncompatibleLicences(0, last, _against(parents[0], parents[last]))
    return common


def inherited(parents: Sequence[Licence]) -> Licence:
    """Return the most open licence that a work made of all of these may carry."""
    common = allowed(parents)
    return next(licence for licence in FROM_OPEN_TO_STRICT if licence in common)


def strictest(ratings: Iterable[Rating]) -> Rating:
    """Return the strictest rating of some works."""
    return max(ratings, key=RATINGS.index)


def is_more_open(rating: Rating | str, *, than: Rating) -> bool:
    """Tell whether a rating warns of less than another."""
    return RATINGS.index(Rating(rating)) < RATINGS.index(than)


def _against(first: Licence, second: Licence) -> str:
    return (
        f"{short(first)} {TERMS[first].clause}, and {short(second)} {TERMS[second].clause}; "
        "no licence does both"
    )
