"""Start what the environment does not name."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.embedded.addresses import broker_url, cache_url, database_url
from hub.embedded.postgres import start_postgres
from hub.embedded.servers import Server
from hub.embedded.valkey import start_valkey

EMBEDDED = {
    "DATABASE_URL": (database_url, start_postgres),
    "CELERY_BROKER_URL": (broker_url, start_valkey),
}


def missing_addresses(var: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the embedded servers' addresses, under the names that the environment leaves unset.

    The cache lies on the embedded broker's server; without that, settings find another cache.
    """
    addresses = {
        name: url_of(var) for name, (url_of, _) in EMBEDDED.items() if not environment.get(name)
    }
    if "CELERY_BROKER_URL" in addresses and not environment.get("CACHE_URL"):
        addresses["CACHE_URL"] = cache_url(var)
    return addresses


def start_missing(var: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Yield each server as it runs, so that the caller can stop the first if the second fails."""
    for name, (_, start) in EMBEDDED.items():
        if not environment.get(name):
            yield start(var)
