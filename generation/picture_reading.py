"""A file's name and bytes in; what it says of how its picture was made, or a refusal, out.

The file is somebody's: its container is walked, and of its texts the two that are read here are
inflated, up to a limit. No pixel is decoded.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from generation.infotext_reading import InfotextRefused
from generation.picture_facts import AESTHETIC, PARAMETERS, Facts, facts_of
from registry.containers.png_texts import texts_of
from registry.decoding import PictureRefused
from registry.file_names import shown
from registry.metadata import MalformedPicture, media_type_of
from registry.pictures import MOST_BYTES

KEYS_TOLD: Final = 5  # of the texts that somebody else's program wrote

_FORMATS: Final = {"image/jpeg": "a JPEG file", "image/webp": "a WEBP file"}


def facts_in(name: str, data: bytes) -> Facts:
    """Return what the PNG file `name` says of its picture.

    Raises PictureRefused with the codes too-many-bytes, not-a-png, truncated, malformed,
    text-too-long, not-utf-8, no-parameters and too-many-settings.
    """
    check_size(name, len(data))
    media_type = media_type_of(data)
    if media_type != "image/png":
        what = _FORMATS.get(media_type or "", "not a PNG file" if data else "empty")
        raise _refusal(
            name, "not-a-png", f"is {what}, and only PNG files are read; use the one that was drawn"
        )
    try:
        return facts_of(_texts(name, data))
    except MalformedPicture as error:
        raise _refusal(name, error.code, f"{error.clause}; {error.remedy}") from error
    except InfotextRefused as error:
        raise _refusal(name, error.code, error.clause) from error


def check_size(name: str, size: int) -> None:
    """Raise PictureRefused for more bytes than a picture may have."""
    if size > MOST_BYTES:
        clause = f"has {size:,} bytes, and {MOST_BYTES:,} are the most; save it smaller"
        raise _refusal(name, "too-many-bytes", clause)


def _texts(name: str, data: bytes) -> Mapping[str, str]:
    found = texts_of(data)
    texts = {key: found[key].decoded() for key in (PARAMETERS, AESTHETIC) if key in found}
    if PARAMETERS not in texts:
        raise _refusal(
            name,
            "no-parameters",
            f"doesn't say how it was made: it has no text “{PARAMETERS}”{_instead(found)}",
        )
    return texts


def _instead(keys: Iterable[str]) -> str:
    """Go on in a sentence with the keys that are there instead."""
    told = [f"“{shown(key)}”" for key in keys]
    if not told:
        return ", as after most programs and sites that save a picture anew"
    more = ", …" if len(told) > KEYS_TOLD else ""
    return f", only what the hub can't read: {', '.join(told[:KEYS_TOLD])}{more}"


def _refusal(name: str, code: str, clause: str) -> PictureRefused:
    return PictureRefused(name, code, f"{shown(name)} {clause}.")
