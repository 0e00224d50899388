"""The web UIs' grammar, read back: what infotext wrote comes out as it went in."""

import json
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.infotext import AppliedAesthetic, Drawing, parameters
from generation.infotext_reading import MOST_SETTINGS, NEGATIVE, InfotextRefused, read
from tests.generation.test_infotext import AESTHETIC, DRAWING

# What drew a picture before the hub was: the eight keys of the extension, and no hash of ours.
FOREIGN = (
    "portrait of a woman,\n(oil:1.2), sea\n"
    "Negative prompt: blurry,\nlow quality\n"
    "Steps: 30, Sampler: Euler a, CFG scale: 7.5, Seed: 2179987202, Size: 512x768, "
    "Model hash: 81761151, Aesthetic LR: 0.0001, Aesthetic weight: 0.9, Aesthetic steps: 5, "
    "Aesthetic embedding: laion_7plus, Aesthetic slerp: False, Aesthetic text: , "
    "Aesthetic text negative: False, Aesthetic slerp angle: 0.1"
)

PIECES = [
    "a house",
    ",",
    ":",
    '"',
    "\\",
    "\n",
    "\r\n",
    " ",
    "{",
    "}",
    "夜の街",
    "🎉",
    "\u2028",
    "\x85",
    "Negative prompt:",
    "\nNegative prompt: fog",
    "Steps: 20",
    "\nSteps: 20, Sampler: DDIM, CFG scale: 4, Seed: 1",
    'Hashes: {"model": "0"}',
]
NASTY = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
PROMPTS = st.one_of(NASTY, st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
# Files and titles have no NUL in their names; one that is read stays as it is written, see below.
NAMES = PROMPTS.filter(lambda text: "\0" not in text)


@given(PROMPTS, PROMPTS)
def test_any_two_prompts_are_read_back(prompt: str, negative: str) -> None:
    drawing = replace(DRAWING, prompt=prompt, negative_prompt=negative)
    for aesthetic in (None, AESTHETIC):
        found = read(parameters(drawing, aesthetic))
        # A line that would begin the negative prompt itself goes on in the one before.
        kept = negative.strip().replace(f"\n{NEGATIVE}", f" {NEGATIVE}")
        assert (found.prompt, found.negative_prompt) == (prompt.strip(), kept)
        assert found.settings["Seed"] == "1234"


@given(NAMES, NAMES)
def test_any_names_of_model_and_embedding_are_read_back(model: str, embedding: str) -> None:
    drawing, aesthetic = replace(DRAWING, model=model), replace(AESTHETIC, embedding=embedding)
    found = read(parameters(drawing, aesthetic))
    assert found.settings["Model"] == model
    assert found.settings["Aesthetic embedding"] == embedding
    assert found.hashes == {"model": "ab" * 5, f"aesthetic:{embedding}": "cd" * 5}


@given(
    st.builds(
        AppliedAesthetic,
        embedding=st.just("ada/neon-nights@v2"),
        vector_sha256=st.just("cd" * 32),
        rate=st.floats(0, 10),
        weight=st.floats(0, 1),
        steps=st.integers(0, 50),
        optimiser=st.sampled_from(["adam", "ascent"]),
        anchor=st.floats(0, 4),
        slerp=st.booleans(),
        enough_agreement=st.none() | st.floats(-1, 1),
        most_drift=st.none() | st.floats(0, 10),
    )
)
def test_every_number_is_read_back_exactly(aesthetic: AppliedAesthetic) -> None:
    settings = read(parameters(DRAWING, aesthetic)).settings
    assert float(settings["Aesthetic LR"]) == aesthetic.rate
    assert float(settings["Aesthetic weight"]) == aesthetic.weight
    assert int(settings["Aesthetic steps"]) == aesthetic.steps
    assert settings.get("Aesthetic optimiser", "adam") == aesthetic.optimiser
    assert float(settings.get("Aesthetic anchor", "0")) == aesthetic.anchor
    assert settings["Aesthetic slerp"] == str(aesthetic.slerp)
    for name in ("enough_agreement", "most_drift"):
        said, given = settings.get(f"Aesthetic {name.replace('_', ' ')}"), getattr(aesthetic, name)
        assert (said if said is None else float(said)) == given


def test_settings_keep_their_order_and_hashes_stand_apart() -> None:
    found = read(parameters(DRAWING, AESTHETIC))
    assert list(found.settings)[:5] == ["Steps", "Sampler", "CFG scale", "Seed", "Size"]
    assert "Hashes" not in found.settings


def test_a_file_of_a_web_ui_with_the_extension_is_read() -> None:
    found = read(FOREIGN)
    assert found.prompt == "portrait of a woman,\n(oil:1.2), sea"
    assert found.negative_prompt == "blurry,\nlow quality"
    assert found.settings["Sampler"] == "Euler a"
    assert found.settings["Aesthetic embedding"] == "laion_7plus"
    assert found.settings["Aesthetic text"] == ""
    assert found.settings["Aesthetic slerp angle"] == "0.1"
    assert found.hashes == {}


def test_values_of_newer_web_uis_are_read() -> None:
    found = read(
        "a cat\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, Seed: 1, "
        'Lora hashes: "a: 12, b: 34", TI hashes: "x: 5", Version: v1.9.3, '
        'Hashes: {"model": "6ce0161689"}'
    )
    assert found.settings["Lora hashes"] == "a: 12, b: 34"
    assert found.settings["Version"] == "v1.9.3"
    assert found.hashes == {"model": "6ce0161689"}


@pytest.mark.parametrize("text", ["a cat", "a cat\non a mat: red, blue", "Steps: 20", ""])
def test_a_last_line_without_settings_belongs_to_the_prompt(text: str) -> None:
    found = read(text)
    assert (found.prompt, found.settings) == (text, {})


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('A: 1, B: 2, C: "open, D: 3', '"open'),
        ("A: 1, B: 2, C: {open, D: 3", "{open"),
        ('A: 1, B: 2, C: "x" y, D: 3', '"x" y'),
        (r'A: 1, B: 2, C: "\ud800", D: 3', r'"\ud800"'),
        (r'A: 1, B: 2, C: "\u0000", D: 3', r'"\u0000"'),
        ("A: 1, B: 2, C: sd:1.5, D: 3", "sd:1.5"),
        ("A: 1, B: 2, C: , D: 3", ""),
    ],
)
def test_a_value_that_is_not_quoted_well_is_taken_as_it_stands(line: str, value: str) -> None:
    settings = read(f"a cat\n{line}").settings
    assert settings["C"] == value
    assert settings["D"] == "3"


