"""The sample pictures as training data: the same each time, and captions say what is seen."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from demo import photographs
from demo.attributes import Pixels, attributes
from demo.photographs import CONTRASTS, SAMPLES, SIZE, claims, load
from demo.photographs import _files as files_of
from hub.demo.samples import read_sets

Loaded = tuple[Pixels, list[tuple[str, ...]]]

SIDE = 64  # pixels, enough for what is measured


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(part="test")  # the smaller part


@pytest.fixture
def one_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SAMPLES / "kodachrome-workshops", tmp_path / "kodachrome-workshops")
    monkeypatch.setattr(photographs, "SAMPLES", tmp_path)


def plain(colour: Sequence[int]) -> Pixels:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def noise() -> Pixels:
    grey = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 1))
    return grey.repeat(3, axis=2).astype(np.uint8)


def stripes() -> Pixels:
    """Brown lines on cream, aslant, as of a pen."""
    down, right = np.mgrid[:SIDE, :SIDE]
    inked = ((down + right) % 6 < 2)[..., None]
    return np.where(inked, (70, 45, 25), (235, 215, 175)).astype(np.uint8)


def said_of(picture: Pixels) -> set[str]:
    """Return every word that a caption of the picture may have."""
    texts = [
        text for claim in claims(attributes(picture)) for text in claim.adjectives + claim.phrases
    ]
    return {word for text in texts for word in [*text.split(), text]}


def test_every_cut_is_a_picture_with_captions(loaded: Loaded) -> None:
    pictures, captions = loaded

    assert pictures.dtype == np.uint8
    assert pictures.shape == (len(captions), SIZE, SIZE, 3)
    assert len(captions) > 200
    assert all(text == text.strip() != "" for texts in captions for text in texts)
    assert max(len(text) for texts in captions for text in texts) < 150


@pytest.mark.usefixtures("one_set")
def test_the_same_seed_gives_the_same_pictures_and_words() -> None:
    (pictures, captions), (again, captions_again) = load(3), load(3)

    assert np.array_equal(pictures, again)
    assert captions == captions_again


@pytest.mark.usefixtures("one_set")
def test_another_seed_cuts_and_speaks_otherwise() -> None:
    (pictures, captions), (others, other_captions) = load(0), load(1)

    assert np.array_equal(pictures[0], others[0])  # a picture's middle is no matter of chance
    assert not np.array_equal(pictures[1], others[1])
    assert captions != other_captions


def test_no_picture_is_both_trained_on_and_kept_for_tests() -> None:
    train, test = ({path for path, _ in files_of(part)} for part in ("train", "test"))

    assert not train & test
    assert 0.2 < len(test) / len(train | test) < 0.3
    assert {path.parent for path in test} == {path.parent for path in train}


def test_pictures_that_the_demo_drew_are_left_out() -> None:
    used = {path.parent.name for part in ("train", "test") for path, _ in files_of(part)}

    assert used == {each.slug for each in read_sets(SAMPLES) if "demo-world" not in each.tags}


def test_captions_vary_and_name_no_title(loaded: Loaded) -> None:
    texts = {text for texts in loaded[1] for text in texts}
    names = {path.path.stem[3:] for each in read_sets(SAMPLES) for path in each.pictures}

    assert len(texts) > 500
    assert not [text for text in texts if "mountain" in text or "planet" in text]
    assert not texts & names


def test_a_white_picture_is_bright_pale_and_gray() -> None:
    measured = attributes(plain((255, 255, 255)))

    assert measured.lightness == pytest.approx(100, abs=0.1)
    assert measured.chroma == pytest.approx(0, abs=0.1)
    assert {"bright", "pale", "gray", "smooth"} <= said_of(plain((255, 255, 255)))


def test_a_dark_blue_picture_is_dark_and_cool_as_at_night() -> None:
    words = said_of(plain((10, 20, 70)))

    assert {"dark", "cool", "dark blue", "in deep blue night colors"} <= words
    assert "warm" not in words


def test_an_orange_picture_is_warm_and_vivid() -> None:
    words = said_of(plain((255, 140, 0)))

    assert {"warm", "vivid", "orange"} <= words or {"warm", "vivid", "golden"} <= words
    assert not {"cool", "muted", "dark"} & words


def test_noise_is_grainy_and_busy_and_has_no_lines() -> None:
    words = said_of(noise())

    assert {"grainy", "busy"} <= words
    assert not {"smooth", "soft", "hatched", "lines"} & words
    assert attributes(noise()).direction < 0.4


def test_aslant_brown_lines_are_hatching_in_sepia() -> None:
    words = said_of(stripes())

    assert {"hatched", "sepia", "in sepia tones", "with fine lines"} <= words
    assert not {"grainy", "smooth", "pastel"} & words


def test_gray_of_every_lightness_is_black_and_white() -> None:
    ramp = np.linspace(0, 255, SIDE).astype(np.uint8)
    picture = np.broadcast_to(ramp[:, None, None], (SIDE, SIDE, 3)).copy()

    assert {"in black and white", "gray", "smooth"} <= said_of(picture)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((220, 20, 20), "red"),
        ((255, 190, 30), "golden"),
        ((30, 160, 50), "green"),
        ((0, 0, 255), "blue"),
        ((120, 60, 230), "violet"),
        ((255, 200, 215), "pink"),
        ((90, 55, 25), "brown"),
    ],
)
def test_hues_have_their_common_names(colour: tuple[int, int, int], name: str) -> None:
    assert attributes(plain(colour)).names == (name,)


def test_measures_stay_in_their_ranges(loaded: Loaded) -> None:
    for picture in loaded[0][::10]:
        measured = attributes(picture)
        assert 0 <= measured.lightness <= 100
        assert all(0 <= share <= 1 for share in (measured.dark, measured.edges, measured.flat))
        assert 0 <= measured.direction <= 1 + 1e-9
        assert measured.colours >= 1
        assert 0 <= measured.coloured <= 1 + 1e-9
        assert len(measured.names) <= 2


@pytest.mark.parametrize(
    ("name", "more", "less"),
    [
        ("lightness", plain((230, 230, 230)), plain((20, 20, 20))),
        ("warmth", plain((250, 150, 60)), plain((60, 140, 230))),
        ("saturation", plain((250, 30, 60)), plain((140, 120, 125))),
        ("texture", noise(), plain((90, 90, 90))),
        ("contrast", stripes(), plain((90, 90, 90))),
    ],
)
def test_a_contrast_orders_what_is_plain(name: str, more: Pixels, less: Pixels) -> None:
    contrast = {each.name: each for each in CONTRASTS}[name]

    assert contrast.measure(attributes(more)) > contrast.measure(attributes(less))
    assert contrast.towards != contrast.away
