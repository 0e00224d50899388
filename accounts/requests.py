"""Requests of somebody known, for the signatures of what comes after the check."""

from django.http import HttpRequest

from accounts.models import User


class PersonRequest(HttpRequest):
    """What a view behind `login_required` is given: the visitor is never anonymous there."""

    user: User
