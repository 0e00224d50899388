"""`python -m hub.smoke`: what `make smoke` runs."""

import argparse
import contextlib
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from hub.demo.client import Hub, HubError
from hub.demo.failures import DemoError, InterruptedByPerson
from hub.demo.interruption import Interruption
from hub.demo.samples import SAMPLES, SampleSet, read_sets
from hub.demo.terminal import Terminal
from hub.smoke.journey import Traveller, travel, with_suffix
from hub.smoke.running_demo import RunningDemo
from hub.smoke.verification import SmokeError

DESCRIPTION = """\
Start the demo headless on a free port in a fresh folder, do the main job once through the public
API, from real pictures to a drawn picture, verify what comes out, and stop everything. The exit
status is 0 only if all of it went well. DATABASE_URL and CELERY_BROKER_URL are respected.
"""
LIMIT = 360  # seconds, for two cores

WEB_BYTES = 150_000_000  # resident, each web process
WEB_SECONDS = 5.0  # from the web's start to its first answer

DRAWABLE = "demo-world"  # the tag of the sets that the built-in models draw best


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.smoke", description=DESCRIPTION)
    parser.add_argument(
        "--limit", type=int, default=LIMIT, help="seconds for all of it (%(default)s)"
    )
    limit = parser.parse_args(arguments).limit
    terminal, interruption = Terminal(), Interruption()
    interruption.listen()
    var = Path(tempfile.mkdtemp(prefix="hub-smoke-")).resolve()
    started = time.monotonic()
    try:
        examine(var, terminal, within(limit, interruption))
    except (SmokeError, HubError, DemoError, httpx.HTTPError, InterruptedByPerson) as error:
        terminal.say(f"\nNot well: {error or 'interrupted'}\nThe logs are in {var / 'log'}.")
        return 1
    shutil.rmtree(var)
    terminal.say(f"\nAll well after {time.monotonic() - started:.0f} s.")
    return 0


def examine(var: Path, terminal: Terminal, pause: Callable[[float], None]) -> None:
    """Start a demo, do the job with it, look at its web processes, and stop it."""
    photographs, drawings = choose_sets()
    with contextlib.ExitStack() as stack:
        demo = RunningDemo(var)
        stack.callback(demo.kill)
        demo.wait(pause)
        url, account = demo.facts.url, demo.account
        traveller = Traveller(
            account.username,
            stack.enter_context(Hub(url, account.token, pause)),
            stack.enter_context(Hub(url, "", pause)),
            terminal,
        )
        travel(traveller, photographs, drawings)
        with terminal.step("look at the web") as step:
            step.tell(demo.check_web(WEB_BYTES, WEB_SECONDS))
        outcome = demo.stop()
        terminal.say(f"Stopped: {outcome}.")


def choose_sets() -> tuple[SampleSet, SampleSet]:
    """Return a set of photographs or paintings, and one of the demo's own world to draw with."""
    suffix = secrets.token_hex(3)
    sets = [with_suffix(each, suffix) for each in read_sets(SAMPLES)]
    drawable = [each for each in sets if DRAWABLE in each.tags]
    others = [each for each in sets if DRAWABLE not in each.tags]
    if not drawable or not others:
        raise SmokeError(f"{SAMPLES} lacks sets; see `set.toml` in each of its folders.")
    return others[0], drawable[0]


def within(limit: float, interruption: Interruption) -> Callable[[float], None]:
    """Return a pause that raises SmokeError once the limit, in seconds from now, is used up."""
    deadline = time.monotonic() + limit

    def pause(seconds: float) -> None:
        if time.monotonic() > deadline:
            raise SmokeError(f"It took more than {limit:.0f} s.")
        interruption.pause(seconds)

    return pause


if __name__ == "__main__":
    sys.exit(main())
