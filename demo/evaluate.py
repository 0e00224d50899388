"""Measure the built-in models: `python -m demo.evaluate` prints a table and last one JSON line.

Embeddings are made from pictures that no model was trained on, prompts are personalised and drawn
by the hub's own engine, and judges that were trained apart say what the pictures show. First a
sweep chooses how strongly each method is applied, on sets and seeds of its own; it is kept, and
made anew only for other weights. Then every aesthetic, every unseen pair of palette and texture,
and prompts in unusual words are drawn and judged.

    python -m demo.evaluate                  all of it
    python -m demo.evaluate --write-doses    and store what the sweep chose with the weights
    python -m demo.evaluate --quick          a few pictures, in a minute or two
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from demo import captions, world
from demo.contact_sheet import write_sheet
from demo.evaluation_report import Results, numbers, tables
from demo.judge_figures import measure
from demo.real_pictures import orderings
from demo.studio import Look, Studio
from demo.sweep import GRID, METHODS, QUICK_GRID, best, remembered_sweep, write_doses
from demo.training import ROOT, WEIGHTS, device, work_folder
from demo.treatments import Treatment, treated
from demo.trials import Prompts, Trial, plain, tried
from demo.word_search import search_by_words
from generation.diffusion import PromptEmbeds, draw

OFFERED = ("adam", "anchored")  # what unseen pairs and unusual prompts are tried with
DOCUMENTS = ROOT / "docs"
SHEET_PROMPTS = 6


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is drawn."""

    seeds: tuple[int, ...]
    prompts: int  # of each kind, at most
    looks: int  # of the aesthetics and of the unseen pairs, at most
    judged: int  # held-out pictures of each style that the judges are tested on
    scenes: int  # of the search by words
    grid: tuple[Treatment, ...]


FULL = Extent((1, 2, 3, 4), prompts=8, looks=14, judged=100, scenes=500, grid=GRID)
QUICK = Extent((1,), prompts=2, looks=2, judged=10, scenes=50, grid=QUICK_GRID)


def main() -> None:
    """Sweep, draw, judge and report."""
    options = _options()
    torch.set_num_threads(options.threads)
    extent = _extent(options)
    folder = work_folder() / "evaluation" / ("quick" if options.quick else "full")
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    studio = Studio.load(options.weights)
    outcomes = remembered_sweep(studio, extent.grid, folder / "sweep.json", options.weights)
    chosen = {method: best(outcomes, method).treatment for method in METHODS}
    if options.write_doses:
        write_doses(outcomes, options.weights / "sd")

    looks = _looks(studio, list(world.AESTHETICS.items())[: extent.looks], first_seed=0)
    pairs = [(f"{pair.palette}, {pair.texture}", pair) for pair in world.UNSEEN]
    unseen = _looks(studio, pairs[: extent.looks], first_seed=100)
    neutral = captions.NEUTRAL[: extent.prompts]
    unusual = captions.UNUSUAL[: extent.prompts]
    trials = _trials(studio, chosen, looks, neutral, extent.seeds)
    offered = {method: chosen[method] for method in OFFERED}
    seconds = _seconds(studio, looks[0], chosen["adam"])
    results = Results(
        looks=looks,
        unseen_looks=unseen,
        prompts=neutral,
        chosen=chosen,
        trials=trials,
        unseen=_trials(studio, offered, unseen, neutral, extent.seeds),
        unusual=_trials(studio, offered, looks, unusual, extent.seeds[:2]),
        outcomes=outcomes,
        figures=measure(studio.judges, extent.judged),
        found=search_by_words(studio, extent.scenes),
        orderings=orderings(studio),
        seconds_to_personalise=seconds[0],
        seconds_per_picture=seconds[1],
        minutes=(time.monotonic() - started) / 60,
        device=f"{device().type}, {options.threads} threads",
    )
    _write(results, folder, _documents(folder if options.quick else DOCUMENTS))


def _looks(
    studio: Studio, styles: Sequence[tuple[str, world.Style]], first_seed: int
) -> list[Look]:
    return [
        studio.look(name, style, first_seed + index) for index, (name, style) in enumerate(styles)
    ]


def _trials(
    studio: Studio,
    chosen: dict[str, Treatment],
    looks: Sequence[Look],
    prompts: Prompts,
    seeds: Sequence[int],
) -> dict[str, Trial]:
    """Draw plain pictures and those of each method."""
    trials = {"plain": plain(studio, looks, prompts, seeds)}
    for method, treatment in chosen.items():
        trials[method] = tried(studio, treatment, looks, prompts, seeds)
        print(f"{treatment}: {_short(trials[method])}", flush=True)
    return trials


def _short(trial: Trial) -> str:
    return " ".join(f"{name} {value:.3f}" for name, value in trial.scores.means().items())


def _seconds(studio: Studio, look: Look, treatment: Treatment) -> tuple[float, float]:
    """Return how long one prompt is personalised and one picture drawn, the median of three."""
    negative = studio.models.negative("")
    aesthetic = torch.from_numpy(look.embedding)
    times = []
    for seed in (1, 2, 3):
        start = time.perf_counter()
        made = treated(studio.models, [captions.NEUTRAL[0][0]], aesthetic, treatment)
        between = time.perf_counter()
        draw(studio.models, PromptEmbeds(made.conditioning), negative, studio.sampling(seed))
        times.append((between - start, time.perf_counter() - between))
    personalising, drawing = zip(*times, strict=True)
    return statistics.median(personalising), statistics.median(drawing)


def _documents(folder: Path) -> dict[str, Path]:
    """Name what is written for people; --quick keeps away from what a full evaluation wrote."""
    return {
        "text": folder / "demo-evaluation.md",
        "adam": folder / "demo-sheet.webp",
        "anchored": folder / "demo-sheet-anchored.webp",
    }


def _write(results: Results, folder: Path, documents: dict[str, Path]) -> None:
    """Write table, numbers and sheets; print the table and last the line of numbers."""
    reached, text = numbers(results), tables(results)
    everything = reached | {
        "sweep": [asdict(outcome) for outcome in results.outcomes],
        "judges": [asdict(figure) for figure in results.figures],
    }
    (folder / "evaluation.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")
    documents["text"].write_text(text, encoding="utf-8")
    top = results.trials["plain"].pictures[0, :SHEET_PROMPTS, 0]
    for method in OFFERED:
        drawn = results.trials[method].pictures[:, :SHEET_PROMPTS, 0]
        write_sheet(documents[method], results.looks, top, drawn)
    print(text)
    print(json.dumps(reached), flush=True)


def _extent(options: argparse.Namespace) -> Extent:
    extent = QUICK if options.quick else FULL
    seeds, prompts = options.seeds or len(extent.seeds), options.prompts or extent.prompts
    return replace(extent, seeds=tuple(range(1, 1 + seeds)), prompts=prompts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few pictures; changes no document")
    parser.add_argument("--write-doses", action="store_true", help="store what the sweep chose")
    parser.add_argument("--seeds", type=int, help="pictures of each prompt and aesthetic")
    parser.add_argument("--prompts", type=int, help="of each kind, at most")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
