"""The same work in several threads at once, each with a database connection of its own."""

import threading
from collections.abc import Callable

from django.db import connection


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
