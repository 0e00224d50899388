"""What a work made of others may carry, by the licences' own words."""

from itertools import product

import pytest

from registry import inheritance
from registry.inheritance import IncompatibleLicences, allowed, inherited, strictest
from registry.licences import Licence, Rating

L = Licence


def test_each_licence_has_terms_with_a_source() -> None:
    assert set(inheritance.TERMS) == set(L)
    assert all(terms.source and terms.clause for terms in inheritance.TERMS.values())
    ranked = set(inheritance.FROM_OPEN_TO_STRICT)
    assert all(terms.allows <= ranked for terms in inheritance.TERMS.values())


@pytest.mark.parametrize(
    ("parents", "child"),
    [
        ([L.CC0, L.PUBLIC_DOMAIN], L.CC0),
        ([L.PUBLIC_DOMAIN, L.PUBLIC_DOMAIN], L.CC0),  # the mark says it of works that are old
        ([L.CC0, L.CC_BY], L.CC_BY),
        ([L.CC_BY_2, L.CC_BY_2], L.CC_BY_2),
        ([L.CC_BY_2, L.CC_BY_3, L.CC_BY], L.CC_BY),
        ([L.CC_BY, L.CC_BY_SA], L.CC_BY_SA),
        ([L.CC_BY_SA_2, L.CC_BY_SA_3], L.CC_BY_SA_3),
        ([L.CC_BY_SA_2, L.CC_BY_SA], L.CC_BY_SA),
        ([L.CC_BY, L.CC_BY_NC], L.CC_BY_NC),
        ([L.CC_BY_NC, L.CC_BY_NC_SA], L.CC_BY_NC_SA),
        ([L.CC_BY_SA, L.GPL_2], L.GPL_3),
        ([L.GPL_2, L.GPL_2], L.GPL_2),
    ],
)
def test_the_strictest_wins(parents: list[L], child: L) -> None:
    assert inherited(parents) == child
    assert inherited(parents[::-1]) == child


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (L.CC_BY_SA, L.CC_BY_NC),
        (L.CC_BY_SA, L.CC_BY_NC_SA),
        (L.GPL_3, L.CC_BY_NC),
        (L.CC_BY_SA_3, L.GPL_3),  # only 4.0 was declared compatible
    ],
)
def test_two_that_ask_for_different_things_are_both_named(first: L, second: L) -> None:
    with pytest.raises(IncompatibleLicences) as caught:
        allowed([L.CC0, first, second])
    assert (caught.value.first, caught.value.second) == (1, 2)
    for licence in (first, second):
        assert inheritance.short(licence) in caught.value.reason


@pytest.mark.parametrize("licence", [L.CC_BY_ND, L.CC_BY_NC_ND, L.OTHER])
def test_of_some_nothing_may_be_made(licence: L) -> None:
    with pytest.raises(IncompatibleLicences) as caught:
        allowed([L.CC0, licence])
    assert (caught.value.first, caught.value.second) == (1, 1)


def test_no_blend_is_more_open_than_any_of_its_parents() -> None:
    """What is made of a blend may carry no more than what is made of its parents."""
    tried = 0
    for first, second in product(L, L):
        try:
            child = inherited([first, second])
        except IncompatibleLicences:
            continue
        tried += 1
        for parent in (first, second):
            beyond = inheritance.TERMS[child].allows - inheritance.TERMS[parent].allows
            # CC's own list makes BY-SA 4.0 adaptable under the GPL, and so what became BY-SA 4.0.
            assert beyond <= {L.GPL_2, L.GPL_3}, (first, second, child)
    assert tried > 50


def test_the_strictest_rating_wins() -> None:
    assert strictest([Rating.GENERAL, Rating.MATURE, Rating.GENERAL]) == Rating.MATURE
    assert strictest([Rating.GENERAL]) == Rating.GENERAL
