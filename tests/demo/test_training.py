"""A training that is stopped goes on as if it had not been."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from demo.training import Average, Run, cosine_rate

pytestmark = pytest.mark.usefixtures("one_torch_thread")

STEPS = 12


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEMO_TRAINING", str(tmp_path))
    return tmp_path


def trained(name: str, stop_after: int = STEPS) -> tuple[dict[str, torch.Tensor], Average]:
    """Fit a line, a little, and save after each step; stop as a killed process would."""
    torch.manual_seed(7)
    model = nn.Linear(3, 1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.1)
    average = Average(model)
    run = Run(name, seed=5, steps=STEPS)
    for step in run.remaining({"model": model}, optimiser, average):
        if step == stop_after:
            break
        points = torch.randn(8, 3) + float(run.random(step).random())
        loss = (model(points) - points.sum(1, keepdim=True)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average.follow(step)
        run.log(step, 4, loss=loss.item())
        run.save(step + 1, {"model": model}, optimiser, average)
    return model.state_dict(), average


def test_a_stopped_run_ends_where_one_that_never_stopped_does(work: Path) -> None:
    whole, whole_average = trained("whole")
    trained("stopped", stop_after=5)
    resumed, resumed_average = trained("stopped")
    for name, weight in whole.items():
        assert torch.equal(weight, resumed[name])
    for name, weight in whole_average.weights.items():
        assert torch.equal(weight, resumed_average.weights[name])


def test_a_finished_run_has_nothing_left_to_do(work: Path) -> None:
    first, _ = trained("done")
    written = (work / "done" / "checkpoint.safetensors").stat().st_mtime_ns
    again, _ = trained("done")
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert (work / "done" / "checkpoint.safetensors").stat().st_mtime_ns == written


def test_the_log_holds_the_means_since_its_last_line(work: Path) -> None:
    trained("logged")
    lines = [json.loads(line) for line in (work / "logged" / "log.jsonl").open(encoding="utf-8")]
    assert [line["step"] for line in lines] == [4, 8, 12]
    assert all(line["loss"] > 0 and line["seconds"] >= 0 for line in lines)


def test_the_rate_warms_up_holds_and_falls_to_nothing() -> None:
    rates = [cosine_rate(step, steps=100, peak=2.0, warmup=10, hold=0.5) for step in range(101)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9:50] == pytest.approx([2.0] * 41)
    assert all(later < earlier for earlier, later in pairwise(rates[50:]))
    assert rates[100] == pytest.approx(0)
