"""Ctrl-C as a question asked at safe points, never as an exception at any of them.

An exception out of a signal handler may strike between the start of a process and the line that
remembers it; then nobody would end that process.
"""

import signal
import time
from types import FrameType

from hub.demo.failures import InterruptedByPerson

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SLICE = 0.1  # seconds; the longest wait between a signal and the answer to it


class Interruption:
    def __init__(self) -> None:
        self._asked = False

    def listen(self) -> None:
        """Note the signals from now on. A second one changes nothing: stopping is bounded."""
        for number in SIGNALS:
            signal.signal(number, self._note)

    def check(self) -> None:
        """Raise InterruptedByPerson once a signal has come."""
        if self._asked:
            raise InterruptedByPerson

    def pause(self, seconds: float) -> None:
        """Wait; raise InterruptedByPerson as soon as a signal has come."""
        deadline = time.monotonic() + seconds
        self.check()
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, SLICE))
            self.check()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
