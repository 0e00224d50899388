"""What an aesthetic may be called: SPEC section 1, `slug` and `ref`."""

import re
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator, RegexValidator

SLUG_PATTERN = r"^[a-z0-9]+((\.|_|__|-)[a-z0-9]+)*$"
SLUG_MIN_LENGTH = 2
SLUG_MAX_LENGTH = 96
VERSION_PATTERN = r"v[1-9][0-9]*"

# Words that stand, or may come to stand, after an owner's name in an address.
RESERVED_SLUGS = frozenset({
    "aesthetics", "api", "blends", "drawings", "edit", "followers", "following", "images",
    "latest", "new", "resolve", "settings", "versions",
})  # fmt: skip


def refuse_reserved_slug(slug: str) -> None:
    """Raise ValidationError when the hub keeps `slug` for itself."""
    if slug in RESERVED_SLUGS or re.fullmatch(VERSION_PATTERN, slug):
        raise ValidationError(f"“{slug}” is a name the hub keeps for itself.", code="reserved-slug")


SLUG_VALIDATORS: list[Callable[[str], None]] = [
    RegexValidator(
        SLUG_PATTERN,
        "A short name is lower-case letters and digits, with single “.”, “_” or “-” between them.",
        code="slug",
    ),
    MinLengthValidator(SLUG_MIN_LENGTH),
    refuse_reserved_slug,
]
