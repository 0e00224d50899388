"""What the trainings are made of: which captions are true of what, losses, files, conditioning."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from demo import clip_files, dataset, personalised_captions
from demo.clip_batches import named_in, true_of
from demo.clip_losses import contrast, means
from demo.conditioning import Damage, Phrasings, Rows, belonging, condition, split
from demo.dataset import Labelled
from demo.personalised_captions import PersonalisedCaptions, random_look
from demo.tokenizer import END, tokenize
from demo.train_unet import FRAIL, shares
from demo.training import WEIGHTS
from demo.world import AESTHETICS, ORIGINALS, PALETTES, SUBJECTS, TEXTURES, Scene, Style
from registry.encoder import Encoder, Source

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def test_a_caption_is_true_of_all_pictures_that_show_what_it_names() -> None:
    scene, style = Scene("cat", "forest", "moon"), Style("night", "dots")
    named = np.array(
        [
            named_in("a cat", scene, style),
            named_in("the cat by the forest, halftone", scene, style),
            named_in("midnight", scene, style),
        ]
    )
    assert named.tolist() == [
        [True, False, False, False, False],
        [True, True, False, False, True],
        [False, False, False, True, False],
    ]
    described = np.array([[4, 2, 2, 3, 1]] * 3)
    pictures = np.array([[4, 2, 2, 3, 1], [4, 0, 0, 0, 0], [5, 2, 0, 3, 1]])
    assert true_of(named, described, pictures).tolist() == [
        [True, True, False],
        [True, False, False],
        [True, False, True],
    ]


def test_a_caption_that_is_true_of_another_picture_too_is_no_wrong_answer() -> None:
    features = F.normalize(torch.eye(4)[:3], dim=-1)
    alone = torch.eye(3, dtype=torch.bool)
    shared = alone.clone()
    shared[0, 1] = True
    close = F.normalize(features + 0.5 * features.flip(0), dim=-1)
    scale = torch.tensor(5.0)
    assert contrast(close, features, shared, scale) < contrast(close, features, alone, scale)


def test_the_mean_of_a_set_is_the_hubs() -> None:
    features = torch.randn(6, 8)
    members = torch.tensor([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    expected = F.normalize(torch.stack([features[:3].mean(0), features[3:].mean(0)]), dim=-1)
    assert torch.allclose(means(features, members), expected, atol=1e-6)


def test_clip_is_the_same_in_both_libraries(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = clip_files.new_model().eval()
    clip_files.write(model, "A test.", tmp_path)
    again = clip_files.load(tmp_path)
    encoder = Encoder.load(Source(f"local-dir:{tmp_path / 'open_clip'}"))
    texts = ["a house", "stained glass: a whale at sea, sunset"]
    pixels = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), np.uint8)
    mean, deviation = (
        torch.tensor(encoder.description.preprocessing[name]).view(3, 1, 1)
        for name in ("mean", "std")
    )
    with torch.no_grad():
        told = again.text_projection(again.text_model(input_ids=tokenize(texts)).pooler_output)
        values = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - mean) / deviation
        shown = again.visual_projection(again.vision_model(pixel_values=values).pooler_output)
    assert np.abs(told.numpy() - encoder.encode_words(texts)).max() <= 1e-4
    assert np.abs(shown.numpy() - encoder.encode_pictures(list(pixels))).max() <= 1e-4


def test_captions_end_and_are_padded_with_the_end() -> None:
    ids = tokenize(["a house", ""])
    assert ids.shape == (2, 77)
    first = int((ids[0] == END).int().argmax())
    assert bool((ids[0, first:] == END).all())
    assert int((ids[1] == END).int().argmax()) == 1
    with pytest.raises(ValueError, match="tokens"):
        tokenize(["a house " * 60])


def test_a_split_conditioning_has_one_captions_words_and_anothers_end() -> None:
    hidden = torch.randn(3, 77, 4).half().numpy()
    rows = Rows(hidden, np.array([3, 6, 5]))  # words: 2; full: 5; look: 4
    mixed = split(rows, np.array([0]), np.array([1]), np.array([2]), torch.tensor([0.0]))
    assert torch.equal(mixed[0, :3], torch.from_numpy(hidden[0, :3]).float())
    assert torch.allclose(mixed[0, 3:6], torch.from_numpy(hidden[1, 6]).float(), atol=1e-3)
    assert torch.allclose(mixed[0, 6:], torch.from_numpy(hidden[1, 6:]).float(), atol=1e-3)
    look = split(rows, np.array([0]), np.array([1]), np.array([2]), torch.tensor([1.0]))
    assert torch.allclose(look[0, 5:], torch.from_numpy(hidden[2, 5:]).float(), atol=1e-3)


def test_the_textures_of_a_palette_are_drawn_as_often_as_each_other_but_for_twins_and_names() -> (
    None
):
    sunset, turned = PALETTES.index("sunset"), len(ORIGINALS)
    flat, dots, tiles = (TEXTURES.index(name) for name in ("flat", "dots", "pixel"))
    looks = [(0, 0)] * 5 + [(0, 1)]
    looks += [(sunset, flat)] * 6 + [(sunset, dots)] * 2 + [(sunset, tiles)] * 3  # flat has a name
    looks += [(turned, flat)] * 3 + [(turned, tiles)]
    labels = np.array([(0, 0, 0, *look) for look in looks])
    each = shares(Labelled(labels), plain=3.0, twins=2.0, named=4.0)
    assert each.sum() == pytest.approx(1)
    assert each[6:12].sum() == pytest.approx(8 * each[12:14].sum())
    assert each[14:17].sum() == pytest.approx(2 * each[12:14].sum())
    assert each[17:20].sum() == pytest.approx(each[20])
    assert each[0] == pytest.approx(3 * each[5])
    assert each[6:17].sum() == pytest.approx(11 * each[5])  # the palette's share of the data
    assert each[17:].sum() == pytest.approx(4 * each[5])


def test_a_frail_subject_is_drawn_more_often_than_another_of_its_look() -> None:
    flower, house = SUBJECTS.index("flower"), SUBJECTS.index("house")
    labels = np.array([(house, 0, 0, 1, 0), (flower, 0, 0, 1, 0), (house, 0, 0, 1, 1)])
    each = shares(Labelled(labels), plain=1.0, twins=1.0, named=1.0)
    assert each[1] == pytest.approx(FRAIL["flower"] * each[0])


def test_the_looks_have_a_split_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_TRAINING", str(tmp_path))
    dataset.make("looks", 40, processes=1)
    dataset.make("train", 10, processes=1)
    looks = dataset.load("looks")
    assert {looks.style(index) for index in range(40)} <= set(AESTHETICS.values())
    together = dataset.load_labels("train", "looks")
    assert len(together) == 50
    assert together.scene(10) == looks.scene(0)
    with pytest.raises(FileNotFoundError, match=r"test-labels\.npy yet: python -m demo\.dataset"):
        dataset.load("test")


def test_looks_with_a_twin_are_personalised_more_often() -> None:
    flat, tiles, dots = ((2, TEXTURES.index(name)) for name in ("flat", "pixel", "dots"))
    turned = (len(ORIGINALS), TEXTURES.index("dots"))
    random = np.random.default_rng(0)
    drawn = Counter(random_look([flat, tiles, dots, turned], random) for _ in range(7_000))
    expected = {flat: 2_100, tiles: 2_100, dots: 700, turned: 2_100}
    assert {look: drawn[look] for look in expected} == {
        look: pytest.approx(count, rel=0.1) for look, count in expected.items()
    }


def test_personalised_captions_belong_to_pictures_of_their_subject_and_look() -> None:
    pictures = np.array([[4, 2, 2, 3, 1], [4, 0, 0, 3, 1], [5, 2, 2, 3, 1]])
    captions = np.array([[4, 2, 2, 3, 1], [4, -1, -1, 3, 1]])
    moved = belonging(pictures, captions, np.random.default_rng(0))
    assert set(moved[0]) == {0, 1}  # the whole scene, and a caption of the subject alone
    assert set(moved[1]) == {1}
    assert set(moved[2]) == {-1}  # none


def phrasings(hidden: NDArray[np.float16], **numbers: int) -> Phrasings:
    """Two pictures, both styled, the first of a pair; each kind of caption is one row of `hidden`.

    `numbers` says which row a kind is, of those that are not the first.
    """
    kinds = ("full", "plain", "subject", "style", "palette", "texture")
    return Phrasings(
        Rows(hidden, np.array([1, 3, 5, 4])),
        **{kind: np.full((2, 1), numbers.get(kind, 0)) for kind in kinds},
        styled=np.array([True, True]),
        paired=np.array([True, False]),
        personalised=PersonalisedCaptions(
            np.zeros((0, 77, 4), np.float16), np.zeros((0, 5), np.int64)
        ),
        moved=np.array([[-1], [-1]]),
    )


UNDAMAGED = Damage(
    empty=0, style_alone=0, subject_alone=0, personalised=0, split=0, dropping=0, noise=0
)


@pytest.fixture
def hidden() -> NDArray[np.float16]:
    """Hidden states of four captions."""
    return np.asarray(torch.randn(4, 77, 4).half().numpy())


def test_the_unet_reads_personalised_captions_as_they_are(hidden: NDArray[np.float16]) -> None:
    moved = PersonalisedCaptions(torch.randn(1, 77, 4).half().numpy(), np.array([[0, 0, 0, 1, 0]]))
    said = replace(phrasings(hidden, full=1), personalised=moved, moved=np.array([[0], [-1]]))
    damage = replace(UNDAMAGED, personalised=1)
    rows = condition(said, np.array([0, 1]), damage, np.random.default_rng(0))
    assert torch.equal(rows[0], torch.from_numpy(moved.hidden[0]).float())
    assert torch.equal(rows[1], torch.from_numpy(hidden[1]).float())


def test_a_subject_alone_means_a_plain_picture(hidden: NDArray[np.float16]) -> None:
    """In styled ones too it would mean any style, and prompts such as "a cat" be drawn in one."""
    said = replace(phrasings(hidden, subject=1, style=2), styled=np.array([False, True]))
    damage = replace(UNDAMAGED, style_alone=1, subject_alone=1)
    rows = condition(said, np.array([0, 1]), damage, np.random.default_rng(0))
    assert torch.equal(rows, torch.from_numpy(hidden[1:3]).float())


def test_a_composed_conditioning_ends_between_palette_and_texture_alone(
    hidden: NDArray[np.float16],
) -> None:
    said = phrasings(hidden, full=1, style=1, palette=2, texture=3)
    damage = replace(UNDAMAGED, split=1, composed=1)
    rows = condition(said, np.array([0, 1]), damage, np.random.default_rng(0))
    last = torch.from_numpy(hidden[:, -1]).float()

    def cosine(row: int, text: int) -> float:
        return float(F.cosine_similarity(rows[row, -1], last[text], dim=0))

    between = F.cosine_similarity(last[2], last[3], dim=0)
    assert min(cosine(0, 2), cosine(0, 3)) > float(between)  # both nearer than they are themselves
    assert cosine(1, 1) == pytest.approx(1, abs=1e-3)  # a picture without a pair: its own caption


def test_the_same_captions_are_personalised_whatever_the_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_TRAINING", str(tmp_path))
    monkeypatch.setattr(personalised_captions, "PIECE", 1)
    dataset.make("train", 40, processes=1)
    personalised_captions.make("train", 2, processes=1, weights=WEIGHTS)
    first = personalised_captions.load("train")
    personalised_captions.make("train", 2, processes=2, weights=WEIGHTS)
    again = personalised_captions.load("train")
    assert first.hidden.shape == (2, 77, 192)
    assert np.array_equal(first.hidden, again.hidden)
    assert np.array_equal(first.labels, again.labels)
    looks = dataset.load("train").labels[:, 3:].tolist()
    assert all(labels[3:] in looks and labels[3:] != [0, 0] for labels in again.labels.tolist())
