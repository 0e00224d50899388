"""Prompts with emphasis, as the web UIs write it: text goes in, spans with weights come out.

A prompt's words are told apart here as well, since brackets may hold several of them.

    (word)      1.1 times as strong        [word]      divided by 1.1
    (word:1.3)  1.3 times as strong        \\( \\) \\[ \\]  the characters themselves

Brackets nest and multiply. A bracket that is never closed holds to the end; one that was never
opened is an ordinary character.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

IN_WORDS = r"(word:1.3) counts more, [word] less; write \( for a bracket."
MOST = 100.0  # beyond it numbers overflow before anyone sees a picture
FACTORS = {"(": 1.1, "[": 1 / 1.1}  # what a pair of brackets is worth
OPENING = {")": "(", "]": "["}

# An escaped character, a closing bracket with its weight, a bracket, or text up to any of these.
PIECE = re.compile(
    r"\\(?P<escaped>[()\[\]\\])"
    r"|:\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+))\s*\)"
    r"|(?P<bracket>[()\[\]])"
    r"|(?P<text>[^\\:()\[\]]+|[\\:])"
)


class EmphasisRefused(ValueError):
    """An emphasis that no text encoder can read."""

    code = "emphasis-out-of-range"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(slots=True)
class Span:
    """A part of a prompt that is read with one weight."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a prompt as it is written, with its brackets, and the prompt without it.

    `without` is read as the same tokens as the prompt is, but for the word's; its weights are
    others.
    """

    written: str
    without: str


def spans(prompt: str) -> list[Span]:
    """Return a prompt's parts in order; neighbours of equal weight are one. Never empty.

    Raises EmphasisRefused.
    """
    return _joined(_pieces(prompt))


def words_of(prompt: str) -> list[Word]:
    """Return a prompt's words; what is emphasis alone, such as `:1.3)`, is none.

    Raises EmphasisRefused.
    """
    pieces, words = _pieces(prompt), []
    for word in re.finditer(r"\S+", prompt):
        left = [Span(piece.without(*word.span()), piece.weight) for piece in pieces]
        if any(span.text != piece.text for span, piece in zip(left, pieces, strict=True)):
            said = _joined([span for span in left if span.text])
            words.append(Word(word[0], _apart(span.text for span in said)))
    return words


def _apart(texts: Iterable[str]) -> str:
    """Return a prompt whose spans are these texts, whatever characters they have."""
    escaped = [re.sub(r"[()\[\]\\]", r"\\\g<0>", text) for text in texts]
    # Of weights that differ from one to the next, or neighbours would be one span.
    return "".join(f"[{text}]" if place % 2 else text for place, text in enumerate(escaped))


@dataclass(slots=True)
class _Piece(Span):
    """Text that is no syntax, and where in the prompt it is written."""

    start: int
    end: int

    def without(self, start: int, end: int) -> str:
        """Return what is left of the text without what is written from `start` to `end`."""
        if self.end - self.start > len(self.text):  # escaped, so it is one character
            return "" if start <= self.start < end else self.text
        return self.text[: max(0, start - self.start)] + self.text[max(0, end - self.start) :]


def _pieces(prompt: str) -> list[_Piece]:
    """Return the texts between what is syntax, weighted. Raises EmphasisRefused."""
    reader = _Reader()
    for piece in PIECE.finditer(prompt):
        if not reader.reads_as_syntax(piece):
            reader.found.append(_Piece(piece["escaped"] or piece[0], 1.0, *piece.span()))
    while reader.opened:
        reader.close(kind := reader.opened[-1][0], FACTORS[kind])
    for found in reader.found:
        if not abs(found.weight) <= MOST:  # so that a weight that is no number is refused too
            raise EmphasisRefused(
                f"“{found.text}” has an emphasis of {found.weight:g}; use {MOST:g} at most."
            )
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: list[_Piece] = []
        self.opened: list[tuple[str, int]] = []  # brackets, each with the number of spans before it

    def reads_as_syntax(self, piece: re.Match[str]) -> bool:
        match piece.lastgroup:
            case "bracket" if piece[0] in FACTORS:
                self.opened.append((piece[0], len(self.found)))
                return True
            case "bracket":
                return self.close(OPENING[piece[0]], FACTORS[OPENING[piece[0]]])
            case "weight":
                return self.close("(", float(piece["weight"]))
        return False

    def close(self, kind: str, factor: float) -> bool:
        """Weight what the innermost bracket holds, if it is of this kind."""
        if not self.opened or self.opened[-1][0] != kind:
            return False
        _, first = self.opened.pop()
        for span in self.found[first:]:
            span.weight *= factor
        return True


def _joined(found: Sequence[Span]) -> list[Span]:
    joined = [Span("", found[0].weight if found else 1.0)]
    for span in found:
        if span.weight == joined[-1].weight:
            joined[-1].text += span.text
        else:
            joined.append(span)
    return joined
