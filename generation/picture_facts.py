"""What a picture's two texts say of it, put together: texts in, facts by our own names out.

`parameters` is the web UIs' text. `aesthetic` is our JSON with everything exactly; where a file has
both, ours counts, and the other adds what ours leaves out. Values stay texts, as they were written:
what can be used of them here is not for this module to say.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from generation import infotext_reading
from generation.infotext_reading import Infotext, is_writable
from registry import strict_json
from registry.digests import is_digest

PARAMETERS: Final = "parameters"  # the keys of the texts
AESTHETIC: Final = "aesthetic"

# Our names of what decides a picture, by those of the web UIs and of their extension.
_NAMES: Final = {
    "Steps": "sampling_steps",
    "Sampler": "sampler",
    "CFG scale": "guidance",
    "Seed": "seed",
    "Clip skip": "clip_skip",
}
_DOSE_NAMES: Final = {
    "Aesthetic LR": "rate",
    "Aesthetic weight": "weight",
    "Aesthetic steps": "steps",
    "Aesthetic optimiser": "optimiser",
    "Aesthetic anchor": "anchor",
    "Aesthetic slerp": "slerp",
    "Aesthetic enough agreement": "enough_agreement",
    "Aesthetic most drift": "most_drift",
}
_TEXT_NAMES: Final = {
    "Aesthetic text": "aesthetic_text",
    "Aesthetic slerp angle": "aesthetic_text_angle",
    "Aesthetic text negative": "aesthetic_text_negative",
}
_VALUES: Final = frozenset(
    {
        *("prompt", "negative_prompt", "width", "height"),
        *_NAMES.values(),
        *_DOSE_NAMES.values(),
        *_TEXT_NAMES.values(),
    }
)
# What infotext leaves out where it is so, as it is for every picture of the extension; and what all
# web UIs do, of a picture of whose settings they say anything.
_UNSAID: Final = {"optimiser": "adam", "anchor": "0", "slerp": "False"}
_UNSAID_OF_ALL: Final = {"clip_skip": "1"}

_NO_EMBEDDING: Final = {"", "None"}

_LARGEST_WEIGHT: Final = 1e6  # beside which no embedding counts; larger ones are no float either
_SHORTEST_HASH: Final = 10  # hexadecimal digits; fewer would name too many things


@dataclass(frozen=True, slots=True)
class NamedLook:
    """The embedding that a picture was drawn with, as its file names it; "" where it does not."""

    name: str  # a ref of the hub that drew it, or a web UI's file
    version_digest: str = ""
    vector_digest: str = ""
    vector_hash: str = ""  # the first hexadecimal digits of the vector's digest
    space: str = ""


@dataclass(frozen=True, slots=True)
class MixedLook:
    """Another embedding, mixed into the first with a weight beside 1."""

    look: NamedLook
    weight: float


@dataclass(frozen=True, slots=True)
class NamedCheckpoint:
    """The checkpoint that drew it, as the file names it; "" where it does not."""

    name: str
    digest: str = ""
    hash: str = ""  # the first hexadecimal digits, of our digest or of a web UI's file


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a file says of how its picture was made."""

    values: Mapping[str, str]  # by the names of a generation's parameters; only what is said
    look: NamedLook | None  # None for a plain picture
    checkpoint: NamedCheckpoint
    generation: str = ""  # the hub's own name of the drawing
    others: Mapping[str, str] = field(default_factory=dict)  # settings that the hub doesn't have
    mixed: tuple[MixedLook, ...] = ()
    is_ours_unreadable: bool = False  # it has a text `aesthetic` that is not the hub's


def facts_of(texts: Mapping[str, str]) -> Facts:
    """Return what the texts under the two keys say; raise InfotextRefused."""
    told = infotext_reading.read(texts.get(PARAMETERS, ""))
    recipe, mixed = _recipe(texts.get(AESTHETIC, ""))
    is_personalised = told.settings.get("Aesthetic embedding", "") not in _NO_EMBEDDING
    dose, look = (_dose_values(told), _told_look(told)) if is_personalised else ({}, None)
    exact = {name: value for name, value in recipe.items() if name in _VALUES}
    return Facts(
        values=_drawing_values(told) | dose | exact,
        look=_recipe_look(recipe) if recipe else look,
        checkpoint=NamedCheckpoint(
            told.settings.get("Model", ""),
            recipe.get("checkpoint", ""),
            told.settings.get("Model hash", "").lower(),
        ),
        generation=recipe.get("generation", ""),
        others=_others(told.settings, has_recipe=bool(recipe)),
        mixed=mixed,
        is_ours_unreadable=AESTHETIC in texts and not recipe,
    )


