"""Values kept in the cache for a while; where the cache is away nothing is, and the log says so."""

import logging
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# The cache is a Redis, or a table.
AWAY = (RedisError, DatabaseError)


def kept(key: str) -> Any:
    """Return what was kept under `key`, or None."""
    try:
        return cache.get(key)
    except AWAY as error:
        logger.warning("The cache did not give %s: %s", key, error)
        return None


def keep(key: str, value: Any, seconds: int) -> None:
    """Keep a value."""
    try:
        cache.set(key, value, seconds)
    except AWAY as error:
        logger.warning("The cache did not take %s: %s", key, error)
