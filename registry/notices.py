"""Telling people what happened to what theirs is made of: on their page, and by e-mail."""

from functools import partial

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from registry import jobs, lineage
from registry.models import Notice, Version
from registry.tasks import mail_notice


def tell(person: User, sentence: str, *, url: str = "") -> Notice:
    """Put a notice on the page of `person`, and send it where the hub sends e-mail."""
    notice = Notice(person=person, sentence=sentence, url=url)
    notice.full_clean()
    notice.save()
    if settings.NOTICES_BY_EMAIL:
        transaction.on_commit(partial(jobs.hand_over, mail_notice, str(notice.pk)))
    return notice


def tell_of_withdrawal(version: Version, *, what: str, reason: str) -> None:
    """Tell the owners of all that was made of a version, drafts too, that it is no longer offered.

    `what` happened: “withdrawn” or “taken down”. Whoever withdraws their own knows already.
    """
    owner = version.aesthetic.owner_id
    for child in lineage.descendants(version):
        if child.aesthetic.owner_id != owner or what != "withdrawn":
            tell(
                child.aesthetic.owner,
                f"{version} was {what}, and your {child} is made of it. The reason: {reason}",
                url=child.get_absolute_url(),
            )


def unread(request: HttpRequest) -> dict[str, object]:
    """Give every page the number of notices that its visitor has not read, once it is asked for."""
    return {"unread_notices": SimpleLazyObject(partial(_count, request))}


def _count(request: HttpRequest) -> int:
    person = request.user
    return person.notices.unread().count() if isinstance(person, User) else 0
