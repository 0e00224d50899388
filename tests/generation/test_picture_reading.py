"""What a PNG says of its picture: files of the hub, of web UIs, and files that are out to harm."""

import io
import json
import struct
import time
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generation.infotext import parameters, png
from generation.models.generations import PARAMETERS
from generation.picture_facts import Facts, facts_of
from generation.picture_reading import facts_in
from registry.containers.png_texts import MOST_TEXT_BYTES
from registry.decoding import PictureRefused
from tests.generation.test_infotext import AESTHETIC, DRAWING, PICTURE
from tests.generation.test_infotext_reading import FOREIGN, PROMPTS
from tests.registry.picture_factory import png_chunk, with_chunks

TEXT = parameters(DRAWING, AESTHETIC)
RECIPE = {
    "generation": "5b7d8f3e-6f0c-4c7d-9a57-0f4c3d5a2b11",
    "aesthetic": "ada/neon-nights@v2",
    "version_digest": "sha256:" + "12" * 32,
    "vector_digest": "sha256:" + "cd" * 32,
    "space": "demo-3",
    "checkpoint": "sha256:" + "ab" * 32,
    "prompt": "a house by a tree",
    "negative_prompt": "",
    "seed": 1234,
    "optimiser": "ascent",
    "steps": 20,
    "rate": 8e-05,
    "weight": 0.9,
    "anchor": 0.5,
    "slerp": True,
    "clip_skip": 2,
    "enough_agreement": 0.75,
    "most_drift": 1.25,
    "aesthetic_text": "neon",
    "aesthetic_text_angle": 0.25,
    "aesthetic_text_negative": True,
    "sampler": "",
    "sampling_steps": 20,
    "guidance": 4.0,
    "width": 96,
    "height": 64,
}
PLAIN = png(PICTURE, {}, {})
OURS = png(PICTURE, {"parameters": TEXT}, {"aesthetic": json.dumps(RECIPE)})


def refusal(data: bytes, name: str = "cat.png") -> PictureRefused:
    """Return how the file is refused; its sentence must be whole and name the file."""
    with pytest.raises(PictureRefused) as caught:
        facts_in(name, data)
    assert caught.value.detail.startswith(f"{name} ")
    assert caught.value.detail.endswith(".")
    return caught.value


def with_text(chunk: bytes, body: bytes) -> bytes:
    return with_chunks(PLAIN, png_chunk(chunk, body))


def itxt(text: bytes, *, compressed: bool = False, key: bytes = b"parameters") -> bytes:
    flags = b"\1\0" if compressed else b"\0\0"
    return with_text(b"iTXt", key + b"\0" + flags + b"\0\0" + text)


# --- What is read -------------------------------------------------------------------------------


def test_a_picture_of_the_hub_says_everything() -> None:
    facts = facts_in("cat.png", OURS)
    said = {name: RECIPE[name] for name in facts.values}
    assert len(said) == len(PARAMETERS)
    assert {name: str(value) for name, value in said.items()} == dict(facts.values)
    assert facts.look is not None
    assert facts.look.version_digest == RECIPE["version_digest"]
    assert (facts.look.name, facts.look.space) == ("ada/neon-nights@v2", "demo-3")
    assert (facts.checkpoint.name, facts.checkpoint.hash) == ("demo", "ab" * 5)
    assert facts.checkpoint.digest == RECIPE["checkpoint"]
    assert facts.generation == RECIPE["generation"]
    assert (facts.others, facts.is_ours_unreadable) == ({}, False)


@pytest.mark.parametrize(
    ("text", "skip"),
    [
        ("a cat\nSteps: 20, Sampler: DDIM, CFG scale: 4, Seed: 1", "1"),
        ("a cat\nSteps: 20, Sampler: DDIM, CFG scale: 4, Seed: 1, Clip skip: 2", "2"),
        ("a cat", None),
    ],
)
def test_a_clip_skip_that_web_uis_leave_out_is_none(text: str, skip: str | None) -> None:
    """The checkpoint's dose may have another, which would draw another picture."""
    facts = facts_in("cat.png", png(PICTURE, {"parameters": text}, {}))
    assert facts.values.get("clip_skip") == skip


def test_without_our_json_the_text_of_the_web_uis_says_nearly_as_much() -> None:
    facts = facts_in("cat.png", png(PICTURE, {"parameters": TEXT}, {}))
    assert facts.values["rate"] == "8e-05"
    assert (facts.values["optimiser"], facts.values["anchor"]) == ("adam", "0")
    assert (facts.values["width"], facts.values["height"]) == ("96", "64")
    assert facts.look is not None
    assert facts.look.vector_digest == RECIPE["vector_digest"]
    assert facts.checkpoint.digest == ""


def test_a_plain_picture_names_no_look_and_no_dose() -> None:
    facts = facts_in("cat.png", png(PICTURE, {"parameters": parameters(DRAWING, None)}, {}))
    assert facts.look is None
    assert not {"steps", "rate", "weight", "anchor", "optimiser"} & facts.values.keys()
    assert facts.values["sampling_steps"] == "20"


