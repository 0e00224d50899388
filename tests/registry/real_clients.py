"""Programs that people already have, run as they run them: in a process of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.signals import request_started

SECONDS = 120  # for a client to start, on a busy machine

# What the tests of the models set for themselves, and what a person may have set.
CLIENTS_OWN = ("HF_", "ORAS_", "DOCKER_")


def run(program: str, *arguments: str, home: Path, **environment: str) -> str:
    """Run lines of Python with a home folder of their own; return what they print."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(CLIENTS_OWN)}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=inherited | {"HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def watched_requests() -> Iterator[list[str]]:
    """Give the list that each request is added to, as `GET /path`, while the block runs."""
    asked: list[str] = []

    def note(environ: dict[str, str], **_: object) -> None:
        asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")

    request_started.connect(note)
    try:
        yield asked
    finally:
        request_started.disconnect(note)
