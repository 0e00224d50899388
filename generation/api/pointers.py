"""Errors of the request side, pointing at the members that a call has."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError


@contextmanager
def told_as(**members: str) -> Iterator[None]:
    """Let errors by field name `members`, the call's own, in place of the request side's names.

    A member of a list is named with its place in it: `aesthetics/1`.
    """
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            raise
        by_member = {members.get(name, name): each for name, each in error.error_dict.items()}
        raise ValidationError(by_member) from error
