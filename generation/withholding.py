"""A keeper takes a drawing or a sheet back from everybody, and gives it free again. Request side.

It stays its owner's, who reads why and cannot share it (`Withholdable`). What may be shared is a
condition of the UPDATE that shares, or asked under the sheet's lock, so that sharing at the same
time is no way around it.
"""

from django.db import transaction
from django.db.models import Subquery
from django.db.models.functions import Now

from generation.models import Generation, Sheet


def withhold(drawing: Generation, *, reason: str) -> bool:
    """Take `drawing` back from everybody; False where that was done before.

    Its words stay on its sheet, where that is shared, as long as others see another drawing of
    them there.
    """
    these = Generation.objects.filter(pk=drawing.pk, withheld_at__isnull=True)
    return bool(these.update(withheld_at=Now(), withheld_reason=reason, shared_at=None))


@transaction.atomic
def withhold_sheet(sheet: Sheet, *, reason: str) -> bool:
    """Take `sheet` and each of its drawings back from everybody; False where that was done before.

    Or its owner would share its drawings one by one.
    """
    if Sheet.objects.lock(sheet.pk).withheld_at is not None:
        return False
    these = Sheet.objects.filter(pk=sheet.pk)
    these.update(withheld_at=Now(), withheld_reason=reason, shared_at=None)
    cells = Generation.objects.filter(sheet=sheet, withheld_at__isnull=True)
    moment = Subquery(these.values("withheld_at"))
    cells.update(withheld_at=moment, withheld_reason=reason, shared_at=None)
    return True


def release(drawing: Generation) -> bool:
    """Let the owner share `drawing` again; it is not shared by that. False where they may."""
    these = Generation.objects.filter(pk=drawing.pk, withheld_at__isnull=False)
    return bool(these.update(withheld_at=None, withheld_reason=""))


@transaction.atomic
def release_sheet(sheet: Sheet) -> bool:
    """Let the owner share `sheet` again, and the drawings that were withheld with it."""
    moment = Sheet.objects.lock(sheet.pk).withheld_at
    if moment is None:
        return False
    for rows in (Sheet.objects.filter(pk=sheet.pk), Generation.objects.filter(sheet=sheet)):
        rows.filter(withheld_at=moment).update(withheld_at=None, withheld_reason="")
    return True
