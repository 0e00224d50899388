"""From a drawing that only its owner sees to one that everybody may see. Request side.

What may be shared is a condition of the UPDATE (`Generation.objects.share`); here is what is said
where it does not hold. Taking back needs no words: it always works.
"""

from accounts.refusals import Refusal
from generation.models import Generation


class SharingRefused(Refusal):
    """The drawing cannot be shared."""


def share(drawing: Generation) -> None:
    """Let everybody see `drawing`; sharing twice is a result, not an error.

    Raises SharingRefused, which says why, for what cannot be shared.
    """
    if not Generation.objects.share(drawing.pk):
        raise SharingRefused("not-shareable", _reason(drawing))


def _reason(drawing: Generation) -> str:
    if not drawing.has_succeeded:
        state = drawing.get_state_display()
        return f"This drawing is {state}; only one that is ready can be shared."
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
