"""Which of a checkpoint's text encoders are personalised: a name in, the same fact in words out.

A checkpoint's kind decides it (checkpoint_kinds); everything else tells it on: the row of a
drawing, its page, the API, a picture's JSON and the file of a conditioning.
"""

from enum import StrEnum
from typing import Any


class TextEncoders(StrEnum):
    """How many there are, and which of them is personalised."""

    ONE = "one"
    FIRST_OF_TWO = "first-of-two"

    @property
    def told(self) -> dict[str, Any]:
        """Return it as JSON, with diffusers' names of a checkpoint's components."""
        return {
            "personalised": ["text_encoder"],
            "left_alone": ["text_encoder_2"] if self is self.FIRST_OF_TWO else [],
            "in_words": self.in_words,
        }

    @property
    def in_words(self) -> str:
        """Return it as sentences; nothing where there is nothing to tell."""
        return FIRST_OF_TWO_IN_WORDS if self is self.FIRST_OF_TWO else ""


FIRST_OF_TWO_IN_WORDS = (
    "This checkpoint reads the words with two text encoders. The first, CLIP-L, was personalised; "
    "the second, OpenCLIP bigG, was left alone, and with it the pooled embedding, which it alone "
    "gives. Agreement and drift are those of the first."
)
