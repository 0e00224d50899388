"""Moving an alias from version to version, with a history for everybody to read. Request side."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts.models import Usage, User
from accounts.refusals import Refusal
from registry.models import Aesthetic, Alias, AliasMove, Version


class AliasRefused(Refusal):
    """The alias cannot name this version."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An alias where it stands now; `is_new` where nothing had this name before."""

    alias: Alias
    is_new: bool


@transaction.atomic
def move_alias(aesthetic: Aesthetic, name: str, *, to: Version, by: User) -> Moved:
    """Let `name` stand for a published version of the aesthetic; it stands there already: a result.

    Raises AliasRefused for a version that is not offered, ValidationError for a name that is
    built in or looks like a version or a digest, and QuotaExceeded: the history has no end, and
    everybody reads it.
    """
    Aesthetic.objects.select_for_update().get(pk=aesthetic.pk)  # moves come one after the other
    if not aesthetic.versions.offered().filter(pk=to.pk).exists():
        raise AliasRefused(
            "not-offered", f"{to} is withdrawn or not published, so no alias is moved to it."
        )
    alias = aesthetic.aliases.filter(name=name).select_related("version").first()
    is_new = alias is None
    if alias is None:
        alias = Alias(aesthetic=aesthetic, name=name, version=to)
        alias.full_clean()
        source = None
    elif alias.version_id == to.pk:
        return Moved(alias, is_new=False)
    else:
        source = alias.version
        alias.version = to
    Usage.objects.spend(by, "moves of aliases", 1, limit=settings.QUOTA_ALIAS_MOVES)
    alias.save()
    AliasMove.objects.create(alias=alias, source=source, target=to, moved_by=by)
    return Moved(alias, is_new=is_new)
