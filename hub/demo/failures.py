"""Why a demo ends before anybody asked it to."""


class DemoError(Exception):
    """The demo can't go on; the sentence says why, and what would help."""


class InterruptedByPerson(Exception):
    """Ctrl-C, or a signal that asks for the same."""
