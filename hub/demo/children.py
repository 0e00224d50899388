"""The demo's own processes: each in a session of its own, its words in a log file."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from hub.demo.keys import open_private
from hub.embedded.addresses import ROOT
from hub.embedded.servers import Endings, end

ASK = (signal.SIGTERM, 5.0)
FORCE = (signal.SIGKILL, 5.0)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how it is asked to end: signals in turn, with seconds."""

    name: str
    command: tuple[str, ...]
    endings: Endings = (ASK, FORCE)
    pass_fds: tuple[int, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)  # for this program alone


@dataclass(frozen=True, slots=True)
class Child:
    program: Program
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def status(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self.process.poll()

    def stop(self) -> None:
        """Ask, then force, and take along whatever it has started."""
        if self.status is None:
            end(psutil.Process(self.process.pid), self.program.endings)
        kill_group(self.process.pid)
        self.process.wait()


def start(
    program: Program,
    folder: Path,
    environment: Mapping[str, str],
    output: IO[bytes] | None = None,
) -> Child:
    """Run a program from the checkout; its words are appended to NAME.log in the folder.

    The log is for its owner alone: mails are written to the web's, and they hold links that log in.

    Where an output is given, it takes what the program prints; complaints still go to the log.
    """
    log = folder / f"{program.name}.log"
    with open(log, "ab", opener=open_private) as stream:
        process = subprocess.Popen(
            program.command,
            cwd=ROOT,
            env={**environment, **program.variables},
            stdin=subprocess.DEVNULL,
            stdout=output or stream,
            stderr=stream,
            pass_fds=program.pass_fds,
            start_new_session=True,  # The terminal's Ctrl-C is for the supervisor alone.
        )
    return Child(program, log, process)


def end_leftover(number: int, started: float) -> bool:
    """End a process of a demo that was killed, unless its number is somebody else's by now."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(number)
        if abs(process.create_time() - started) < 1.0:  # seconds; clocks are adjusted
            end(process, (ASK, FORCE))
            kill_group(number)
            return True
    return False


def kill_group(number: int) -> None:
    """Kill what is left of a session whose leader has, or had, this process number."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(number, signal.SIGKILL)
