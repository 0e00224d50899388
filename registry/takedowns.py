"""From a published version to its tombstone, by a keeper of the hub, with a reason. Request side.

What was taken down keeps its name and its digests; its bytes are served no more. The rows stay, so
that nobody can say that there never was such a version, and nobody brings its vector back.
"""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.refusals import Refusal
from registry import notices
from registry.models import Version


class TakenDown(Refusal):
    """A version of which only the tombstone is served: HTTP 451, RFC 7725."""

    def __init__(self, version: Version) -> None:
        super().__init__("taken-down", f"{version} was taken down. {version.takedown_reason}")
        self.version = version


class VectorTakenDown(Refusal):
    """A vector that was taken down with a version which the asker may not know of."""

    def __init__(self) -> None:
        super().__init__(
            "taken-down",
            "This vector was taken down here, so it is neither imported nor published again.",
        )


@transaction.atomic
def take_down(version: Version, *, reason: str) -> Version:
    """Serve the version no more, nor its files and pictures; doing it twice is a result.

    Its owner is told, and those of all that was made of it. It is measured again no more.

    Raises ValidationError where there is no reason, or where the version was never published.
    """
    version = Version.objects.select_for_update(of=["self"]).get(pk=version.pk)
    if version.taken_down_at is None:
        version.taken_down_at = timezone.now()
        version.takedown_reason = reason
        version.full_clean(exclude=["vector"])
        version.save(update_fields=["taken_down_at", "takedown_reason"])
        version.verifications.cancel_all()
        notices.tell_of_takedown(version, reason=reason)
    return version


def refuse_taken_down(version: Version) -> None:
    """Raise TakenDown for a version that is served no more."""
    if version.taken_down_at is not None:
        raise TakenDown(version)


def refuse_vector_taken_down(vector_digest: str, *, person: User) -> None:
    """Raise TakenDown for the vector of a version that was taken down, hidden and deleted ones too.

    Of one that `person` may not know of, VectorTakenDown says neither name nor reason.
    """
    down = Version.objects.taken_down().filter(vector_digest=vector_digest)
    seen = down.visible_to(person).select_related("aesthetic__owner").first()
    if seen is not None:
        raise TakenDown(seen)
    if down.exists():
        raise VectorTakenDown