@pytest.mark.parametrize("hashes", ["x", "{", "[1]", '{"model": 5}', "{" * 5_000, '"a"'])
def test_hashes_that_are_no_hashes_are_none(hashes: str) -> None:
    assert read(f"a cat\nA: 1, B: 2, C: 3, Hashes: {hashes}").hashes == {}


def test_more_settings_than_anybody_writes_are_refused() -> None:
    line = ", ".join(f"k{number}: 1" for number in range(MOST_SETTINGS + 1))
    with pytest.raises(InfotextRefused, match="has more than 200 settings") as refused:
        read(line)
    assert refused.value.code == "too-many-settings"


@pytest.mark.parametrize(
    "piece", ['a: "', "a: {", "a", "a ", ",", ":", '"', "{", " ", "\n", "a:\n", NEGATIVE, "[", "\\"]
)
def test_no_text_keeps_the_reader_busy(piece: str) -> None:
    """256 KiB are what a chunk may hold; each is read in a moment or refused."""
    text = (piece * (256 * 1024))[: 256 * 1024]
    begun = time.process_time()
    for tried in (text, f"a cat\nA: 1, B: 2, C: 3, {text}", json.dumps(text)):
        with suppress(InfotextRefused):
            read(tried)
    assert time.process_time() - begun < 5


def test_a_prompt_with_a_negative_line_is_followed_by_the_true_one() -> None:
    drawing: Drawing = replace(DRAWING, prompt="a sign\nNegative prompt: fog")
    text = parameters(drawing, None)
    assert text.splitlines()[2] == "Negative prompt: "
    assert read(text).prompt == drawing.prompt
