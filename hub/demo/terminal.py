"""What the person at the terminal sees: one line a step, with its time."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO

NAME_WIDTH = 22
CLEAR_LINE = "\r\x1b[2K"  # ECMA-48: to column one, erase the line


class Step:
    """A line that is still being worked on."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self.name = name
        self.started = time.monotonic()
        self._stream = stream
        self._detail = ""
        self._shown = ""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def tell(self, detail: str) -> None:
        """Say how far the step is; the last thing told stays on the line."""
        self._detail = detail
        self.show()

    def show(self) -> None:
        """Draw the line anew where it can be drawn over: on a terminal."""
        if not self._stream.isatty():
            return
        line = f"  {self.name:<{NAME_WIDTH}} {self.seconds:6.0f} s  {self._detail}"
        if line != self._shown:
            self._stream.write(f"{CLEAR_LINE}{line}")
            self._stream.flush()
            self._shown = line

    def begin(self) -> None:
        if self._stream.isatty():
            self.show()
            return
        # Elsewhere the name stands there while the step works, so that a log shows what hangs.
        self._stream.write(f"  {self.name:<{NAME_WIDTH}} ")
        self._stream.flush()

    def end(self, word: str = "") -> None:
        detail = word or self._detail
        start = f"{CLEAR_LINE}  {self.name:<{NAME_WIDTH}} " if self._stream.isatty() else ""
        self._stream.write(f"{start}{self.seconds:6.1f} s  {detail}".rstrip() + "\n")
        self._stream.flush()


class Terminal:
    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._step: Step | None = None

    def say(self, text: str) -> None:
        """Write lines of their own, also in the middle of a step."""
        if self._step is not None:
            self._stream.write(CLEAR_LINE if self._stream.isatty() else "\n")
        self._stream.write(f"{text}\n")
        self._stream.flush()

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show a step while it works, then its time; a step that raises is shown as ended."""
        self._step = step = Step(name, self._stream)
        step.begin()
        try:
            yield step
        except BaseException:
            step.end("not finished")
            raise
        else:
            step.end()
        finally:
            self._step = None
