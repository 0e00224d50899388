"""Processes that have to live while the demo lives, and what happens when one does not."""

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from hub.demo.children import Child, Program, start
from hub.demo.failures import DemoError
from hub.demo.interruption import Interruption
from hub.demo.presence import Presence
from hub.demo.terminal import Terminal
from hub.embedded.failures import with_log

RESTARTS = 3  # of one program; more often it is not bad luck
RESTART_SECONDS = 1.0  # before a new attempt


class Watch:
    """Starts programs, and looks after them at every pause."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        presence: Presence,
        interruption: Interruption,
        terminal: Terminal,
    ) -> None:
        self.environment = environment
        self._folder = folder
        self._presence = presence
        self._interruption = interruption
        self._terminal = terminal
        self._children: dict[str, Child] = {}
        self._tasks: dict[str, Child] = {}
        self._restarts: dict[str, int] = {}

    def run(self, program: Program, output: IO[bytes] | None = None) -> None:
        """Run a program to its end. Raises DemoError with the end of its log where it fails."""
        self.begin(program, output)
        self.finish(program)

    def begin(self, program: Program, output: IO[bytes] | None = None) -> None:
        """Start a program that comes to an end by itself."""
        self._put_aside(program)
        self._tasks[program.name] = start(program, self._folder, self.environment, output)

    def finish(self, program: Program) -> None:
        """Wait for the end of a program that was begun. Raises DemoError where it fails."""
        child = self._tasks[program.name]
        while child.status is None:
            self.pause(0.05)
        del self._tasks[program.name]
        if child.status != 0:
            raise DemoError(with_log(f"{_ended(child)}.", child.log))

    def drop_tasks(self) -> None:
        """End what was begun and is not finished."""
        for child in self._tasks.values():
            child.stop()

    def keep(self, program: Program) -> Child:
        """Start a program without which the demo ends."""
        self._put_aside(program)
        return self._start(program)

    def keep_restarting(self, program: Program) -> Child:
        """Start a program that is started again, a few times, when it ends."""
        self._restarts[program.name] = 0
        return self.keep(program)

    def pause(self, seconds: float) -> None:
        """Wait and look after the programs.

        Raises InterruptedByPerson, or DemoError when a program has ended for good.
        """
        for child in list(self._children.values()):
            if child.status is not None:
                self._mourn(child)
        self._interruption.pause(seconds)

    def stop(self, name: str) -> None:
        """End a program. It is no longer looked after."""
        if child := self._children.pop(name, None):
            child.stop()

    def _mourn(self, child: Child) -> None:
        name = child.program.name
        restarts = self._restarts.get(name, RESTARTS)
        if restarts >= RESTARTS:
            raise DemoError(with_log(f"{_ended(child)}.", child.log))
        self._restarts[name] = restarts + 1
        self._terminal.say(
            f"{_ended(child)}; starting it again ({restarts + 1} of {RESTARTS}). See {child.log}."
        )
        self.stop(name)
        self._interruption.pause(RESTART_SECONDS)
        self._start(child.program)

    def _start(self, program: Program) -> Child:
        child = start(program, self._folder, self.environment)
        self._children[program.name] = child
        self._presence.remember(child)
        return child

    def _put_aside(self, program: Program) -> None:
        """Keep the log of the run before as NAME.log.1."""
        log = self._folder / f"{program.name}.log"
        if log.exists():
            log.chmod(0o600)  # An earlier version's was open to all.
            log.replace(log.with_suffix(".log.1"))


def _ended(child: Child) -> str:
    status = child.status or 0
    if status < 0:
        return f"{child.program.name} was ended by signal {-status}"
    return f"{child.program.name} ended with exit status {status}"
