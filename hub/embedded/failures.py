"""What is said when an embedded server can't run."""

from collections import deque
from pathlib import Path

TAIL = 15  # lines of a log that fit on a screen together with the sentence above them


class EmbeddedError(Exception):
    """An embedded server can't be used; the sentence says which one, why, and what would help."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def last_lines(log: Path, count: int = TAIL) -> str:
    """Return the end of a log file, or an empty text where there is none."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            return "".join(deque(lines, maxlen=count)).rstrip()
    except OSError:
        return ""


def with_log(sentence: str, log: Path) -> str:
    """Return the sentence with the log's name and its last lines."""
    return f"{sentence} Its log is {log}:\n{last_lines(log)}".rstrip(": \n")
