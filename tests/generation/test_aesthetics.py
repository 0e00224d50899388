"""Several aesthetics and words become one direction."""

import math

import pytest
import torch

from generation.aesthetics import mixed, with_text
from generation.personalisation import PersonalisationRefused

EAST, NORTH = torch.tensor([5.0, 0.0, 0.0]), torch.tensor([0.0, 0.01, 0.0])


def test_each_aesthetic_counts_by_its_weight_and_not_by_its_length() -> None:
    both = mixed(torch.stack([EAST, NORTH]), torch.tensor([3.0, 4.0]))
    torch.testing.assert_close(both, torch.tensor([0.6, 0.8, 0.0]))


def test_a_negative_weight_leads_away() -> None:
    away = mixed(torch.stack([EAST, NORTH]), torch.tensor([1.0, -1.0]))
    torch.testing.assert_close(away, torch.tensor([1.0, -1.0, 0.0]) / math.sqrt(2))


def test_one_aesthetic_alone_keeps_its_direction() -> None:
    torch.testing.assert_close(mixed(EAST[None], torch.tensor([0.3])), EAST / 5)


@pytest.mark.parametrize("weights", [[1.0, -1.0], [0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_aesthetics_that_cancel_out_are_refused(weights: list[float]) -> None:
    with pytest.raises(PersonalisationRefused, match="point nowhere") as caught:
        mixed(torch.stack([EAST, 3 * EAST]), torch.tensor(weights))
    assert caught.value.code == "no-direction"


def test_text_turns_the_aesthetic_by_a_share_of_the_angle_between() -> None:
    turned = with_text(EAST, 1000 * NORTH, 1 / 3)  # of 90 degrees
    torch.testing.assert_close(turned, torch.tensor([math.cos(math.pi / 6), 0.5, 0.0]))
    torch.testing.assert_close(with_text(EAST, NORTH, 0.0), EAST / 5)
    torch.testing.assert_close(with_text(EAST, NORTH, 1.0), 100 * NORTH)


def test_negative_text_turns_it_away_from_the_text() -> None:
    turned = with_text(EAST, NORTH, 1.0, negative=True)
    torch.testing.assert_close(turned, torch.tensor([1.0, -1.0, 0.0]) / math.sqrt(2))


def test_text_without_a_direction_and_angles_beyond_are_refused() -> None:
    with pytest.raises(PersonalisationRefused, match="point nowhere"):
        with_text(EAST, torch.zeros(3), 0.1)
    with pytest.raises(PersonalisationRefused, match="point nowhere"):
        with_text(EAST, EAST, 1.0, negative=True)
    with pytest.raises(PersonalisationRefused, match=r"can't be 1\.5"):
        with_text(EAST, NORTH, 1.5)
