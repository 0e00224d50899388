"""Recompute every digest of the hub; say what is not what it is called."""

import json
import time
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from registry import auditing
from registry.outages import StoreAway
from registry.verify.deviations import Deviation

PAUSE = (
    10  # seconds between two words on progress; one on a terminal, where they replace each other
)


class Command(BaseCommand):
    help = (
        "Recompute every digest: of stored bytes, vectors, recipes, image sets, files and "
        "manifests of all versions. Each deviation is a line; any makes the exit status 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")

    def handle(self, *, json: bool, **_: Any) -> None:
        counts: Counter[str] = Counter()
        deviations: list[Deviation] = []
        progress = Progress(self.stderr)
        try:
            for checked in auditing.audit():
                counts[checked.kind] += 1
                deviations += checked.deviations
                if not json:
                    self._print(checked)
                progress.tell(said_of(counts))
        except StoreAway as outage:
            raise CommandError(f"The store is away, after {said_of(counts)}: {outage}") from outage
        finally:
            progress.end()
        if json:
            self.stdout.write(document(counts, deviations))
        if deviations:
            many = "deviation" if len(deviations) == 1 else "deviations"
            raise CommandError(f"{len(deviations):,} {many} in {said_of(counts)}.")
        if not json:
            self.stdout.write(f"Looked at {said_of(counts)}: all are what they are called.")

    def _print(self, checked: auditing.Checked) -> None:
        for deviation in checked.deviations:
            self.stdout.write(str(deviation))


def said_of(counts: Counter[str]) -> str:
    """Return how much was looked at, in words."""
    amounts = [
        f"{count:,} {kind.removesuffix('s') if count == 1 else kind}"
        for kind, count in counts.items()
    ]
    return ", ".join(amounts) or "nothing"


def document(counts: Counter[str], deviations: list[Deviation]) -> str:
    rows = [asdict(deviation) for deviation in deviations]
    return json.dumps({"checked": dict(counts), "deviations": rows}, indent=2)


class Progress:
    """How far it is, on the stream of errors, so that the result can be read by a program."""

    def __init__(self, stream: OutputWrapper) -> None:
        self._stream = stream
        self._redraws = stream.isatty()
        self._pause = 1 if self._redraws else PAUSE
        self._told = time.monotonic()

    def tell(self, how_far: str) -> None:
        now = time.monotonic()
        if now - self._told < self._pause:
            return
        self._told = now
        self._stream.write(
            f"\r{how_far}" if self._redraws else how_far, ending="" if self._redraws else "\n"
        )
        self._stream.flush()

    def end(self) -> None:
        if self._redraws:
            self._stream.write("\r\x1b[2K", ending="")  # ECMA-48: erase the line
