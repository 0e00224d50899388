"""That a demo runs in a var folder, and where: a locked file, which also names its processes."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import psutil

from hub.demo.children import Child, end_leftover
from hub.demo.failures import DemoError

FILE = "demo.json"


@dataclass(slots=True)
class Facts:
    """What the file says; others read it to find the demo."""

    pid: int = 0
    url: str = ""
    is_ready: bool = False
    web_seconds: float = 0.0  # from the web process's start to its first good answer
    children: dict[str, tuple[int, float]] = field(default_factory=dict)  # number, start time


def read_facts(var: Path) -> Facts:
    """Return what the last demo in this folder wrote down; empty facts where there is none."""
    try:
        return Facts(**json.loads((var / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return Facts()


class Presence:
    """The lock on a var folder; the kernel drops it with the process, however that ends."""

    def __init__(self, var: Path, descriptor: int) -> None:
        self._var = var
        self._descriptor = descriptor
        self.facts = Facts(pid=os.getpid())

    @classmethod
    def claim(cls, var: Path) -> Self:
        """Take the folder. Raises DemoError where another demo has it, saying which."""
        try:
            (var / "log").mkdir(parents=True, exist_ok=True)
            descriptor = os.open(var / FILE, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise DemoError(
                f"The demo can't write to {var} ({error.strerror}); let HUB_VAR name another"
                " folder."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise DemoError(_occupied(var)) from None
        return cls(var, descriptor)

    def end_leftovers(self) -> int:
        """End the processes that a killed demo left behind; return how many."""
        known = read_facts(self._var).children.values()
        return sum(end_leftover(number, started) for number, started in known)

    def remember(self, child: Child) -> None:
        """Write a process down, for whoever comes after us should we be killed."""
        number = child.process.pid
        self.facts.children[child.program.name] = (number, psutil.Process(number).create_time())
        self.write()

    def write(self) -> None:
        text = json.dumps(asdict(self.facts)).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _occupied(var: Path) -> str:
    facts = read_facts(var)
    where = f" at {facts.url}" if facts.url else ""
    return (
        f"A demo runs in {var} already: process {facts.pid}{where}. Stop it first, or let HUB_VAR"
        " name another folder."
    )
