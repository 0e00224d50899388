"""What the readers of picture containers share: their result and their refusal.

A container (JPEG, PNG, WebP) is a row of parts, each with a name and a length. The readers
beside this module walk the parts of untrusted bytes, keep what decides the colours, and join
what they kept.
"""

from dataclasses import dataclass

# A PNG of 30 MB in pieces of 512 bytes has fewer. More are only good for keeping a server busy.
MAX_PARTS = 65_536

# Press profiles reach 3 MB; the limit keeps hostile ones away from the colour engine.
MAX_PROFILE_BYTES = 4 * 1024 * 1024

_FIRST_LYING = 5


@dataclass(frozen=True, slots=True)
class Stripped:
    """A picture without its metadata, and what its header and its metadata said."""

    data: bytes
    width: int  # Pixels as stored, that is before the orientation is applied.
    height: int
    orientation: int  # 1..8 as in EXIF; 1 is upright, from 5 on width and height change places.
    had_location: bool

    @property
    def upright_size(self) -> tuple[int, int]:
        """Return width and height as the picture is shown."""
        lies = self.orientation >= _FIRST_LYING
        return (self.height, self.width) if lies else (self.width, self.height)


class MalformedPicture(ValueError):
    """The container can't be read; `clause` goes on after the file's name, `remedy` after that.

    Codes: `truncated`, `malformed`, `animated`, `unsupported-coding`, `profile-too-large`.
    """

    def __init__(self, code: str, clause: str, remedy: str = "save it again") -> None:
        super().__init__(f"The picture {clause}; {remedy}.")
        self.code = code
        self.clause = clause
        self.remedy = remedy


def truncated(part: str) -> MalformedPicture:
    return MalformedPicture("truncated", f"is cut off in its {part}")


def check_count(parts: int) -> None:
    if parts > MAX_PARTS:
        raise MalformedPicture("malformed", f"has more than {MAX_PARTS:,} parts")


def check_profile(size: int, limit: int = MAX_PROFILE_BYTES) -> None:
    if size > limit:
        raise MalformedPicture(
            "profile-too-large",
            f"has a colour profile of more than {limit:,} bytes",
            "convert it to sRGB",
        )
