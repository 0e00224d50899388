"""From a drawing or a sheet that only its owner sees to one that everybody may see. Request side.

What may be shared is a condition of the UPDATE (`GenerationQuerySet.shareable`), or asked under the
sheet's lock; here is what is said where it does not hold. Taking back needs no words: it always
works.
"""

from django.db import transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce, Now

from accounts.refusals import Refusal
from generation.models import Generation, Sheet
from registry.models import Version


class SharingRefused(Refusal):
    """The drawing, or the sheet, cannot be shared."""


def share(drawing: Generation) -> None:
    """Let everybody see `drawing`; sharing twice is a result, not an error.

    Raises SharingRefused, which says why, for what cannot be shared.
    """
    if not Generation.objects.share(drawing.pk):
        raise SharingRefused("not-shareable", _reason(drawing))


@transaction.atomic
def share_sheet(sheet: Sheet) -> None:
    """Let everybody see `sheet`, and each of its drawings that is ready; twice is a result.

    Raises SharingRefused, which says why, for what cannot be shared.
    """
    found = Sheet.objects.lock(sheet.pk)
    if found.shared_at is not None:
        return
    if reason := reason_against(found):
        raise SharingRefused("not-shareable", reason)
    these = Sheet.objects.filter(pk=found.pk)
    these.update(shared_at=Now())
    moment = these.values("shared_at")
    cells = Generation.objects.filter(sheet=found).shareable()
    cells.update(shared_at=Coalesce("shared_at", Subquery(moment)))


@transaction.atomic
def unshare_sheet(sheet: Sheet) -> bool:
    """Take back `sheet` and every drawing in it; False where it was not shared.

    That goes for drawings which were shared by themselves as well: who takes a sheet back wants
    nobody to see what is in it.
    """
    found = Sheet.objects.lock(sheet.pk)
    if found.shared_at is None:
        return False
    Sheet.objects.filter(pk=found.pk).update(shared_at=None)
    Generation.objects.filter(sheet=found).update(shared_at=None)
    return True


def reason_against(sheet: Sheet) -> str:
    """Say why `sheet` cannot be shared now, or return nothing where it can.

    Nothing may wait or run: what is shared is what its owner has seen, and stays as it is.
    """
    if sheet.withheld_at is not None:
        return sheet.why_withheld
    if sheet.hidden_at is not None:
        return "This sheet is removed; put it back before you share it."
    cells = Generation.objects.filter(sheet=sheet)
    if waiting := cells.unfinished().count():
        some = "1 drawing is" if waiting == 1 else f"{waiting} drawings are"
        return (
            f"{some} not drawn yet; wait, or cancel the rest, so that you have seen what others "
            "will see."
        )
    if cells.not_only_with(Version.objects.public().offered()).exists():
        return "A look of this sheet is withdrawn or not public, so nobody else may see it named."
    if not cells.shareable().exists():
        return "No drawing of this sheet is ready and kept, so there is nothing to share."
    return ""


def _reason(drawing: Generation) -> str:
    if not drawing.has_succeeded:
        state = drawing.get_state_display()
        return f"This drawing is {state}; only one that is ready can be shared."
    if drawing.withheld_at is not None:
        return drawing.why_withheld
    if drawing.hidden_at is not None:
        return "This drawing is removed; put it back before you share it."
    if drawing.aesthetic.is_public and drawing.version.is_offered:
        return (
            "A look that is mixed in is withdrawn or not public, so nobody else may see it named."
        )
    return (
        f"The look {drawing.version} is withdrawn or not public, so nobody else could see what was "
        "drawn with it."
    )
