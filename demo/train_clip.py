"""Pictures and captions of the world go in, the demo's CLIP comes out, trained from nothing.

`python -m demo.train_clip` trains, resumes what was stopped, and writes demo/weights when finished.
The recipe is CLIP's with three additions: the mean over a set of pictures that share a look must
agree with words for the look, as the hub computes embeddings; a small temperature and a plain
distance keep pictures and words in one place of the space, where CLIP leaves a gap; and attribute
heads on the picture tower, soon faded out, show it early what there is to see.
"""

import argparse
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from demo import clip_files, dataset, photographs
from demo.clip_batches import Batch, Batches, Sets
from demo.clip_features import pooled_pictures, text_features
from demo.clip_losses import contrast, distance, means
from demo.clip_measures import measure
from demo.training import WEIGHTS, Run, cosine_rate, device
from demo.world import BACKGROUNDS, COMPANIONS, PALETTES, SUBJECTS, TEXTURES

ATTRIBUTES = {
    "subject": len(SUBJECTS),
    "background": len(BACKGROUNDS),
    "companion": len(COMPANIONS),
    "palette": len(PALETTES),
    "texture": len(TEXTURES),
}


@dataclass(frozen=True)
class Settings:
    steps: int = 700  # of 132 pictures: about half an hour on one core
    peak: float = 9e-4  # learning rate; small towers bear more than CLIP's 5e-4
    warmup: int = 30  # steps
    decay: float = 0.05  # of matrices; the training is too short for CLIP's 0.2
    betas: tuple[float, float] = (0.9, 0.98)  # CLIP's
    largest_gradient: float = 1.0  # norm
    first_scale: float = 10.0  # inverse temperature, learnt from here
    largest_scale: float = 25.0  # CLIP's is 100, where matches need no large cosine to win
    sets: float = 0.5  # weight of each kind of sets, styles and subjects, beside 1 for the pairs
    alignment: float = 0.3  # weight of 1 - cos of a pair; more blurs what a caption leaves out
    attributes: float = 1.0  # weight of the heads at first, fading to 0 by the end
    palettes: int = 4  # in a batch; few with many textures each tell textures apart
    textures: int = 3  # of each of them
    seed: int = 31


def train(settings: Settings, folder: Path, start: Path | None) -> None:
    """Take the steps that are left, from the weights in `start`; write the files to `folder`."""
    torch.manual_seed(settings.seed)
    model = clip_files.new_model().to(device()).train()
    if start is None:
        model.logit_scale.data.fill_(math.log(settings.first_scale))
    else:
        model.load_state_dict(clip_files.load(start).state_dict())
    heads = nn.ModuleDict(
        {name: nn.Linear(clip_files.WIDTH, kinds) for name, kinds in ATTRIBUTES.items()}
    ).to(device())
    optimiser = _optimiser(model, heads, settings)
    parts = {"clip": model, "heads": heads}
    batches = Batches(
        dataset.load("train"),
        *photographs.load(),
        palettes=settings.palettes,
        textures=settings.textures,
    )
    test = dataset.load("test")
    run = Run("clip", seed=settings.seed, steps=settings.steps)
    for step in run.remaining(parts, optimiser):
        rate = cosine_rate(step, steps=settings.steps, peak=settings.peak, warmup=settings.warmup)
        for group in optimiser.param_groups:
            group["lr"] = rate
        losses = _losses(model, heads, batches.draw(run.random(step)))
        fading = settings.attributes * (1 - step / settings.steps)
        total = (
            losses["pairs"]
            + settings.alignment * losses["alignment"]
            + settings.sets * (losses["styles"] + losses["subjects"])
            + fading * losses["attributes"]
        )
        optimiser.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.largest_gradient)
        optimiser.step()
        model.logit_scale.data.clamp_(0, math.log(settings.largest_scale))
        run.log(step, 10, scale=float(model.logit_scale.detach().exp()), **_values(losses))
        if (step + 1) % 100 == 0:
            run.note(step + 1, **measure(model, heads, test))
        if (step + 1) % 50 == 0 or step + 1 == settings.steps:
            run.save(step + 1, parts, optimiser)
    clip_files.write(model, _card(settings, measure(model, heads, test)), folder)


