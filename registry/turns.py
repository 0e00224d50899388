"""Who may have uploads looked at just now: a turn for a person, or a refusal until later.

Looking at a large zip keeps a thread of the web process for minutes. Some threads are kept for
those who only read, and nobody has all the others.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from accounts.refusals import Refusal

MOST_AT_ONCE: Final = 6  # in one process; README's gunicorn has eight threads
MOST_OF_A_PERSON: Final = 3  # as many as upload.js sends at once
WAIT: Final = 5  # seconds after which to try again

_lock = threading.Lock()
_taken: Counter[int] = Counter()  # turns by person


class TooBusy(Refusal):
    """All turns are taken, by this person or by everybody."""

    wait = WAIT

    def __init__(self) -> None:
        super().__init__("busy", "The hub is looking at other uploads; try again in a moment.")


@contextmanager
def turn(person: int) -> Iterator[None]:
    """Hold a turn of the person with this id for a block; raise TooBusy where none is free."""
    with _lock:
        if _taken.total() >= MOST_AT_ONCE or _taken[person] >= MOST_OF_A_PERSON:
            raise TooBusy
        _taken[person] += 1
    try:
        yield
    finally:
        with _lock:
            _taken.subtract([person])
            if not _taken[person]:
                del _taken[person]
