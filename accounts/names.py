"""What a person may be called: SPEC section 1, `owner`."""

import re
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator, RegexValidator

OWNER_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
OWNER_MIN_LENGTH = 2
OWNER_MAX_LENGTH = 39

# Words that stand, or may come to stand, where an owner's name stands in an address.
RESERVED_NAMES = frozenset({
    "about", "account", "accounts", "admin", "aesthetic", "aesthetics", "api", "assets", "blobs",
    "by-hash", "compare", "demo-models", "docs", "draw", "drawings", "explore", "favicon",
    "generation", "generations", "health", "help", "hub", "images", "jobs", "latest", "login",
    "logout", "me", "media", "metrics", "models", "new", "news", "owner", "people", "problems",
    "robots", "root", "search", "security", "settings", "sheets", "signup", "spaces", "static",
    "status", "support", "system", "tags", "tokens", "uploads", "v1", "v2", "v3", "versions", "www",
})  # fmt: skip


def refuse_reserved_name(name: str) -> None:
    """Raise ValidationError when the hub keeps `name` for itself."""
    if name in RESERVED_NAMES or re.fullmatch(r"v[0-9]+", name):
        raise ValidationError(f"“{name}” is a name the hub keeps for itself.", code="reserved-name")


OWNER_VALIDATORS: list[Callable[[str], None]] = [
    RegexValidator(
        OWNER_PATTERN,
        "A name is lower-case letters and digits, with single hyphens between them.",
        code="name",
    ),
    MinLengthValidator(OWNER_MIN_LENGTH),
    refuse_reserved_name,
]
