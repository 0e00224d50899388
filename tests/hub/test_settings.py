"""What settings say for an environment, read by a process of its own as a hub reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TELL = """
import json, sys
from hub import settings
print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[1:]}))
"""


def told(*names: str, **environment: str) -> dict[str, Any]:
    """Return these settings as they are read with these variables beside those of the tests."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, *names],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nobody_is_believed_about_addresses_unless_proxies_are_named() -> None:
    name = "ALLAUTH_TRUSTED_PROXY_COUNT"
    assert told(name) == {name: 0}
    assert told(name, TRUSTED_PROXIES="2") == {name: 2}
