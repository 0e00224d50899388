"""Who is let in to a page of something that its owner may share."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def open_if_shared(rows: Any) -> Callable[[View], View]:
    """Let everybody in to one of `rows` that is shared; ask all others who they are.

    `rows` is the manager of drawings, or of sheets. Somebody unknown is asked whether there is such
    a row or not, so that asking tells nothing.
    """

    def opened(view: View) -> View:
        private = login_required(view)

        @wraps(view)
        def either(request: HttpRequest, pk: UUID, **blanks: str) -> HttpResponse:
            is_known = request.user.is_authenticated
            shared = rows.shared_with(request.user).filter(pk=pk)
            inside = view if is_known or shared.exists() else private
            return inside(request, pk=pk, **blanks)

        return either

    return opened
