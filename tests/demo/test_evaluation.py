"""What the evaluation counts, and that its judges can be trusted."""

import json
from pathlib import Path

import numpy as np
import pytest

from demo import judge_pictures, world
from demo.judges import Judges
from demo.real_pictures import spearman
from demo.scores import Scores
from demo.studio import Look, Reading
from demo.sweep import PICTURES, Outcome, best, presets, write_doses
from demo.training import WEIGHTS
from demo.treatments import Treatment, adam, anchored, ascent
from demo.world import Style
from generation.doses import read_dose, read_presets

pytestmark = pytest.mark.usefixtures("one_torch_thread")

JUDGED = 12  # pictures of each style; the whole measure stands in the judges' card


@pytest.fixture(scope="module")
def judges() -> Judges:
    return Judges.load(WEIGHTS / "judges")


@pytest.mark.parametrize(
    "style", judge_pictures.JUDGED, ids=lambda style: f"{style.palette}-{style.texture}"
)
def test_the_judges_see_what_held_out_pictures_show(judges: Judges, style: Style) -> None:
    held_out = judge_pictures.held_out(style, JUDGED)
    palette, texture = judges.style(held_out.pictures)
    seen = np.stack([palette, texture, judges.subject(held_out.pictures)], axis=1)
    assert (seen == held_out.labels).mean(0).min() >= 0.9


def test_a_picture_counts_where_what_was_meant_was_seen() -> None:
    styles = (Style("night", "dots"), Style("sepia", "flat"))
    embeddings = np.eye(3, dtype=np.float32)[:2] * 7
    looks = [
        Look(style.palette, style, np.zeros((0, 128, 128, 3), np.uint8), embedding)
        for style, embedding in zip(styles, embeddings, strict=True)
    ]
    night, dots = world.PALETTES.index("night"), world.TEXTURES.index("dots")
    cat, house = world.SUBJECTS.index("cat"), world.SUBJECTS.index("house")
    reading = Reading(  # the same two pictures, compared with both looks
        directions=np.array([[[[1, 0, 0]], [[0, 1, 0]]]], np.float32),
        palette=np.array([[[night], [night]]]),
        texture=np.array([[[dots], [0]]]),
        subject=np.array([[[cat], [cat]]]),
    )
    scores = Scores.of(reading, looks, ["cat", "house"])
    assert scores.of_look(0).means() == {
        "agreement": 0.5, "palette": 1.0, "texture": 0.5, "style": 0.5, "subject": 0.5, "both": 0.5,
        "plain": 0.0,
    }  # fmt: skip
    assert scores.of_look(1).means()["style"] == 0
    assert scores.of_prompt(1).means()["subject"] == 0
    assert house != cat


def test_a_picture_in_natural_colours_and_flat_shapes_counts_as_plain() -> None:
    night, dots = world.PALETTES.index("night"), world.TEXTURES.index("dots")
    look = Look(
        "night",
        Style("night", "dots"),
        np.zeros((0, 128, 128, 3), np.uint8),
        np.ones(3, np.float32),
    )
    reading = Reading(
        directions=np.zeros((1, 1, 4, 3), np.float32),
        palette=np.array([[[0, night, 0, night]]]),
        texture=np.array([[[0, 0, dots, dots]]]),
        subject=np.zeros((1, 1, 4), np.int64),
    )
    assert Scores.of(reading, [look], ["house"]).plain.tolist() == [[[True, False, False, False]]]


def outcome(treatment: Treatment, style: float, subject: float, after: float = 0.8) -> Outcome:
    return Outcome(treatment, 0.2, after, 0.5, style * 0.8, style, subject, style * subject)


OUTCOMES = [
    outcome(adam(20, 3e-5), 0.55, 0.98),
    outcome(adam(20, 8e-5), 0.90, 0.90),
    outcome(adam(20, 3e-4), 0.97, 0.40),
    outcome(ascent(20, 0.02), 0.70, 0.80),
    outcome(anchored(20, 2e-4), 0.93, 0.95),
]


def test_the_best_dose_is_right_in_style_and_subject_at_once() -> None:
    assert best(OUTCOMES, "adam").treatment == adam(20, 8e-5)
    named = {preset["name"]: preset for preset in presets(OUTCOMES)}
    assert named["gentle"]["rate"] == 3e-5
    assert named["strong"]["rate"] == 3e-4
    assert named["anchored"]["anchor"] == 1.0
    assert named["paper"]["optimiser"] == "ascent"


def test_a_dose_is_offered_by_one_name() -> None:
    one, other = outcome(adam(20, 1e-4), 0.95, 0.95), outcome(ascent(20, 0.02), 0.70, 0.80)
    few = [one, other, outcome(anchored(20, 2e-4), 0.93, 0.95)]
    assert [preset["name"] for preset in presets(few)] == ["balanced", "anchored", "paper"]


def test_of_doses_that_the_sweep_cannot_tell_apart_the_strongest_is_the_best() -> None:
    gentlest = outcome(adam(20, 6e-5), 0.91, 0.99, after=0.76)
    alike = outcome(adam(20, 1e-4), 0.90, 0.98, after=0.90)
    worse = outcome(adam(20, 2e-4), 0.93, 0.85, after=0.95)
    assert best([gentlest, alike, worse], "adam") == alike


def test_the_doses_that_are_written_can_be_read(tmp_path: Path) -> None:
    dose = {"sampling_steps": 20, "guidance": 4.0, "width": 128, "height": 128, "hint": "Houses."}
    (tmp_path / "dose.json").write_text(json.dumps(dose), encoding="utf-8")
    write_doses(OUTCOMES, tmp_path)
    written = read_dose(tmp_path / "dose.json")
    assert (written.steps, written.rate, written.anchor) == (20, 2e-4, 1.0)
    assert (written.width, written.hint) == (128, "Houses.")
    offered = read_presets(tmp_path / "presets.json")
    assert [each.name for each in offered] == ["gentle", "balanced", "strong", "anchored", "paper"]
    assert json.loads(offered[3].fields)["anchor"] == 1.0
    assert read_presets(tmp_path / "none.json") == ()


def test_a_single_picture_does_not_choose_another_method(tmp_path: Path) -> None:
    (tmp_path / "dose.json").write_text("{}", encoding="utf-8")
    familiar = outcome(adam(20, 1e-4), 1.0, 1 - 1 / PICTURES)
    others = [outcome(ascent(20, 0.02), 0.9, 0.9), outcome(anchored(20, 2e-4), 1.0, 1.0)]
    write_doses([familiar, *others], tmp_path)
    written = json.loads((tmp_path / "dose.json").read_text(encoding="utf-8"))
    assert (written["rate"], written["anchor"]) == (1e-4, 0.0)


def test_the_rank_correlation_is_spearmans() -> None:
    assert spearman([1, 2, 3], [10, 100, 1000]) == pytest.approx(1)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 2, 4], [1, 3, 3, 9]) == pytest.approx(1)
    assert spearman([3, 1, 4, 1, 5], [2, 7, 1, 8, 2]) == pytest.approx(-7.5 / 9.5)
