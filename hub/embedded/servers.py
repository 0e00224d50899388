"""A running embedded server, who uses it, and how it ends.

Who uses a server is known by shared locks on one file, which the kernel drops with the process that
holds them. A list of process numbers would go stale with the first SIGKILL; then a server would run
for ever, or end under somebody's hands.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import psutil

from hub.embedded.addresses import Place
from hub.embedded.failures import EmbeddedError

POLL = 0.05  # seconds between two looks at a process that is ending

# What to send in turn, and how many seconds to wait for each to work.
Endings = Sequence[tuple[signal.Signals, float]]


class Ending(StrEnum):
    STOPPED = "stopped"
    IN_USE = "left running, since another process uses it"


@contextlib.contextmanager
def gate(path: Path) -> Iterator[None]:
    """Let one process at a time start or stop a server; the others wait."""
    with _opened(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


class Server:
    """A server that runs, and this process's claim on it. Made inside its gate."""

    def __init__(self, place: Place, process: psutil.Process, endings: Endings) -> None:
        self.place = place
        self.process = process
        self._endings = endings
        self._claim = contextlib.ExitStack()
        descriptor = self._claim.enter_context(_opened(place.users))
        fcntl.flock(descriptor, fcntl.LOCK_SH)

    def stop(self) -> Ending:
        """Give the claim back; end the server if it was the last. A second call changes nothing."""
        with gate(self.place.gate):
            self._claim.close()
            if _is_used(self.place.users):
                return Ending.IN_USE
            end(self.process, self._endings)
            if self.place.socket.parent != self.place.data:
                shutil.rmtree(self.place.socket.parent, ignore_errors=True)
            return Ending.STOPPED


def end(process: psutil.Process, endings: Endings) -> None:
    """Send each signal in turn and wait its seconds, until the process has ended.

    Raises EmbeddedError when it outlives them all.
    """
    for number, seconds in endings:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if has_ended(process):
                return
            time.sleep(POLL)
    if not has_ended(process):
        raise EmbeddedError("still-running", f"Process {process.pid} does not end on any signal.")


def has_ended(process: psutil.Process) -> bool:
    """Say whether a process is gone, or a zombie in a container whose first process reaps none."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _is_used(users: Path) -> bool:
    with _opened(users) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(
            "foreign-folder",
            f"{path} can't be opened ({error.strerror}); start as the user who owns that folder, or"
            " let HUB_VAR name another one.",
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)  # This also drops the lock.
