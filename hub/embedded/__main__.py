"""Run a command with the embedded servers: `python -m hub.embedded -- python manage.py shell`."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
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


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    var = options.var.resolve()
    with contextlib.ExitStack() as running:
        try:
            for server in start_missing(var, os.environ):
                running.callback(server.stop)
            return _run(options.command, var)
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


def _run(command: Sequence[str], var: Path) -> int:
    environment = {**os.environ, "HUB_VAR": str(var), **missing_addresses(var, os.environ)}
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        print(f"{command[0]} can't be run: {error.strerror}.", file=sys.stderr)
        return 127  # as a shell does
    # The terminal sends Ctrl-C to the command itself; other signals reach only us.
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _forward_to(child))
    status = child.wait()
    return status if status >= 0 else 128 - status


def _forward_to(child: subprocess.Popen[bytes]) -> Callable[[int, FrameType | None], None]:
    return lambda number, _: child.send_signal(number)


if __name__ == "__main__":
    sys.exit(main())
