"""What the person at the terminal sees: one line a step, with its time."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO

NAME_WIDTH = 22
CLEAR_LINE = "\r\x1b[2K"  # ECMA-48: to column one, erase the line


class Screen:
    """A stream that may have gone: a closed window must not keep us from stopping what runs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.can_redraw = stream.isatty()

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(text)
            self._stream.flush()


class Step:
    """A line that is still being worked on."""

    def __init__(self, name: str, screen: Screen) -> None:
        self._name = f"  {name:<{NAME_WIDTH}} "
        self._started = time.monotonic()
        self._screen = screen
        self._detail = ""
        # Where nothing can be drawn over, the name stands there while the step works, so that a
        # log shows what hangs.
        screen.write(self._name)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def tell(self, detail: str) -> None:
        """Say how far the step is; the last thing told stays on the line."""
        self._detail = detail
        if self._screen.can_redraw:
            self._screen.write(f"{CLEAR_LINE}{self._name}{self.seconds:6.0f} s  {detail}")

    def end(self, detail: str = "") -> None:
        start = f"{CLEAR_LINE}{self._name}" if self._screen.can_redraw else ""
        self._screen.write(
            f"{start}{self.seconds:6.1f} s  {detail or self._detail}".rstrip() + "\n"
        )


class Terminal:
    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._screen = Screen(stream)
        self._step: Step | None = None

    def say(self, text: str) -> None:
        """Write lines of their own, also in the middle of a step."""
        if self._step is not None:
            self._screen.write(CLEAR_LINE if self._screen.can_redraw else "\n")
        self._screen.write(f"{text}\n")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show a step while it works, then its time; a step that raises is not shown as done."""
        self._step = step = Step(name, self._screen)
        try:
            yield step
        except BaseException:
            step.end("not finished")
            raise
        else:
            step.end()
        finally:
            self._step = None
