"""A demo of our own to be examined: started as a person starts it, ended with Ctrl-C's signal."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from hub.demo.presence import Facts, read_facts
from hub.demo.supervisor import ACCOUNT_FILE, Account
from hub.embedded.addresses import ROOT
from hub.smoke.verification import SmokeError, check

STOP_SECONDS = 30.0  # until the demo has ended all it started
POLL = 0.1


class RunningDemo:
    """`python -m hub.demo` on a free port, in a var folder of its own, without samples."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hub.demo", "--port", "0", "--no-samples"],
            cwd=ROOT,
            env={**os.environ, "HUB_VAR": str(var)},
            stdin=subprocess.DEVNULL,
            # As at a terminal of its own: our own Ctrl-C is answered by us, in order.
            start_new_session=True,
        )

    @property
    def facts(self) -> Facts:
        return read_facts(self.var)

    @property
    def account(self) -> Account:
        return Account(**json.loads((self.var / ACCOUNT_FILE).read_text()))

    def wait(self, pause: Callable[[float], None]) -> None:
        """Return once the demo serves. Raises SmokeError if it ends before."""
        while not self.facts.is_ready:
            status = self._process.poll()
            check(status is None, f"The demo ended with exit status {status}.")
            pause(POLL)

    def check_web(self, most_bytes: int, most_seconds: float) -> str:
        """Check what a web process may weigh, and how soon it answered; return it in words."""
        web = psutil.Process(self.facts.children["web"][0])
        processes = [web, *web.children(recursive=True)]
        check(len(processes) > 1, "The web has no working process.")
        for process in processes:
            self._check_lightness(process, most_bytes)
        seconds = self.facts.web_seconds
        check(seconds <= most_seconds, f"The web answered only after {seconds:.1f} s.")
        largest = max(process.memory_info().rss for process in processes)
        return f"{largest / 1e6:.0f} MB, no torch, answered after {seconds:.1f} s"

    def stop(self) -> str:
        """End the demo as Ctrl-C does, and check that nothing of it is left; say how it went."""
        started = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            raise SmokeError(f"The demo did not end within {STOP_SECONDS:.0f} s.") from error
        check(status == 0, f"The demo ended with exit status {status}.")
        left = self._remaining()
        check(not left, f"The demo left processes behind: {', '.join(left)}.")
        return f"nothing left after {time.monotonic() - started:.1f} s"

    def kill(self) -> None:
        """End the demo in whatever state it is, as well as it goes."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            self._process.kill()

    def _check_lightness(self, process: psutil.Process, most_bytes: int) -> None:
        size = process.memory_info().rss
        check(size < most_bytes, f"Web process {process.pid} holds {size / 1e6:.0f} MB.")
        if sys.platform == "linux":
            libraries = [library.path for library in process.memory_maps()]
            torch = [path for path in libraries if "/torch/" in path]
            check(not torch, f"Web process {process.pid} has loaded torch.")

    def _remaining(self) -> list[str]:
        """Return the living processes that have this var folder in their environment."""
        remaining = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get("HUB_VAR") == str(self.var):
                    remaining.append(f"{process.pid} {process.name()}")
        return remaining
