"""What every training here shares: seeds, schedule, checkpoints that resume, a line of log a while.

A training is a plain loop in its own module. This one keeps what must not differ between them: a
run that was stopped and goes on from its checkpoint takes the same steps as one that never stopped,
because everything random in a step is drawn from the run's seed and the number of the step.
"""

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from registry.digests import digest_file

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "demo" / "weights"
WEIGHTS_FILE = "diffusion_pytorch_model.safetensors"  # as diffusers names it in a folder


def work_folder() -> Path:
    """Return where data and checkpoints of the training lie; DEMO_TRAINING names another place."""
    return Path(os.environ.get("DEMO_TRAINING", ROOT / "var" / "demo-training"))


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(on: torch.device) -> torch.autocast:
    """Compute in bfloat16 on CUDA; weights stay float32.

    On two cores with AVX512-BF16 it was slower than float32: 1.1 s a step of the UNet, not .63.
    """
    return torch.autocast(on.type, dtype=torch.bfloat16, enabled=on.type == "cuda")


def cosine_rate(step: int, *, steps: int, peak: float, warmup: int, hold: float = 0.0) -> float:
    """Return a step's learning rate: linear warm-up, `peak` for the share `hold`, cosine to 0."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = step / steps
    if done < hold:
        return peak
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - hold) / (1 - hold))))


@dataclass
class Average:
    """An exponential moving average of a model's weights, slower the longer it has run."""

    model: nn.Module
    decay: float = 0.999
    weights: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.weights = {
            name: weight.detach().clone() for name, weight in self.model.named_parameters()
        }

    @torch.no_grad()
    def follow(self, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        current = [weight.detach() for weight in self.model.parameters()]
        torch._foreach_lerp_(list(self.weights.values()), current, 1 - decay)

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        for name, weight in model.named_parameters():
            weight.copy_(self.weights[name])


class Run:
    """One training's folder: its checkpoint (safetensors, no pickle) and its log (JSON lines)."""

    def __init__(self, name: str, *, seed: int, steps: int) -> None:
        self.name, self.seed, self.steps = name, seed, steps
        self.folder = work_folder() / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sums: dict[str, float] = {}
        self._count = 0
        self._since = time.monotonic()
        self._seconds = 0.0  # spent in earlier legs

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    def remaining(
        self,
        models: Mapping[str, nn.Module],
        optimiser: torch.optim.Optimizer,
        average: Average | None = None,
    ) -> Iterator[int]:
        """Load the checkpoint if there is one, and yield the steps that are left, each seeded."""
        first = self._resume(models, optimiser, average) if self.checkpoint.exists() else 0
        print(f"{self.name}: steps {first} to {self.steps} in {self.folder}", flush=True)
        for step in range(first, self.steps):
            torch.manual_seed(self.seed * 1_000_003 + step)
            yield step

    def begin(self, plan: Mapping[str, object], start: Path | None, **more: object) -> None:
        """Log what is planned and the weights in the folder `start`, unless this goes on."""
        if not self.checkpoint.exists():
            origin = digest_file(start / WEIGHTS_FILE) if start is not None else None
            self.note(0, plan=plan, start=origin, **more)

    def random(self, step: int) -> np.random.Generator:
        """Return the step's own random numbers."""
        return np.random.default_rng((self.seed, step))

    def log(self, step: int, every: int, **values: float) -> None:
        """Add up the step's values; each `every` steps print and log their means."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if (step + 1) % every and step + 1 != self.steps:
            return
        seconds = self._seconds + time.monotonic() - self._since
        means = {name: total / self._count for name, total in self._sums.items()}
        self.note(step + 1, seconds=round(seconds, 1), **means)
        self._sums, self._count = {}, 0

    def note(self, step: int, **values: object) -> None:
        line = {"step": step} | {
            name: float(f"{value:.5g}") if isinstance(value, float) else value
            for name, value in values.items()
        }
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        share = f"{100 * step / self.steps:5.1f} %"
        print(self.name, share, " ".join(f"{k} {v}" for k, v in line.items()), flush=True)

    def save(
        self,
        step: int,
        models: Mapping[str, nn.Module],
        optimiser: torch.optim.Optimizer,
        average: Average | None = None,
    ) -> None:
        """Write the state after `step` steps; a run killed meanwhile keeps the older one."""
        tensors: dict[str, Tensor] = {}
        for name, model in models.items():
            tensors |= {f"{name}/{key}": value for key, value in model.state_dict().items()}
        for index, state in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{index}/{key}": value for key, value in state.items()}
        if average is not None:
            tensors |= {f"average/{key}": value for key, value in average.weights.items()}
        seconds = self._seconds + time.monotonic() - self._since
        fresh = self.checkpoint.with_suffix(".new")
        save_file(
            {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()},
            fresh,
            metadata={"step": str(step), "seconds": f"{seconds:.1f}"},
        )
        fresh.replace(self.checkpoint)

    def _resume(
        self,
        models: Mapping[str, nn.Module],
        optimiser: torch.optim.Optimizer,
        average: Average | None,
    ) -> int:
        with safe_open(self.checkpoint, framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for name, model in models.items():
            model.load_state_dict(_part(tensors, f"{name}/"))
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _part(tensors, "optimiser/").items():
            index, key = name.split("/")
            state.setdefault(int(index), {})[key] = tensor
        optimiser.load_state_dict(optimiser.state_dict() | {"state": state})
        if average is not None:
            for name, tensor in _part(tensors, "average/").items():
                average.weights[name].copy_(tensor)
        self._seconds = float(metadata["seconds"])
        return int(metadata["step"])


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
