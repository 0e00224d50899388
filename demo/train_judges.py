"""Train the judges of the evaluation: `python -m demo.train_judges` writes demo/weights/judges.

Each is trained alone, on pictures of its own, which are drawn first. They are roughened meanwhile,
as drawing by diffusion roughens them (blur, noise, lost detail, other colours, moved edges), so
that a judge answers what a picture shows and not how cleanly it is drawn. A judge is worth what it
reaches on held-out pictures of every style that it will be asked about; that is printed, and stands
in the model card. A stopped training goes on where its last checkpoint was.
"""

import argparse
import math
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from demo import judge_pictures, world
from demo.judge_figures import BAR, HELD_OUT, Figure, measure
from demo.judges import SUBJECT, TASKS, Judge, Judges, Task, as_seen
from demo.training import WEIGHTS, Average, Run, autocast, cosine_rate, device, work_folder
from registry.digests import digest_file

FOLDER = WEIGHTS / "judges"


@dataclass(frozen=True, slots=True)
class Settings:
    pictures: int = 16_000  # about 250 of each pair, 500 of each style that is asked about
    steps: int = 1_500  # 7.5 epochs of `batch`, ten minutes on one core
    batch: int = 80
    peak: float = 3e-3  # learning rate of AdamW; batch norm bears it
    warmup: int = 50  # steps
    weight_decay: float = 0.02
    clean: float = 0.25  # share of batches left as drawn, or crisp pictures are misread
    smoothing: float = 0.05  # of labels, since a roughened picture may lose its answer
    seed: int = 53


SETTINGS = Settings()


def main() -> None:
    """Draw the pictures, train one judge or both, measure them and write the weights."""
    options = _options()
    torch.set_num_threads(options.threads)
    folder = work_folder() / "judges"
    drawn = judge_pictures.training_pictures(folder, options.pictures, options.processes)
    for task in TASKS:
        if task.name in options.only:
            export(train(task, drawn, options.steps), options.folder / f"{task.name}.safetensors")
    if all((options.folder / f"{task.name}.safetensors").exists() for task in TASKS):
        write_card(measure(Judges.load(options.folder)), options)


