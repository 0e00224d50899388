"""What an evaluation found in, its numbers under their names and its tables in Markdown out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.judge_figures import BAR, Figure
from demo.studio import Look
from demo.sweep import Outcome
from demo.treatments import Treatment
from demo.trials import Prompts, Trial
from demo.word_search import Found
from demo.world import AESTHETICS

WAYS = {
    "plain": "no aesthetic",
    "adam": "Adam",
    "ascent": "paper's ascent",
    "anchored": "anchored",
}


@dataclass(frozen=True, slots=True)
class Results:
    looks: Sequence[Look]
    unseen_looks: Sequence[Look]
    prompts: Prompts
    chosen: Mapping[str, Treatment]
    trials: Mapping[str, Trial]  # plain and each method: aesthetics and neutral prompts
    unseen: Mapping[str, Trial]  # pairs that training never saw, and neutral prompts
    unusual: Mapping[str, Trial]  # aesthetics, and prompts in words that no caption has
    outcomes: Sequence[Outcome]
    figures: Sequence[Figure]
    found: Found
    orderings: Mapping[str, float]  # rank correlations on real pictures
    seconds_to_personalise: float
    seconds_per_picture: float
    minutes: float
    device: str


def numbers(results: Results) -> dict[str, float]:
    """Return the figures that the bars are about, and after them the others."""
    trials, unseen, unusual = (
        {way: trial.scores.means() for way, trial in found.items()}
        for found in (results.trials, results.unseen, results.unusual)
    )
    found = {
        "style_plain": trials["plain"]["style"],
        "style_personalised": trials["adam"]["style"],
        "style_anchored": trials["anchored"]["style"],
        "style_unseen": unseen["adam"]["style"],
        "subject_plain": trials["plain"]["subject"],
        "subject_personalised": trials["adam"]["subject"],
        "subject_anchored": trials["anchored"]["subject"],
        "agreement_plain": trials["plain"]["agreement"],
        "agreement_personalised": trials["adam"]["agreement"],
        "seconds_per_picture": results.seconds_per_picture,
        "seconds_to_personalise": results.seconds_to_personalise,
        "agreement_anchored": trials["anchored"]["agreement"],
        "style_ascent": trials["ascent"]["style"],
        "subject_ascent": trials["ascent"]["subject"],
        "style_unseen_anchored": unseen["anchored"]["style"],
        "subject_unseen": unseen["adam"]["subject"],
        "subject_unseen_anchored": unseen["anchored"]["subject"],
        "style_unusual": unusual["adam"]["style"],
        "style_unusual_anchored": unusual["anchored"]["style"],
        "subject_unusual_plain": unusual["plain"]["subject"],
        "subject_unusual": unusual["adam"]["subject"],
        "subject_unusual_anchored": unusual["anchored"]["subject"],
        "style_least": _least_style(results, "adam"),
        "style_least_anchored": _least_style(results, "anchored"),
        "judge_style_least": min(figure.both for figure in results.figures),
        "judge_subject_least": min(figure.subject for figure in results.figures),
        "word_to_image_top1": results.found.subject_and_style,
        "word_to_image_style_top1": results.found.style,
        "caption_to_image_top1": results.found.own_picture,
        **{f"real_{name}": value for name, value in results.orderings.items()},
        "plain_plain": trials["plain"]["plain"],
        "plain_unusual": unusual["plain"]["plain"],
        "minutes": results.minutes,
    }
    return {name: round(value, 4) for name, value in found.items()}


def _least_style(results: Results, way: str) -> float:
    scores = results.trials[way].scores
    return min(scores.of_look(index).means()["style"] for index in range(len(results.looks)))


def tables(results: Results) -> str:
    """Return the whole report in Markdown."""
    *_, prompts, seeds, _, _, _ = results.trials["adam"].pictures.shape
    parts = [
        "# How good the built-in models are",
        "",
        "Written by `make demo-eval`; change nothing by hand. "
        f"{len(results.looks)} aesthetics, {prompts} neutral prompts, {seeds} seeds, on "
        f"{results.device}. *Agreement* is the cosine of a picture's CLIP feature and the "
        "embedding, which was made from 16 fresh pictures; *style* and *subject* are shares of "
        "pictures in which judges that were trained apart see the palette and the texture, or the "
        "subject, that were meant; *both* are pictures with all of them right, *plain* those in "
        "natural colours and flat shapes, as all are to be without an aesthetic. *Anchored* by a "
        "aims at the embedding plus a times the prompt's own feature, both at unit length.",
        "",
        "![What the prompts become](demo-sheet.webp)",
        "",
        "## All of it",
        "",
        *_overview("aesthetics, neutral prompts", results.trials, results),
        *_overview("pairs never seen in training", results.unseen, results)[2:],
        *_overview("aesthetics, unusual prompts", results.unusual, results)[2:],
        "",
        f"One picture takes {results.seconds_per_picture:.2f} s to draw and "
        f"{results.seconds_to_personalise:.2f} s to personalise. Words alone find a picture of the "
        f"named thing in the named style first in {results.found.subject_and_style:.0%} of the "
        f"searches, and of the style in {results.found.style:.0%}.",
        "",
        "Real pictures, of the sample sets but never trained on, lie along pairs of opposite words "
        "in the order of what is measured in their pixels, by Spearman's rank correlation: "
        f"{_orderings(results.orderings)}.",
        "",
        "## Each aesthetic",
        "",
        *_by_look(results.looks, results.trials, results.figures),
        "",
        "## Pairs of palette and texture that no training picture had",
        "",
        *_by_look(results.unseen_looks, results.unseen, results.figures[len(AESTHETICS) :]),
        "",
        "## Each prompt: its subject, right or wrong",
        "",
        *_by_prompt(results),
        "",
        "## The sweep that chose the doses",
        "",
        "On other sets, another seed and four of the prompts. *Text* is the agreement of the "
        "prompts themselves with the embedding, before and after.",
        "",
        *_sweep(results.outcomes),
        "",
    ]
    return "\n".join(parts)


def _orderings(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in found.items())


def _overview(what: str, trials: Mapping[str, Trial], results: Results) -> list[str]:
    columns = ("agreement", "palette", "texture", "style", "subject", "both", "plain")
    lines = _head("pictures", "how", *columns)
    for way, trial in trials.items():
        means = trial.scores.means()
        how = str(results.chosen.get(way, WAYS[way]))
        lines.append(_row(what, how, *(f"{means[column]:.3f}" for column in columns)))
    return lines


def _by_look(
    looks: Sequence[Look], trials: Mapping[str, Trial], figures: Sequence[Figure]
) -> list[str]:
    """One row for each look, after the judges' own figures for it; the bar for these is BAR."""
    heads = [f"{WAYS[way]}: {score}" for way in trials for score in ("style", "subject")]
    lines = _head(f"look (judges ≥ {BAR})", "judges: style", "judges: subject", *heads)
    for index, (look, figure) in enumerate(zip(looks, figures, strict=False)):
        found = [trial.scores.of_look(index).means() for trial in trials.values()]
        cells = [f"{means[score]:.2f}" for means in found for score in ("style", "subject")]
        lines.append(_row(look.name, f"{figure.both:.3f}", f"{figure.subject:.3f}", *cells))
    return lines


def _by_prompt(results: Results) -> list[str]:
    lines = _head("prompt", *(WAYS[way] for way in results.trials))
    for index, (words, _) in enumerate(results.prompts):
        found = [trial.scores.of_prompt(index).means() for trial in results.trials.values()]
        lines.append(_row(words, *(f"{means['subject']:.2f}" for means in found)))
    return lines


def _sweep(outcomes: Sequence[Outcome]) -> list[str]:
    lines = _head("how", "text", "drift", "agreement", "style", "subject", "both")
    for each in outcomes:
        cells = (each.drift, each.agreement, each.style, each.subject, each.both)
        text = f"{each.text_before:.2f} → {each.text_after:.2f}"
        lines.append(_row(str(each.treatment), text, *(f"{value:.2f}" for value in cells)))
    return lines


def _head(*names: str) -> list[str]:
    return [_row(*names), _row(*("---" for _ in names))]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
