"""How settings read what django-environ reads otherwise, or not at all."""

from collections.abc import Sequence
from typing import Any

import dj_database_url
import environ

CONNECT_SECONDS = 3  # for a database that does not answer; libpq itself waits for ever

# Valkey speaks Redis's protocol, and kombu and redis-py know it by Redis's schemes alone.
REDIS_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}


class Environment(environ.Env):  # type: ignore[misc]  # django-environ is not typed
    """The environment's variables, as the settings want them."""

    def verbatim(self, name: str, *, default: str) -> str:
        """Return the text as it is; `str` takes one with a “$” in front for another's name."""
        return str(self.ENVIRON.get(name, default))

    def names(self, name: str, *, default: Sequence[str] = ()) -> list[str]:
        """Return what commas part; `list` keeps the spaces around it."""
        return [part.strip() for part in self.list(name, default=list(default)) if part.strip()]

    def broker(self, name: str, *, default: str) -> str:
        """Return the address of a broker or a cache, in a scheme that its client knows."""
        address: str = self.str(name, default=default)
        scheme, colon, place = address.partition("://")
        return f"{REDIS_SCHEMES.get(scheme, scheme)}{colon}{place}"

    def database(self, name: str, *, default: str) -> dict[str, Any]:
        """Return what Django wants to know of the database; what its address says of it stands."""
        found = dj_database_url.parse(
            self.str(name, default=default), conn_max_age=60, conn_health_checks=True
        )
        options = {"connect_timeout": CONNECT_SECONDS, **found.get("OPTIONS", {})}
        return {**found, "OPTIONS": options}
