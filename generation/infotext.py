"""Write what drew a picture into its PNG: parameters in, text chunks in the web UIs' grammar out.

The grammar is the AUTOMATIC1111 web UI's: the prompt, a line "Negative prompt: …" unless it is
empty, and one last line of "Key: value" pairs parted by commas, where a value that holds a comma,
a colon or a line break is a JSON string. infotext_reading reads it.
"""

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generation.infotext_reading import NEGATIVE, has_negative_line

SPECIAL = frozenset(',:"\n\r')  # In these a bare value would be cut or read as something else.
SHORT_HASH = 10  # hexadecimal digits, by which the web UIs and model sites name files


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a plain picture was drawn with."""

    prompt: str
    negative_prompt: str
    steps: int
    sampler: str  # its name, as people know it
    guidance: float
    seed: int
    width: int  # pixels
    height: int  # pixels
    model: str
    model_sha256: str  # hexadecimal digits
    clip_skip: int = 1


@dataclass(frozen=True, slots=True)
class AppliedAesthetic:
    """What its text encoder was personalised with, in the words of the web UIs' extension.

    `others` are looks that were mixed in, by their refs, which only we have; so are the guards.
    """

    embedding: str  # its ref, such as owner/slug@v1
    vector_sha256: str  # hexadecimal digits
    rate: float
    weight: float
    steps: int
    optimiser: str = "adam"
    anchor: float = 0.0
    slerp: bool = False
    text: str = ""
    text_negative: bool = False
    slerp_angle: float = 0.1
    enough_agreement: float | None = None
    most_drift: float | None = None
    others: Mapping[str, float] = field(default_factory=dict)


def parameters(drawing: Drawing, aesthetic: AppliedAesthetic | None) -> str:
    """Return the text of the `parameters` chunk; `aesthetic` is None for a plain picture."""
    pairs: dict[str, object] = {
        "Steps": drawing.steps,
        "Sampler": drawing.sampler,
        "CFG scale": drawing.guidance,
        "Seed": drawing.seed,
        "Size": f"{drawing.width}x{drawing.height}",
        "Model hash": drawing.model_sha256[:SHORT_HASH],
        "Model": drawing.model,
    }
    if drawing.clip_skip > 1:  # the web UI leaves it out as well
        pairs["Clip skip"] = drawing.clip_skip
    hashes = {"model": drawing.model_sha256[:SHORT_HASH]}
    if aesthetic is not None:
        pairs |= _aesthetic_pairs(aesthetic)
        hashes[f"aesthetic:{aesthetic.embedding}"] = aesthetic.vector_sha256[:SHORT_HASH]
    line = ", ".join(f"{key}: {_value(value)}" for key, value in pairs.items())
    # The one value that is bare JSON: model sites look for exactly this, and at the end.
    line += f", Hashes: {json.dumps(hashes, ensure_ascii=False)}"
    return "\n".join([*_prompts(drawing.prompt.strip(), drawing.negative_prompt.strip()), line])


def _prompts(prompt: str, negative: str) -> list[str]:
    """Leave out what is empty; but the last line that begins the negative prompt must be ours.

    Where a later one of the negative prompt itself would, a space stands for the line break: text
    encoders read both alike.
    """
    negative = negative.replace(f"\n{NEGATIVE}", f" {NEGATIVE}")
    with_negative = negative or has_negative_line(prompt)
    return [
        *([prompt] if prompt else []),
        *([f"{NEGATIVE} {negative}"] if with_negative else []),
    ]


def _aesthetic_pairs(aesthetic: AppliedAesthetic) -> dict[str, object]:
    pairs: dict[str, object] = {
        "Aesthetic LR": aesthetic.rate,
        "Aesthetic weight": aesthetic.weight,
        "Aesthetic steps": aesthetic.steps,
        "Aesthetic embedding": aesthetic.embedding,
        "Aesthetic slerp": aesthetic.slerp,
        "Aesthetic text": aesthetic.text,
        "Aesthetic text negative": aesthetic.text_negative,
        "Aesthetic slerp angle": aesthetic.slerp_angle,
        "Aesthetic hash": aesthetic.vector_sha256,
    }
    if aesthetic.optimiser != "adam":
        # The extension knows only Adam, so a rate without this would be read as Adam's.
        pairs["Aesthetic optimiser"] = aesthetic.optimiser
    if aesthetic.anchor:
        pairs["Aesthetic anchor"] = aesthetic.anchor
    if aesthetic.others:
        pairs["Aesthetic mix"] = " + ".join(
            f"{number(weight)} {ref}" for ref, weight in aesthetic.others.items()
        )
    if aesthetic.enough_agreement is not None:
        pairs["Aesthetic enough agreement"] = aesthetic.enough_agreement
    if aesthetic.most_drift is not None:
        pairs["Aesthetic most drift"] = aesthetic.most_drift
    return pairs


def _value(value: object) -> str:
    """Write a value as the web UI does: bare where that can be read back, else as JSON."""
    text = number(value) if isinstance(value, float) else str(value)
    if SPECIAL.isdisjoint(text) and text == text.strip():
        return text
    return json.dumps(text, ensure_ascii=False)


def number(value: float) -> str:
    """Write a number so that the same is read back, whole ones without a point."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


def png(image: Image.Image, texts: Mapping[str, str], international: Mapping[str, str]) -> bytes:
    """Return `image` as a PNG file with its text chunks, `international` ones always as iTXt.

    `texts` are tEXt where Latin-1 can write them, as every reader expects, and iTXt otherwise.
    """
    chunks = PngInfo()
    for key, text in texts.items():
        chunks.add_text(key, text)
    for key, text in international.items():
        chunks.add_itxt(key, text)
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=chunks)
    return file.getvalue()
