"""What must stand in the environment before settings are read: loaded by pytest's `-p`.

Nothing is overridden: whoever sets DATABASE_URL runs the tests against that server.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

DEFAULTS = {
    "HUB_VAR": str(ROOT / "var" / "test"),
    "SECRET_KEY": "a key of the tests, of no worth to anyone else, long enough for the checks",
    # Static files are served as they lie; nothing has to be collected first.
    "DEBUG": "1",
    # The libraries of the models must not look anything up.
    "HF_HUB_OFFLINE": "1",
}

for name, text in DEFAULTS.items():
    os.environ.setdefault(name, text)

# WhiteNoise warns in every test where the folder of collected files is missing.
(Path(os.environ["HUB_VAR"]) / "static").mkdir(parents=True, exist_ok=True)
