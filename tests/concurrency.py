"""Work at the same time, in threads that have a database connection of their own each."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from accounts.quotas import QuotaExceeded


def in_threads(count: int, work: Callable[[], object]) -> None:
    """Start `count` threads, let them begin together, and wait for all."""
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def refused_at_once(count: int, work: Callable[[], object]) -> int:
    """Return for how many of `count` threads a day's share was used up."""
    refusals: list[QuotaExceeded] = []

    def ask() -> None:
        try:
            work()
        except QuotaExceeded as refusal:
            refusals.append(refusal)

    in_threads(count, ask)
    return len(refusals)


@contextmanager
def before_writing(table: str, work: Callable[[], object]) -> Iterator[None]:
    """Let another request do `work`, once, right before this one locks or writes a row of `table`.

    By then this one has read the row and made up its mind.
    """
    waiting = [work]

    def execute(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        is_writing = sql.startswith(("INSERT", "UPDATE")) or "FOR UPDATE" in sql
        if is_writing and table in sql and waiting:
            in_threads(1, waiting.pop())
        return execute(sql, *arguments)

    with connection.execute_wrapper(execute):
        yield
