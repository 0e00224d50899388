"""Turns of those whose uploads are looked at."""

from contextlib import ExitStack

import pytest

from registry.turns import MOST_AT_ONCE, MOST_OF_A_PERSON, TooBusy, turn


def test_a_person_has_three_turns_and_leaves_the_others_theirs() -> None:
    with ExitStack() as stack:
        for _ in range(MOST_OF_A_PERSON):
            stack.enter_context(turn(1))
        with pytest.raises(TooBusy) as caught, turn(1):
            pass
        assert (caught.value.code, caught.value.wait) == ("busy", 5)
        stack.enter_context(turn(2))


def test_some_threads_are_left_for_those_who_only_read() -> None:
    with ExitStack() as stack:
        for person in range(MOST_AT_ONCE):
            stack.enter_context(turn(person))
        with pytest.raises(TooBusy), turn(MOST_AT_ONCE):
            pass


def test_a_turn_ends_however_the_work_ends() -> None:
    for _ in range(MOST_AT_ONCE + 1):
        with pytest.raises(ZeroDivisionError), turn(1):
            raise ZeroDivisionError
