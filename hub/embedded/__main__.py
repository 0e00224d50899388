"""Run a command with the embedded servers: `python -m hub.embedded -- python manage.py shell`."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from hub.embedded.addresses import var_folder
from hub.embedded.failures import EmbeddedError
from hub.embedded.starting import missing_addresses, start_missing

DESCRIPTION = """\
Start the embedded PostgreSQL and Valkey, run COMMAND with their addresses in DATABASE_URL,
CELERY_BROKER_URL and CACHE_URL, and stop what nobody else uses. A server whose variable is set is
not started. The exit status is the command's.
"""
STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Signals to end: noted while nothing runs yet, then handed to the command.

    Noted from the start on, because one that came before there was a handler would end this process
    alone, and leave the servers and the command to themselves.
    """

    def __init__(self) -> None:
        self.noted: list[int] = []
        self._command: subprocess.Popen[bytes] | None = None
        for number in STOP:
            signal.signal(number, self._take)

    def hand_to(self, command: subprocess.Popen[bytes]) -> None:
        self._command = command
        for number in self.noted:
            command.send_signal(number)

    def _take(self, number: int, _: FrameType | None) -> None:
        if self._command is None:
            self.noted.append(number)
        elif number != signal.SIGINT:  # The terminal sends Ctrl-C to the command itself.
            self._command.send_signal(number)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    var = options.var.resolve()
    signals = Signals()
    with contextlib.ExitStack() as running:
        try:
            for server in start_missing(var, os.environ):
                running.callback(server.stop)
            if signals.noted:
                return _status(-signals.noted[0])
            return _run(options.command, var, signals)
        except EmbeddedError as error:
            print(error, file=sys.stderr)
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hub.embedded", description=DESCRIPTION)
    parser.add_argument(
        "--var",
        type=Path,
        default=var_folder(),
        help="where the data lie ($HUB_VAR, or var/ in this checkout)",
    )
    parser.add_argument(
        "command", nargs="+", metavar="COMMAND", help="after --, with its arguments"
    )
    return parser


def _run(command: Sequence[str], var: Path, signals: Signals) -> int:
    environment = {**os.environ, "HUB_VAR": str(var), **missing_addresses(var, os.environ)}
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        print(f"{command[0]} can't be run: {error.strerror}.", file=sys.stderr)
        return 127  # as a shell does
    signals.hand_to(child)
    return _status(child.wait())


def _status(code: int) -> int:
    """Return what a shell makes of a process's end: -n stands for an end by signal n."""
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
