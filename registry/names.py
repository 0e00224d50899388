"""What an aesthetic and an alias may be called: SPEC section 1, `slug`, `alias` and `ref`."""

import re
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator, RegexValidator

SLUG_PATTERN = r"^[a-z0-9]+((\.|_|__|-)[a-z0-9]+)*$"
SLUG_MIN_LENGTH = 2
SLUG_MAX_LENGTH = 96
VERSION_PATTERN = r"v[1-9][0-9]*"
ALIAS_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"
ALIAS_MAX_LENGTH = 128
# What is built in (`main` for Hugging Face's clients), and what looks like a version, a digest or a
# commit; in capitals as well.
RESERVED_ALIAS_PATTERN = r"^(latest|main|draft|v[0-9]+|sha256.*|[0-9a-f]{40}|[0-9a-f]{64})$"

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


def refuse_reserved_alias(alias: str) -> None:
    """Raise ValidationError for what is built in, or would be taken for a version or a digest."""
    if re.fullmatch(RESERVED_ALIAS_PATTERN, alias, re.IGNORECASE):
        raise ValidationError(
            f"“{alias}” can't be an alias: it is built in, or looks like a version or a digest.",
            code="reserved-alias",
        )


ALIAS_VALIDATORS: list[Callable[[str], None]] = [
    RegexValidator(
        ALIAS_PATTERN,
        "An alias is letters a to z, digits, “.”, “_” and “-”, and begins with a letter, a digit "
        "or “_”.",
        code="alias",
    ),
    refuse_reserved_alias,
]
