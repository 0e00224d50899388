"""How good the judges are themselves: judges go in, their figures for every style come out."""

from dataclasses import dataclass

from demo import judge_pictures, world
from demo.judge_pictures import Labels
from demo.judges import Judges, Pictures

BAR = 0.95  # for every style; below it the evaluation's numbers would tell of the judges
HELD_OUT = 200  # pictures of each style


@dataclass(frozen=True, slots=True)
class Figure:
    """What both judges reach on held-out pictures of one style, 0 to 1."""

    style: str
    palette: float
    texture: float
    both: float
    subject: float


def measure(judges: Judges, count: int = HELD_OUT) -> list[Figure]:
    """Judge held-out pictures of every aesthetic and every unseen pair, and print each figure."""
    named = {style: name for name, style in world.AESTHETICS.items()}
    figures = []
    for style in judge_pictures.JUDGED:
        shown = judge_pictures.held_out(style, count)
        name = named.get(style, f"unseen: {style.palette}, {style.texture}")
        figures.append(_figure(name, judges, shown.pictures, shown.labels))
        print("judges:", figures[-1], flush=True)
    least = min(min(figure.both, figure.subject) for figure in figures)
    print(f"judges: at least {least:.3f} everywhere; the bar is {BAR}", flush=True)
    return figures


def _figure(name: str, judges: Judges, pictures: Pictures, labels: Labels) -> Figure:
    palette, texture = (
        answer == labels[:, column] for column, answer in enumerate(judges.style(pictures))
    )
    subject = judges.subject(pictures) == labels[:, 2]
    rates = (float(right.mean()) for right in (palette, texture, palette & texture, subject))
    return Figure(name, *rates)
