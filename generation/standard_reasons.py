"""Why a version has no standard sheet, in words for whoever sees the version. Request side."""

from django.conf import settings

from generation.models import StandardSheet
from generation.models.standard_sheets import RETRY_HOURS
from registry.models import Version


def why_never(version: Version) -> str:
    """Say why no worker draws the sheet of `version`, as things are; nothing where one will.

    `standard_sheets.ensure_next` asks the same of the database.
    """
    none = f"{version} has no standard sheet"
    if not version.aesthetic.is_public or version.yanked_at is not None:
        return f"{none}: it is private or withdrawn, so none is drawn."
    if not version.space.is_in_use:
        return (
            f"{none}: it lives in the space “{version.space.name}”, and the hub draws in "
            f"“{settings.HUB_SPACE}”."
        )
    if not settings.STANDARD_SHEETS:
        return f"{none}: this hub draws none at present."
    return ""


def why_not(version: Version, failed: StandardSheet | None) -> str:
    """Say why there is none yet; `failed` is the last, where it could not be drawn."""
    if reason := why_never(version):
        return reason
    if failed is None:
        return f"The standard sheet of {version} is not drawn yet; a worker that is idle does it."
    again = _whether_again(failed)
    return f"The standard sheet of {version} could not be drawn: {failed.reason} {again}"


def _whether_again(failed: StandardSheet) -> str:
    if failed.attempts < settings.JOB_ATTEMPTS:
        return f"A worker that is idle tries again, {RETRY_HOURS} hours later at the earliest."
    return f"It was begun {failed.attempts} times, and is not begun again."
