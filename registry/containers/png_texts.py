"""A PNG in, its texts out, by their keys; the picture itself is not decoded.

A text is a chunk `tEXt` (Latin-1), `zTXt` (the same, compressed) or `iTXt` (UTF-8, compressed or
not) that begins with its key (W3C PNG, third edition, section 11.3.3).
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from registry.containers.parts import MalformedPicture
from registry.containers.png_chunks import Chunk, chunks, shown, size_of

TEXT_CHUNKS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
MOST_TEXT_BYTES: Final = 256 * 1024  # once inflated; a long prompt with all settings has some 5,000


@dataclass(frozen=True, slots=True)
class Text:
    """A text as its chunk holds it: nothing is inflated or decoded before it is asked for."""

    key: bytes
    body: bytes
    is_compressed: bool
    encoding: str

    @classmethod
    def of(cls, chunk: Chunk) -> Self:
        """Return the text in a chunk that is one of TEXT_CHUNKS."""
        key, _, rest = chunk.body.partition(b"\0")
        if chunk.name == b"tEXt":
            return cls(key, rest, is_compressed=False, encoding="latin-1")
        if chunk.name == b"zTXt":
            return cls(key, rest[1:], is_compressed=True, encoding="latin-1")
        text = rest[2:].split(b"\0", 2)[-1]  # After the language and the translated keyword.
        return cls(key, text, is_compressed=rest[:1] == b"\1", encoding="utf-8")

    def decoded(self) -> str:
        """Return the text; raise MalformedPicture where it is broken, or too long to be one."""
        data = self._inflated() if self.is_compressed else self.body
        if len(data) > MOST_TEXT_BYTES:
            raise self._refused(
                "text-too-long", f"has more than {MOST_TEXT_BYTES:,} bytes", "shorten that text"
            )
        try:
            text = data.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise self._refused("not-utf-8", "is not UTF-8") from error
        if "\0" in text:
            raise self._refused("malformed", "holds a NUL character, which no text has")
        return text

    def _inflated(self) -> bytes:
        """Return the text's bytes, or one byte more than are allowed: never all of a bomb."""
        inflater = zlib.decompressobj()
        try:
            data = inflater.decompress(self.body, MOST_TEXT_BYTES + 1)
        except zlib.error as error:
            raise self._refused("malformed", "can't be inflated") from error
        if not inflater.eof and len(data) <= MOST_TEXT_BYTES:
            raise self._refused("truncated", "is cut off")
        return data

    def _refused(self, code: str, clause: str, remedy: str = "save it again") -> MalformedPicture:
        return MalformedPicture(code, f"has a text {shown(self.key)} that {clause}", remedy)


def texts_of(data: bytes) -> Mapping[str, Text]:
    """Return the texts of a PNG by their keys, all of its chunks checked.

    Of several with one key the last counts, as for Pillow, by which the web UIs read. Raises
    MalformedPicture.
    """
    row = chunks(data)
    size_of(next(row))
    found = (Text.of(chunk) for chunk in row if chunk.name in TEXT_CHUNKS)
    return {text.key.decode("latin-1"): text for text in found}