def _optimiser(model: Any, heads: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    rest = [weight for weight in model.parameters() if weight.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": settings.decay},
            {"params": [*rest, *heads.parameters()], "weight_decay": 0.0},
        ],
        lr=settings.peak,
        betas=settings.betas,
        eps=1e-6,
    )


def _losses(model: Any, heads: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
    """Return each loss of a batch by name, all of them []."""
    on = device()
    pairs, styles = len(batch.ids), len(batch.styles.ids)
    ids = torch.cat([batch.ids, batch.styles.ids, batch.subjects.ids])  # [n + sets, 77]
    # In float32: for matrices as small as these oneDNN's bfloat16 takes almost twice the time.
    pooled = pooled_pictures(model, batch.pixels.to(on))  # [n, 192]
    pictures = model.visual_projection(pooled)  # [n, 768]
    texts = F.normalize(text_features(model, ids.to(on)), dim=-1)  # [n + sets, 768]
    scale = model.logit_scale.exp()
    units, captions = F.normalize(pictures, dim=-1), texts[:pairs]
    drawings = pictures[: len(batch.labels)]
    return {
        "pairs": contrast(units, captions, batch.holds.to(on), scale),
        "alignment": distance(units, captions),
        "styles": _set_loss(drawings, texts[pairs : pairs + styles], batch.styles, scale),
        "subjects": _set_loss(drawings, texts[pairs + styles :], batch.subjects, scale),
        "attributes": _attribute_loss(heads, pooled, batch.labels.to(on)),
    }


def _set_loss(drawings: Tensor, words: Tensor, sets: Sets, scale: Tensor) -> Tensor:
    """Return, as [], how far sets' means are from their words [sets, 768] and near to others'."""
    directions = means(drawings, sets.members.to(drawings.device))  # [sets, 768]
    holds = sets.holds.to(drawings.device)
    return contrast(directions, words, holds, scale) + distance(directions, words)


def _attribute_loss(heads: nn.ModuleDict, pooled: Tensor, labels: Tensor) -> Tensor:
    """Return the heads' cross entropies on drawings, added up; photographs have no labels."""
    drawings = pooled[: len(labels)]  # [drawings, 192]
    losses = [
        F.cross_entropy(head(drawings), labels[:, column])
        for column, head in enumerate(heads.values())
    ]
    return torch.stack(losses).sum()


def _values(losses: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: float(loss.detach()) for name, loss in losses.items()}


def _card(settings: Settings, measured: Mapping[str, float]) -> str:
    recipe = "\n".join(f"| {name} | {value} |" for name, value in asdict(settings).items())
    numbers = "\n".join(f"| {name} | {value:.3f} |" for name, value in measured.items())
    return f"""# The demo's CLIP

A small CLIP, 5.3 million parameters, trained from nothing on this project's own procedural world
(`demo/world.py`) and on cuts of the sample photographs in `demo/samples`. It knows ten subjects,
24 palettes and seven textures and little else; it shows how the hub works and is no judge of
other pictures. `python -m demo.train_clip` trains it again.

Losses: symmetric InfoNCE over pictures and captions, with other pictures of which a caption is true
left out; the same, and 1 - cos, over means of pictures that share a style or a subject; 1 - cos of
pairs; cross entropy of attribute heads that were thrown away.

## Settings

| | |
|---|---|
{recipe}

## Measured on 500 test pictures

`demo/clip_measures.py` says what each number means.

| | |
|---|---|
{numbers}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=Settings.steps, help="default: %(default)s")
    parser.add_argument("--peak", type=float, default=Settings.peak, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=Settings.seed, help="another for going on")
    parser.add_argument("--palettes", type=int, default=Settings.palettes, help="in a batch")
    parser.add_argument("--textures", type=int, default=Settings.textures, help="of each palette")
    parser.add_argument("--start", type=Path, help="a folder of weights to start from")
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--folder", type=Path, default=WEIGHTS, help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = Settings(
        steps=arguments.steps,
        peak=arguments.peak,
        seed=arguments.seed,
        palettes=arguments.palettes,
        textures=arguments.textures,
    )
    train(settings, arguments.folder, arguments.start)


if __name__ == "__main__":
    main()
