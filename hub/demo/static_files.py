"""Whether static files have to be collected: that takes seconds, and they seldom change."""

import hashlib
import os
import sysconfig
from pathlib import Path

from hub.embedded.addresses import ROOT

STAMP = "static.stamp"
SOURCES = ROOT / "static"


def are_collected(var: Path) -> bool:
    """Say whether the last collection, of all there is now, came to its end in this var folder."""
    stamp = var / STAMP
    return stamp.exists() and stamp.read_text() == _fingerprint()


def mark_collected(var: Path) -> None:
    (var / STAMP).write_text(_fingerprint())


def _fingerprint() -> str:
    """Return a digest of our own files' names, sizes and times, of the packages', and of DEBUG.

    Every installation changes the time of the folder of packages.
    """
    packages = Path(sysconfig.get_path("purelib"))
    facts = [str(packages.stat().st_mtime_ns), os.environ.get("DEBUG", "")]
    for path in sorted(SOURCES.rglob("*")):
        found = path.stat()
        facts.append(f"{path.relative_to(SOURCES)} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
