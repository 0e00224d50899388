"""Text chunks, written by us and read back by Pillow and by a reader of the web UI's grammar."""

import io
import json
import re
from dataclasses import replace

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from generation.infotext import AppliedAesthetic, Drawing, parameters, png

DRAWING = Drawing(
    prompt="a house by a tree",
    negative_prompt="",
    steps=20,
    sampler="DDIM",
    guidance=4.0,
    seed=1234,
    width=96,
    height=64,
    model="demo",
    model_sha256="ab" * 32,
)
AESTHETIC = AppliedAesthetic(
    embedding="ada/neon-nights@v2",
    vector_sha256="cd" * 32,
    rate=8e-5,
    weight=0.9,
    steps=20,
)
PICTURE = Image.new("RGB", (8, 8), (200, 30, 60))


def pairs(text: str) -> dict[str, str]:
    """Read the last line but its Hashes: a bare value ends at a comma, a quoted one is JSON."""
    line, _ = text.splitlines()[-1].split(", Hashes: ")
    found = re.findall(r'\s*(\w[\w /-]+):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)', line)
    return {key: json.loads(value) if value[:1] == '"' else value for key, value in found}


def chunks(data: bytes) -> dict[str, bytes]:
    """Return the kind of each text chunk by its key."""
    found = {}
    place = 8
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        if kind in {b"tEXt", b"iTXt", b"zTXt"}:
            found[body.split(b"\0")[0].decode("latin-1")] = kind
        place += 12 + size
    return found


def test_a_plain_picture_has_its_parameters_and_nothing_aesthetic() -> None:
    assert parameters(DRAWING, None) == (
        "a house by a tree\n"
        "Steps: 20, Sampler: DDIM, CFG scale: 4, Seed: 1234, Size: 96x64, "
        'Model hash: ababababab, Model: demo, Hashes: {"model": "ababababab"}'
    )


def test_a_personalised_picture_has_the_eight_keys_and_the_hash() -> None:
    text = parameters(DRAWING, AESTHETIC)
    values = {key: value for key, value in pairs(text).items() if key.startswith("Aesthetic")}
    assert values == {
        "Aesthetic LR": "8e-05",
        "Aesthetic weight": "0.9",
        "Aesthetic steps": "20",
        "Aesthetic embedding": "ada/neon-nights@v2",
        "Aesthetic slerp": "False",
        "Aesthetic text": "",
        "Aesthetic text negative": "False",
        "Aesthetic slerp angle": "0.1",
        "Aesthetic hash": "cd" * 32,
    }


def test_hashes_are_bare_json_at_the_end() -> None:
    hashes = json.loads(parameters(DRAWING, AESTHETIC).split(", Hashes: ")[1])
    assert hashes == {
        "model": "ababababab",
        "aesthetic:ada/neon-nights@v2": "cdcdcdcdcd",
    }


def test_the_papers_ascent_is_not_taken_for_adam() -> None:
    text = parameters(DRAWING, replace(AESTHETIC, optimiser="ascent", rate=0.02))
    assert pairs(text)["Aesthetic optimiser"] == "ascent"
    assert "Aesthetic optimiser" not in pairs(parameters(DRAWING, AESTHETIC))


def test_an_anchor_that_the_extension_does_not_know_is_named() -> None:
    assert pairs(parameters(DRAWING, replace(AESTHETIC, anchor=0.6)))["Aesthetic anchor"] == "0.6"
    assert "Aesthetic anchor" not in pairs(parameters(DRAWING, AESTHETIC))


def test_the_negative_prompt_stands_on_its_own_line() -> None:
    text = parameters(replace(DRAWING, prompt="a cat,\na hat", negative_prompt="fog, rain"), None)
    assert text.splitlines()[:3] == ["a cat,", "a hat", "Negative prompt: fog, rain"]


def test_an_empty_prompt_leaves_no_empty_line() -> None:
    assert parameters(replace(DRAWING, prompt=""), None).startswith("Steps: 20, ")


@pytest.mark.parametrize(
    "model",
    ["a, b", "a: b", "a\nb", 'say "a, b"', '"quoted"', "back\\slash, too", " spaced ", "夜,"],
)
def test_values_that_would_not_survive_bare_are_quoted_as_json(model: str) -> None:
    text = parameters(replace(DRAWING, model=model), AESTHETIC)
    assert json.dumps(model, ensure_ascii=False) in text
    assert len(text.splitlines()) == 2
    assert pairs(text)["Model"] == model
    assert pairs(text)["Aesthetic steps"] == "20"


def test_an_ordinary_value_stays_bare() -> None:
    assert "Model: sd 1.5 (pruned), " in parameters(replace(DRAWING, model="sd 1.5 (pruned)"), None)


def test_a_png_gives_its_texts_back_and_keeps_its_pixels() -> None:
    text = parameters(DRAWING, AESTHETIC)
    recipe = json.dumps({"prompt": "a house", "seed": 1234})
    data = png(PICTURE, {"parameters": text}, {"aesthetic": recipe})
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, PngImageFile)
        assert image.text == {"parameters": text, "aesthetic": recipe}
        assert image.tobytes() == PICTURE.tobytes()
    assert chunks(data) == {"parameters": b"tEXt", "aesthetic": b"iTXt"}


def test_texts_beyond_latin_1_are_written_as_international_text() -> None:
    text = parameters(replace(DRAWING, prompt="夜の街 🎉"), None)
    data = png(PICTURE, {"parameters": text}, {})
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, PngImageFile)
        assert image.text["parameters"] == text
    assert chunks(data) == {"parameters": b"iTXt"}


def test_the_same_picture_and_texts_are_the_same_bytes() -> None:
    texts = {"parameters": parameters(DRAWING, AESTHETIC)}
    assert png(PICTURE, texts, {}) == png(PICTURE.copy(), texts, {})
    assert "parameters" not in Image.open(io.BytesIO(png(PICTURE, {}, {}))).info
