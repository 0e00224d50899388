"""What a picture looks like while it is drawn: two neighbouring latents go in, a sketch comes out.

A sampler follows a path from noise to picture. The line through its last two places, prolonged to
where there would be no noise, shows what the picture is about to become: for DDIM that is exactly
its own guess (Song et al. 2021, equation 12), for other samplers of the same noise nearly so.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from generation.checkpoint_kinds import Kind

Sketch = Callable[[], list[Image.Image]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a drawing is; `sketch` decodes what there is so far, one picture for each row.

    It gives none where nobody can know how noisy the latents are, nor where a safety checker has
    not seen them yet. Of a drawing in parts it gives the rows of the first alone.
    """

    step: int  # done, of `steps`
    steps: int
    sketch: Sketch

    def of_part(self, index: int, parts: int) -> "Progress":
        """Return the progress of a drawing of which this is one part of several, in turn.

        Only the first part is sketched, so that whoever watches never sees one picture turn into
        another.
        """
        step = math.ceil((index * self.steps + self.step) / parts)
        return replace(self, step=step, sketch=list if index else self.sketch)


class Watcher:
    """The pipeline's callback after each step."""

    def __init__(
        self, watch: Callable[[Progress], None], steps: int, noise: Tensor, kind: Kind
    ) -> None:
        self._watch, self._steps, self._kind = watch, steps, kind
        self._before = noise  # [batch, channels, height / factor, width / factor]

    def __call__(
        self, pipeline: Any, index: int, _: Any, given: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        before, self._before = self._before, given["latents"]
        latents = self._before

        def sketch() -> list[Image.Image]:
            return _sketched(self._kind, pipeline, index, before, latents)

        # Some samplers, such as PNDM, take more turns than the steps that they were asked for.
        step = math.ceil((index + 1) * self._steps / pipeline.num_timesteps)
        self._watch(Progress(step, self._steps, sketch))
        return {}


def without_noise(before: Tensor, after: Tensor, kept: tuple[float, float]) -> Tensor:
    """Prolong the line through two latents of one path to where no noise is left.

    `kept` is the share of the picture's variance in each (alphas_cumprod), so that the latents are
    sqrt(kept) * picture + sqrt(1 - kept) * noise.
    """
    noisy, less = (math.sqrt(1 - share) for share in kept)
    signal_before, signal_after = (math.sqrt(share) for share in kept)
    return (noisy * after - less * before) / (noisy * signal_after - less * signal_before)


def _sketched(
    kind: Kind, pipeline: Any, index: int, before: Tensor, latents: Tensor
) -> list[Image.Image]:
    scheduler, checker = pipeline.scheduler, getattr(pipeline, "safety_checker", None)
    is_known = hasattr(scheduler, "alphas_cumprod") and float(scheduler.init_noise_sigma) == 1
    if checker is not None or not is_known:
        return []
    if index + 1 < len(scheduler.timesteps):
        times = scheduler.timesteps[index : index + 2].long().tolist()
        kept = [float(scheduler.alphas_cumprod[time]) for time in times]
        if kept[0] >= kept[1]:  # a turn of PNDM that goes back
            return []
        latents = without_noise(before.to(latents), latents, (kept[0], kept[1]))
    with torch.no_grad():
        decoded = kind.decoded(pipeline, latents)
    pictures: list[Image.Image] = pipeline.image_processor.postprocess(decoded, "pil")
    return pictures
