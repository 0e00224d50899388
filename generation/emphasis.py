"""Prompts with emphasis, as the web UIs write it: text goes in, spans with weights come out.

    (word)      1.1 times as strong        [word]      divided by 1.1
    (word:1.3)  1.3 times as strong        \\( \\) \\[ \\]  the characters themselves

Brackets nest and multiply. A bracket that is never closed holds to the end; one that was never
opened is an ordinary character.
"""

import re
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


def spans(prompt: str) -> list[Span]:
    """Return a prompt's parts in order; neighbours of equal weight are one. Never empty.

    Raises EmphasisRefused.
    """
    reader = _Reader()
    for piece in PIECE.finditer(prompt):
        if not reader.reads_as_syntax(piece):
            reader.found.append(Span(piece["escaped"] or piece[0], 1.0))
    while reader.opened:
        reader.close(kind := reader.opened[-1][0], FACTORS[kind])
    for span in reader.found:
        if not abs(span.weight) <= MOST:  # so that a weight that is no number is refused too
            raise EmphasisRefused(
                f"“{span.text}” has an emphasis of {span.weight:g}; use {MOST:g} at most."
            )
    return _joined(reader.found)


class _Reader:
    def __init__(self) -> None:
        self.found: list[Span] = []
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


def _joined(found: list[Span]) -> list[Span]:
    joined = [Span("", found[0].weight if found else 1.0)]
    for span in found:
        if span.weight == joined[-1].weight:
            joined[-1].text += span.text
        else:
            joined.append(span)
    return joined