def test_a_picture_of_a_web_ui_names_its_embedding_without_a_hash() -> None:
    facts = facts_in("00012.png", png(PICTURE, {"parameters": FOREIGN}, {}))
    assert facts.look is not None
    assert (facts.look.name, facts.look.vector_hash) == ("laion_7plus", "")
    assert (facts.values["sampler"], facts.values["steps"]) == ("Euler a", "5")
    assert facts.checkpoint.hash == "81761151"
    assert facts.others == {}


def test_what_the_extension_does_besides_is_not_lost() -> None:
    text = FOREIGN.replace("slerp: False", "slerp: True") + ", Clip skip: 2"
    facts = facts_of({"parameters": text})
    assert (facts.values["slerp"], facts.values["clip_skip"]) == ("True", "2")
    assert facts.others == {}
    text = FOREIGN.replace("Aesthetic text: ", "Aesthetic text: neon") + ", ENSD: 31337"
    facts = facts_of({"parameters": text})
    assert facts.others == {"ENSD": "31337"}
    assert facts.values["aesthetic_text"] == "neon"
    assert facts.values["aesthetic_text_angle"] == "0.1"
    assert facts.values["aesthetic_text_negative"] == "False"


def test_settings_that_a_drawing_did_not_have_are_not_said() -> None:
    recipe = RECIPE | {"enough_agreement": None, "most_drift": None, "slerp": False}
    texts = {"parameters": TEXT, "aesthetic": json.dumps(recipe)}
    facts = facts_of(texts)
    assert facts.values["slerp"] == "False"
    assert not {"enough_agreement", "most_drift"} & facts.values.keys()


@pytest.mark.parametrize("name", ["None", ""])
def test_an_extension_that_was_switched_off_names_no_look(name: str) -> None:
    assert facts_of({"parameters": FOREIGN.replace("laion_7plus", name)}).look is None


def test_a_hash_among_the_hashes_is_enough_to_name_a_vector() -> None:
    text = TEXT.replace(f", Aesthetic hash: {'cd' * 32}", "")
    look = facts_of({"parameters": text}).look
    assert look is not None
    assert (look.vector_hash, look.vector_digest) == ("cdcdcdcdcd", "")


@pytest.mark.parametrize("hashed", ["cdcd", "not-a-hash-at-all", "%" * 64])
def test_a_hash_that_is_none_names_nothing(hashed: str) -> None:
    look = facts_of({"parameters": TEXT.replace("cd" * 32, hashed)}).look
    assert look is not None
    assert look.vector_hash == ""


@pytest.mark.parametrize(
    "recipe",
    [
        "",
        "{",
        "[]",
        "{}",
        "[" * 50_000,
        json.dumps({**RECIPE, "vector_digest": "sha256:12"}),
        json.dumps({**RECIPE, "vector_digest": 5}),
        json.dumps({**RECIPE, "prompt": "\ud800"}),
        json.dumps({**RECIPE, "prompt": "a\0b"}),
        '{"prompt": 1, "prompt": 2}',
        '{"seed": NaN}',
    ],
)
def test_a_text_aesthetic_that_is_not_the_hubs_is_passed_over_and_told(recipe: str) -> None:
    facts = facts_in("cat.png", png(PICTURE, {"parameters": TEXT}, {"aesthetic": recipe}))
    assert facts.is_ours_unreadable
    assert facts.values["prompt"] == "a house by a tree"


@given(PROMPTS, PROMPTS)
def test_any_prompts_come_through_the_file(prompt: str, negative: str) -> None:
    if "\0" in prompt + negative:
        return
    recipe = {**RECIPE, "prompt": prompt, "negative_prompt": negative}
    text = parameters(replace(DRAWING, prompt=prompt, negative_prompt=negative), AESTHETIC)
    facts = facts_in(
        "cat.png", png(PICTURE, {"parameters": text}, {"aesthetic": json.dumps(recipe)})
    )
    assert (facts.values["prompt"], facts.values["negative_prompt"]) == (prompt, negative)


@pytest.mark.parametrize(
    "data",
    [
        with_text(b"zTXt", b"parameters\0\0" + zlib.compress(TEXT.encode("latin-1"))),
        itxt(TEXT.encode()),
        itxt(zlib.compress(TEXT.encode()), compressed=True),
        with_text(b"tEXt", b"parameters\0an older text")[:-12]
        + png_chunk(b"tEXt", b"parameters\0" + TEXT.encode("latin-1"))
        + PLAIN[-12:],
    ],
    ids=["zTXt", "iTXt", "compressed iTXt", "a second text behind the picture"],
)
def test_a_text_is_found_in_every_kind_of_chunk(data: bytes) -> None:
    assert facts_in("cat.png", data).values["seed"] == "1234"


# --- What is refused ----------------------------------------------------------------------------

