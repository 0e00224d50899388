"""What an owner says anew of an aesthetic to the card in its row. Request side."""

from collections.abc import Mapping
from copy import copy

from django.db import transaction

from accounts.refusals import Refusal
from registry import rights
from registry.models import Aesthetic


class EditRefused(Refusal):
    """The aesthetic is gone: its card cannot be changed any more."""


@transaction.atomic
def change_card(aesthetic: Aesthetic, said: Mapping[str, object]) -> Aesthetic:
    """Change what is said of the card, by field; return the aesthetic as it is now.

    Raises ValidationError, RightsRefused where published blends forbid it, and EditRefused where
    the aesthetic was deleted meanwhile.
    """
    kept = Aesthetic.objects.select_for_update(of=["self"]).select_related("owner")
    found = kept.filter(pk=aesthetic.pk, deleted_at__isnull=True).first()
    if found is None:
        raise EditRefused("not-found", f"{aesthetic.ref} was deleted.")
    changed = copy(found)
    for name, value in said.items():
        setattr(changed, name, value)
    changed.full_clean()
    rights.refuse_unfit_change(found, licence=changed.licence, rating=changed.rating)
    changed.save_card()
    return changed
