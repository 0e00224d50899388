"""Try a treatment: a studio, looks, prompts and seeds go in, pictures and their scores come out."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from demo.judges import Pictures
from demo.scores import Scores
from demo.studio import Look, Studio
from demo.treatments import Treatment, token_ids, treated

Prompts = Sequence[tuple[str, str]]  # words, and the subject that they mean


@dataclass(frozen=True, slots=True)
class Text:
    """What a treatment did to the prompts, in the mean over looks and prompts."""

    before: float  # agreement of the prompt with the aesthetic, by the text encoder
    after: float
    drift: float  # of the conditioning


@dataclass(frozen=True, slots=True)
class Trial:
    pictures: Pictures  # uint8 [looks or 1, prompts, seeds, height, width, 3]
    scores: Scores
    text: Text


def plain(studio: Studio, looks: Sequence[Look], prompts: Prompts, seeds: Sequence[int]) -> Trial:
    """Draw prompts without any aesthetic, and compare the pictures with each look all the same."""
    words, subjects = zip(*prompts, strict=True)
    conditioning = studio.models.read(token_ids(studio.models, words))
    pictures = studio.drawn(conditioning, seeds)[None]  # [1, prompts, seeds, height, width, 3]
    return Trial(pictures, Scores.of(studio.read(pictures), looks, subjects), Text(0, 0, 0))


def tried(
    studio: Studio,
    treatment: Treatment,
    looks: Sequence[Look],
    prompts: Prompts,
    seeds: Sequence[int],
) -> Trial:
    """Personalise every prompt with every look, and draw each with every seed."""
    words, subjects = zip(*prompts, strict=True)
    made = [
        treated(studio.models, words, torch.from_numpy(look.embedding), treatment) for look in looks
    ]
    drawn = studio.drawn(torch.cat([each.conditioning for each in made]), seeds)
    pictures = drawn.reshape(len(looks), len(words), *drawn.shape[1:])
    agreement = torch.cat([each.agreement for each in made])  # [looks * prompts, steps + 1]
    text = Text(
        before=float(agreement[:, 0].mean()),
        after=float(agreement[:, -1].mean()),
        drift=float(torch.cat([each.drift for each in made]).mean()),
    )
    return Trial(pictures, Scores.of(studio.read(pictures), looks, subjects), text)
