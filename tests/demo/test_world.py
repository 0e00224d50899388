"""The world that the built-in models are taught: drawn anew the same, and told truly."""

import itertools

import numpy as np
import pytest

from demo import captions, dataset, world
from demo.backgrounds import COMPANION_DRAWINGS
from demo.canvas import Canvas, Shape
from demo.palettes import colours, lightness
from demo.textures import SIDE, glass
from demo.world import Scene, Style

STYLES = [Style(*pair) for pair in itertools.product(world.PALETTES, world.TEXTURES)]


def drawn(scene: Scene, style: Style, seed: int = 0) -> np.ndarray:
    return world.draw(scene, style, np.random.default_rng(seed))


@pytest.mark.parametrize("style", STYLES, ids=lambda style: f"{style.palette}-{style.texture}")
def test_a_picture_is_drawn_the_same_from_the_same_seed(style: Style) -> None:
    scene = Scene("lighthouse", "sea", "moon")
    first = drawn(scene, style)
    assert first.shape == (128, 128, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, drawn(scene, style))
    assert not np.array_equal(first, drawn(scene, style, seed=1))


def test_every_subject_stands_everywhere_it_may_under_every_sky() -> None:
    for subject in world.SUBJECTS:
        for place, sky in itertools.product(world.backgrounds_of(subject), world.COMPANIONS):
            picture = drawn(Scene(subject, place, sky), world.PLAIN)
            assert picture.std() > 10, (subject, place, sky)


def test_two_styles_of_one_scene_are_far_apart() -> None:
    pictures = [drawn(Scene("castle"), style).astype(int) for style in STYLES]
    for (one, first), (two, second) in itertools.combinations(enumerate(pictures), 2):
        assert np.abs(first - second).mean() > 2.5, (STYLES[one], STYLES[two])


def test_the_large_picture_is_the_small_one_before_it_was_halved() -> None:
    scene, style = Scene("whale", "sea"), Style("winter", "flat")
    large = world.draw_large(scene, style, np.random.default_rng(3)).astype(float)
    halved = large.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert np.abs(halved - drawn(scene, style, 3)).max() <= 1


@pytest.mark.parametrize("palette", world.PALETTES)
def test_petals_stand_out_from_the_sky_of_their_palette(palette: str) -> None:
    colour = colours(palette, np.random.default_rng(0))
    for low in np.linspace(0, 0.8, 9):  # a flower reaches down to four fifths of the sky
        sky = colour["sky_top"] * (1 - low) + colour["sky_low"] * low
        assert np.abs(colour["petal"] - sky).max() > 25, low


@pytest.mark.parametrize("subject", world.SUBJECTS)
def test_the_top_of_a_subject_is_in_the_picture(subject: str) -> None:
    scene = Scene(subject, world.backgrounds_of(subject)[0])  # beneath an empty sky
    tops = [
        min(y for shape in world.arranged(scene, random).shapes for _, y in shape.points)
        for random in map(np.random.default_rng, range(100))
    ]
    assert np.mean(np.array(tops) >= 0) > 0.95


@pytest.mark.parametrize("companion", [name for name in world.COMPANIONS if name != "none"])
def test_what_hangs_in_the_sky_leaves_the_middle_to_the_subject(companion: str) -> None:
    for random in map(np.random.default_rng, range(100)):
        canvas = Canvas(horizon=0.65, ground="ground")
        COMPANION_DRAWINGS[companion](canvas, random)
        assert min(abs(x - 0.5) for shape in canvas.shapes for x, _ in shape.points) > 0.2


def test_leads_go_around_what_a_window_shows_and_through_what_is_behind_it() -> None:
    canvas = Canvas(horizon=0.65, ground="ground")
    canvas.box((0.25, 0.25, 0.75, 0.75), "snow")
    random = np.random.default_rng(0)
    leads = lightness(glass(canvas, colours("winter", random), "winter", random)) < 0.1
    edge, within = SIDE // 4, SIDE // 4 + 8
    assert leads[edge, within:-within].all()
    assert leads[within:-within, edge].all()
    assert not leads[within:-within, within:-within].any()
    assert leads[: edge - 8].mean() > 0.1


def test_a_cat_has_its_ears_and_its_eyes_on_one_head_without_leads_between() -> None:
    shapes = world.arranged(Scene("cat"), np.random.default_rng(0)).shapes
    head = min((each for each in shapes if each.role == "fur"), key=_top)
    (left, right) = (each for each in shapes if each.role == "light")
    for eye in (left, right):
        for place in (0, 1):
            low, high = (pick(point[place] for point in head.points) for pick in (min, max))
            assert all(low < point[place] < high for point in eye.points)


def _top(shape: Shape) -> float:
    return min(y for _, y in shape.points)


def test_there_are_enough_looks_and_none_of_them_is_among_the_unseen() -> None:
    looks = list(world.AESTHETICS.values())
    assert len(looks) >= 12
    assert len(set(looks)) == len(looks)
    assert not set(looks) & set(world.UNSEEN)
    assert world.PLAIN not in looks


def test_every_look_of_the_evaluation_has_an_original_palette_which_alone_the_judges_know() -> None:
    looks = (*world.AESTHETICS.values(), *world.UNSEEN)
    assert {look.palette for look in looks} <= set(world.ORIGINALS)
    assert world.PALETTES[: len(world.ORIGINALS)] == world.ORIGINALS
    assert set(world.PALETTES) - set(world.ORIGINALS) == set(world.TURNED)


def test_the_training_never_draws_an_unseen_pair_but_each_half_of_it() -> None:
    random = np.random.default_rng(0)
    styles = {dataset.random_style(random) for _ in range(5_000)}
    assert not styles & set(world.UNSEEN)
    assert styles == set(STYLES) - set(world.UNSEEN)


def test_a_caption_names_all_that_is_not_the_default() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        scene, style = world.random_scene(random), dataset.random_style(random)
        text = captions.full(scene, style, random)
        assert any(word in text for word in captions.SUBJECT_WORDS[scene.subject])
        if style.palette != "natural":
            assert any(word in text for word in captions.PALETTE_WORDS[style.palette])
        if style.texture != "flat":
            assert any(word in text for word in captions.TEXTURE_WORDS[style.texture])
        assert "  " not in text
        assert text == text.strip()


def test_words_without_a_style_name_none() -> None:
    random = np.random.default_rng(0)
    words = {
        word
        for table in (captions.PALETTE_WORDS, captions.TEXTURE_WORDS)
        for choices in table.values()
        for word in choices
    }
    for _ in range(300):
        scene = world.random_scene(random)
        for text in (captions.plain(scene, random), captions.subject_only(scene, random)):
            assert not any(f" {word} " in f" {text} " for word in words), text


def test_the_unusual_prompts_are_not_among_the_training_phrasings() -> None:
    random = np.random.default_rng(0)
    scenes = [world.random_scene(random) for _ in range(5_000)]
    told = {captions.plain(scene, random) for scene in scenes}
    assert captions.NEUTRAL[0][0] in told
    assert not told & {prompt for prompt, _ in captions.UNUSUAL}
    for _, subject in (*captions.NEUTRAL, *captions.UNUSUAL):
        assert subject in world.SUBJECTS