def train(task: Task, drawn: judge_pictures.Labelled, steps: int) -> Judge:
    """Return a judge trained for `steps` steps, with the averaged weights."""
    run = Run(f"judges/{task.name}", seed=SETTINGS.seed, steps=steps)
    torch.manual_seed(SETTINGS.seed)
    on = device()
    judge: Judge = Judge(task).to(on, memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(judge.parameters(), weight_decay=SETTINGS.weight_decay)
    average = Average(judge, decay=0.99)
    questions = [2] if task is SUBJECT else [0, 1]  # columns of the labels
    for step in run.remaining({"judge": judge}, optimiser, average):
        rate = cosine_rate(step, steps=steps, peak=SETTINGS.peak, warmup=SETTINGS.warmup)
        for group in optimiser.param_groups:
            group["lr"] = rate
        rows = np.sort(run.random(step).choice(len(drawn.labels), SETTINGS.batch, replace=False))
        shown = as_seen(drawn.pictures[rows], world.SIZE, on)  # [batch, 3, 128, 128]
        shown = shown if _chance(SETTINGS.clean) else roughened(shown)
        if task is SUBJECT:  # A subject is known by its shape, so its colours may change places.
            shown = shown[:, torch.randperm(3)] if _chance(0.3) else shown
            shown = F.interpolate(shown, size=(task.side, task.side), mode="area")
        labels = torch.from_numpy(drawn.labels[rows][:, questions]).to(on)  # [batch, questions]
        with autocast(on):
            logits = judge(shown.contiguous(memory_format=torch.channels_last))
        losses = [
            F.cross_entropy(one.float(), labels[:, question], label_smoothing=SETTINGS.smoothing)
            for question, one in enumerate(logits)
        ]
        loss = torch.stack(losses).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average.follow(step)
        right = [one.argmax(1) == labels[:, question] for question, one in enumerate(logits)]
        run.log(step, 100, loss=loss.item(), right=torch.stack(right).all(0).float().mean().item())
        if (step + 1) % 250 == 0 or step + 1 == steps:
            run.save(step + 1, {"judge": judge}, optimiser, average)
    average.copy_to(judge)
    judge.eval()
    return judge


def roughened(pictures: Tensor) -> Tensor:
    """Return pictures [n, 3, side, side] moved, blurred, recoloured a little and noisy, 0 to 1."""
    count, side = len(pictures), pictures.shape[-1]
    grid = F.affine_grid(_slight_maps(count).to(pictures.device), list(pictures.shape), False)  # noqa: FBT003
    rough = F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    if _chance(0.5):
        small = int(side * _between(0.4, 0.9))
        rough = F.interpolate(rough, size=(small, small), mode="bilinear", antialias=True)
        rough = F.interpolate(rough, size=(side, side), mode="bilinear")
    gain = 1 + 0.1 * (torch.rand(count, 3, 1, 1) - 0.5)
    lift = 0.06 * (torch.rand(count, 3, 1, 1) - 0.5)
    contrast = 1 + 0.3 * (torch.rand(count, 1, 1, 1) - 0.5)
    middle = rough.mean((1, 2, 3), keepdim=True)  # [n, 1, 1, 1]
    rough = (rough - middle) * contrast.to(rough) + middle
    rough = rough * gain.to(rough) + lift.to(rough)
    if _chance(0.3):  # blotches, as a small autoencoder leaves them
        blotches = torch.randn(count, 3, side // 8, side // 8).to(rough) * _between(0, 0.06)
        rough = rough + F.interpolate(blotches, size=(side, side), mode="bilinear")
    return (rough + torch.randn_like(rough) * _between(0, 0.08)).clamp(0, 1)


def _slight_maps(count: int) -> Tensor:
    """Return affine maps [count, 2, 3]: turned, scaled and moved a little, some mirrored."""
    turn = (torch.rand(count) - 0.5) * math.radians(8)
    scale = 1 + (torch.rand(count) - 0.5) * 0.2
    mirror = 1.0 - 2 * torch.randint(2, (count,))
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    x, y = (torch.rand(2, count) - 0.5) * 0.16  # the picture is 2 wide
    rows = [torch.stack([cos * mirror, -sin, x], 1), torch.stack([sin * mirror, cos, y], 1)]
    return torch.stack(rows, 1)


def _between(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


def _chance(share: float) -> bool:
    return float(torch.rand(())) < share


def export(judge: Judge, path: Path) -> None:
    """Write the weights as float16 safetensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (weight.half() if weight.is_floating_point() else weight).cpu().contiguous()
        for name, weight in judge.state_dict().items()
    }
    save_file(weights, path)
    path.chmod(0o644)  # safetensors writes for its owner alone


def write_card(figures: list[Figure], options: argparse.Namespace) -> None:
    """Write the model card: how the judges were made, what they reach, and their digests."""
    folder: Path = options.folder
    rows = [
        f"| {each.style} | {each.palette:.3f} | {each.texture:.3f} | {each.both:.3f} "
        f"| {each.subject:.3f} |"
        for each in figures
    ]
    digests = [f"- `{path.name}`: `{digest_file(path)}`" for path in sorted(folder.glob("*.saf*"))]
    settings = ", ".join(f"{name} {value}" for name, value in asdict(SETTINGS).items())
    lines = [
        "# The judges of the evaluation",
        "",
        "Two small convolutional networks that say which palette, texture and subject a picture of "
        "`demo/world.py` shows. They only measure: nothing else is trained or chosen by them but "
        "the dose presets. They share no picture and no weight with the models that they judge.",
        "",
        f"- made by `python -m demo.train_judges` on {datetime.now(UTC):%Y-%m-%d}, "
        f"{options.pictures} pictures, {options.steps} steps each",
        f"- settings: {settings}",
        *digests,
        "",
        f"Shares right of {HELD_OUT} held-out pictures each; the bar is {BAR}.",
        "",
        "| style | palette | texture | both | subject |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pictures", type=int, default=SETTINGS.pictures)
    parser.add_argument("--steps", type=int, default=SETTINGS.steps)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="that draw the pictures")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the weights")
    names = [task.name for task in TASKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    return parser.parse_args()


if __name__ == "__main__":
    main()
