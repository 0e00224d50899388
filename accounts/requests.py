"""Who asks: somebody known, for the signatures of what comes after the check; or a script."""

from django.http import HttpRequest

from accounts.models import User


class PersonRequest(HttpRequest):
    """What a view behind `login_required` is given: the visitor is never anonymous there."""

    user: User


def is_script(request: HttpRequest) -> bool:
    """Tell whether a script asks, which reads JSON and no page."""
    return request.accepts("application/json") and not request.accepts("text/html")
