"""The evaluation's judges: pictures go in, their palette, texture and subject come out.

Two small convolutional networks, trained apart from every model that they judge and on pictures of
their own (`demo.train_judges`). One looks at a picture's full size for its style, the other at half
of it for its subject.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from demo import world

# Output channels and stride of each convolution after the first; 0.2 million weights in all.
LAYERS = ((48, 2), (64, 2), (64, 1), (96, 2), (96, 1))
FIRST = 24  # channels
BATCH = 64  # pictures judged at once

Pictures = NDArray[np.uint8]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Task:
    """What a judge decides: how many answers each question has, and at what size it looks."""

    name: str
    answers: tuple[int, ...]
    side: int  # pixels


STYLE = Task("style", (len(world.ORIGINALS), len(world.TEXTURES)), side=128)
SUBJECT = Task("subject", (len(world.SUBJECTS),), side=64)
TASKS = (STYLE, SUBJECT)


class Judge(nn.Module):  # type: ignore[misc]  # mypy does not follow torch
    """Six convolutions, the mean and the largest of each channel, one linear layer."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task
        channels = (FIRST, *(out for out, _ in LAYERS))
        layers: list[nn.Module] = [_convolution(3, FIRST, stride=task.side // 64)]
        for (before, after), (_, stride) in zip(pairwise(channels), LAYERS, strict=True):
            layers.append(_convolution(before, after, stride))
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(0.2)
        self.answer = nn.Linear(2 * channels[-1], sum(task.answers))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return logits [batch, answers] to each question on pictures [batch, 3, side, side].

        Pictures are 0 to 1.
        """
        found = self.layers(pictures * 2 - 1)  # [batch, channels, 8, 8]
        pooled = torch.cat([found.mean((2, 3)), found.amax((2, 3))], dim=1)  # [batch, 2 * channels]
        logits: tuple[Tensor, ...] = self.answer(self.dropout(pooled)).split(self.task.answers, 1)
        return list(logits)


def _convolution(before: int, after: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


def as_seen(pictures: Pictures, side: int, device: Any = "cpu") -> Tensor:
    """Return pictures [n, height, width, 3] as a judge sees them: [n, 3, side, side], 0 to 1."""
    seen = torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2) / 255
    if seen.shape[-1] != side:
        seen = F.interpolate(seen, size=(side, side), mode="bilinear", antialias=True)
    return seen


def judged(judge: Judge, pictures: Pictures) -> list[Indices]:
    """Return the likeliest answer [n] to each of the judge's questions."""
    device = next(judge.parameters()).device
    parts = []
    with torch.inference_mode():
        for part in np.split(pictures, range(BATCH, len(pictures), BATCH)):
            logits = judge(as_seen(part, judge.task.side, device))
            parts.append([each.argmax(1).cpu().numpy() for each in logits])
    return [np.concatenate(answers) for answers in zip(*parts, strict=True)]


@dataclass(frozen=True, slots=True)
class Judges:
    """Both judges, ready; `load` reads them. Pictures are uint8 [n, side, side, 3] of any side."""

    style_judge: Judge
    subject_judge: Judge

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(*(_read(task, folder / f"{task.name}.safetensors") for task in TASKS))

    def style(self, pictures: Pictures) -> tuple[Indices, Indices]:
        """Return the indices of palette and texture, [n] each."""
        palette, texture = judged(self.style_judge, pictures)
        return palette, texture

    def subject(self, pictures: Pictures) -> Indices:
        """Return the indices of the subjects [n]."""
        (subject,) = judged(self.subject_judge, pictures)
        return subject


def _read(task: Task, path: Path) -> Judge:
    judge = Judge(task)
    weights = load_file(path)
    judge.load_state_dict({name: _wide(weight) for name, weight in weights.items()})
    judge.eval()
    return judge


def _wide(weight: Tensor) -> Tensor:
    return weight.float() if weight.is_floating_point() else weight