BOMB = zlib.compress(bytes(64 * 2**20), 9)  # 64 MB in 64 kB

HOSTILE = {
    "nothing": (b"", "not-a-png"),
    "a text file": (b"Steps: 20, Sampler: DDIM, Seed: 1", "not-a-png"),
    "the first bytes alone": (PLAIN[:8], "truncated"),
    "half a file": (OURS[: len(OURS) // 2], "truncated"),
    "a file without its end": (OURS[:-12], "truncated"),
    "a wrong checksum": (OURS.replace(b"a house by", b"a mouse by"), "malformed"),
    "no header": (PLAIN[:8] + PLAIN[33:], "malformed"),
    "a chunk of 4 GB": (PLAIN[:33] + b"\xff\xff\xff\xfftEXtparameters\0", "truncated"),
    "a bomb in zTXt": (with_text(b"zTXt", b"parameters\0\0" + BOMB), "text-too-long"),
    "a bomb in iTXt": (itxt(BOMB, compressed=True), "text-too-long"),
    "a bomb in our own text": (
        OURS[:-12] + png_chunk(b"zTXt", b"aesthetic\0\0" + BOMB) + OURS[-12:],
        "text-too-long",
    ),
    "a long plain text": (itxt(b"a" * (MOST_TEXT_BYTES + 1)), "text-too-long"),
    "half a zlib stream": (itxt(zlib.compress(b"a cat" * 99)[:9], compressed=True), "truncated"),
    "no zlib stream": (itxt(b"a cat", compressed=True), "malformed"),
    "an empty zlib stream": (itxt(b"", compressed=True), "truncated"),
    "a text that is not UTF-8": (itxt(b"a \xff\xfe cat"), "not-utf-8"),
    "a surrogate": (itxt(b"a \xed\xa0\x80 cat"), "not-utf-8"),
    "a NUL in the text": (itxt(b"a\0cat"), "malformed"),
    "no text at all": (PLAIN, "no-parameters"),
    "only our own text": (png(PICTURE, {}, {"aesthetic": json.dumps(RECIPE)}), "no-parameters"),
    "a text after the end": (PLAIN + png_chunk(b"tEXt", b"parameters\0a cat"), "no-parameters"),
    "a million settings": (itxt(b"a: 1, " * 40_000), "too-many-settings"),
    "more bytes than a picture has": (PLAIN + bytes(30_000_000), "too-many-bytes"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_that_cannot_be_read_is_refused_by_its_rule(what: str) -> None:
    data, code = HOSTILE[what]
    assert refusal(data).code == code


def test_a_picture_of_another_kind_is_called_by_its_kind() -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    assert "is a JPEG file, and only PNG files are read" in refusal(file.getvalue()).detail
    assert "cat.png is empty, and" in refusal(b"").detail


def test_texts_of_other_programs_are_named() -> None:
    data = png(PICTURE, {"prompt": "{}", "workflow": "{}"}, {})
    assert "only what the hub can't read: “prompt”, “workflow”." in refusal(data).detail
    many = png(PICTURE, {f"key {number}": "" for number in range(9)}, {})
    assert "“key 4”, …." in refusal(many).detail


def test_keys_and_names_that_mislead_the_eye_are_shown_harmless() -> None:
    data = with_text(b"tEXt", b"\x85\x1b[31mred" + b"x" * 5_000)
    detail = refusal(data).detail
    assert "\x1b" not in detail
    assert len(detail) < 400
    with pytest.raises(PictureRefused) as caught:
        facts_in("\u202egnp.exe", PLAIN)
    assert "\u202e" not in caught.value.detail


def test_sizes_beyond_all_sense_do_no_harm_since_no_pixel_is_decoded() -> None:
    header = struct.pack(">II5B", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)
    data = OURS[:8] + png_chunk(b"IHDR", header) + OURS[33:]
    assert facts_in("cat.png", data).values["seed"] == "1234"


def test_a_bomb_is_not_inflated() -> None:
    data, _ = HOSTILE["a bomb in zTXt"]
    tracemalloc.start()
    refusal(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 2**20  # bytes; the bomb has 64 MB


def test_thousands_of_texts_are_read_in_a_moment() -> None:
    text = png_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(MOST_TEXT_BYTES // 2)))
    begun = time.process_time()
    assert refusal(with_chunks(PLAIN, *[text] * 20_000)).code == "malformed"
    assert refusal(with_chunks(PLAIN, *[png_chunk(b"tEXt")] * 70_000)).code == "malformed"
    assert time.process_time() - begun < 5


@given(st.integers(8, len(OURS) - 1), st.binary(min_size=1, max_size=8))
def test_no_change_of_a_byte_makes_anything_but_a_refusal_or_facts(place: int, put: bytes) -> None:
    data = OURS[:place] + put + OURS[place + len(put) :]
    try:
        facts = facts_in("cat.png", data)
    except PictureRefused:
        return
    assert isinstance(facts, Facts)