def _recipe(text: str) -> tuple[dict[str, str], tuple[MixedLook, ...]]:
    """Return our JSON with all values as texts, and the looks that it lists as mixed in.

    Nothing where the text is not the hub's.
    """
    try:
        found = strict_json.read(text.encode())
    except strict_json.JSONRefused:
        return {}, ()
    others = found.pop("others", [])
    values = {key: _as_text(value) for key, value in found.items() if value is not None}
    is_ours = is_digest(values.get("vector_digest", "")) and "prompt" in values
    mixed = [_mixed(each) for each in others] if isinstance(others, list) else [None]
    if not is_ours or None in mixed or not all(map(is_writable, values.values())):
        return {}, ()
    return values, tuple(filter(None, mixed))


def _mixed(found: object) -> MixedLook | None:
    """Return a look that our JSON lists, or None for what the hub would not have written."""
    if not isinstance(found, dict):
        return None
    named, weight = dict(found), found.get("weight")
    named.pop("weight", None)
    is_named = all(isinstance(value, str) and is_writable(value) for value in named.values())
    if not is_named or not is_digest(named.get("vector_digest", "")):
        return None
    if not isinstance(weight, int | float) or abs(weight) > _LARGEST_WEIGHT:
        return None
    return MixedLook(_recipe_look(named), float(weight))


def _as_text(value: object) -> str:
    """Return a value of our JSON as a form would send it."""
    return str(value) if isinstance(value, str | bool) else json.dumps(value)


def _drawing_values(told: Infotext) -> dict[str, str]:
    width, crossed, height = told.settings.get("Size", "").partition("x")
    return {
        "prompt": told.prompt,
        "negative_prompt": told.negative_prompt,
        **({"width": width, "height": height} if crossed else {}),
        **(_UNSAID_OF_ALL if "Steps" in told.settings else {}),
        **_named(told.settings, _NAMES),
    }


def _dose_values(told: Infotext) -> dict[str, str]:
    has_text = bool(told.settings.get("Aesthetic text"))
    text = _named(told.settings, _TEXT_NAMES) if has_text else {}
    return _UNSAID | _named(told.settings, _DOSE_NAMES) | text


def _named(settings: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {names[key]: value for key, value in settings.items() if key in names}


def _recipe_look(recipe: Mapping[str, str]) -> NamedLook:
    vector = recipe["vector_digest"]
    return NamedLook(
        name=recipe.get("aesthetic", ""),
        version_digest=recipe.get("version_digest", ""),
        vector_digest=vector,
        vector_hash=vector.removeprefix("sha256:"),
        space=recipe.get("space", ""),
    )


def _told_look(told: Infotext) -> NamedLook:
    name = told.settings["Aesthetic embedding"]
    digits = told.settings.get("Aesthetic hash") or told.hashes.get(f"aesthetic:{name}", "")
    digits = digits.lower()
    whole = f"sha256:{digits}"
    return NamedLook(
        name,
        vector_digest=whole if is_digest(whole) else "",
        vector_hash=digits if _is_hash(digits) else "",
    )


def _is_hash(digits: str) -> bool:
    return len(digits) >= _SHORTEST_HASH and set(digits) <= set("0123456789abcdef")


def _others(settings: Mapping[str, str], *, has_recipe: bool) -> dict[str, str]:
    """Return the settings that our names don't cover, without those that do nothing.

    Looks that are mixed in are told by their digests, in our JSON alone.
    """
    known = {*_NAMES, *_DOSE_NAMES, *_TEXT_NAMES, "Size", "Model", "Model hash"}
    known |= {"Aesthetic embedding", "Aesthetic hash"}
    if has_recipe:
        known.add("Aesthetic mix")
    return {key: value for key, value in settings.items() if key not in known}
