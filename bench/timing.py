"""Time several ways of doing one thing, side by side."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

Result = TypeVar("Result")


def in_turn(
    ways: Mapping[str, Callable[[], Result]], rounds: int
) -> tuple[dict[str, list[float]], dict[str, Result]]:
    """Run the ways one after the other, round by round, so that all meet the same weather.

    Return each way's seconds and what it gave at first, when it was warmed up.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    results = {name: way() for name, way in ways.items()}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return seconds, results


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(runs) for name, runs in seconds.items()}
