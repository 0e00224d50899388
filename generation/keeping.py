"""Values kept in the cache for a while; where the cache is away nothing is, and the log says so.

What takes long to make is taken first, so that nobody else makes it at the same time.
"""

import logging
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# Seconds that “no” is kept as an answer: a worker may soon be another, with what this one lacked.
REFUSAL_KEPT = 60

# Where an answer says that it is kept under another key, as a file that may take megabytes.
KEPT_AT = "kept_at"

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


def take(key: str, seconds: int) -> bool:
    """Take the making of what `key` names; False where another has it, or the cache is away."""
    try:
        return cache.add(_taken(key), value=True, timeout=seconds)
    except AWAY as error:
        logger.warning("The cache did not let %s be taken: %s", key, error)
        return False


def is_taken(key: str) -> bool:
    """Say whether somebody is making what `key` names."""
    return kept(_taken(key)) is not None


def let_go(key: str) -> None:
    """Let others take `key` again."""
    try:
        cache.delete(_taken(key))
    except AWAY as error:
        logger.warning("The cache did not let %s go: %s", key, error)


def _taken(key: str) -> str:
    return f"{key}:taken"
