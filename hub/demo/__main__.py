"""`python -m hub.demo`: what `make demo` runs."""

import argparse
import sys
from collections.abc import Sequence

from hub.demo.samples import SAMPLES
from hub.demo.supervisor import Options, run
from hub.embedded import var_folder

DESCRIPTION = """\
Run the whole hub on this machine: PostgreSQL and Valkey (unless DATABASE_URL and CELERY_BROKER_URL
name others), web, worker, an account and sample aesthetics. Ctrl-C stops all of it; the data stay
in $HUB_VAR, or in var/ of this checkout.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.demo", description=DESCRIPTION)
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8000, help="the first port to try (%(default)s); 0: any"
    )
    parser.add_argument(
        "--no-samples",
        dest="samples",
        action="store_const",
        const=None,
        default=SAMPLES,
        help="make no sample aesthetics",
    )
    chosen = parser.parse_args(arguments)
    return run(Options(var_folder(), chosen.host, chosen.port, chosen.samples))


if __name__ == "__main__":
    sys.exit(main())
