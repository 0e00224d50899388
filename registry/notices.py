"""Telling people what happened to what theirs is made of: on their page, and by e-mail."""

from collections.abc import Sequence
from functools import partial

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from registry import jobs, lineage
from registry.models import Notice, Version
from registry.tasks import mail_notices


def tell(person: User, sentence: str, *, url: str = "") -> Notice:
    """Put a notice on the page of `person`, and send it where the hub sends e-mail."""
    notice = Notice(person=person, sentence=sentence, url=url)
    tell_all([notice])
    return notice


@transaction.atomic
def tell_all(notices: Sequence[Notice]) -> None:
    """Put notices on the pages of their people, and send them where the hub sends e-mail.

    One message is enough for all, since the worker mails whatever waits.
    """
    for notice in notices:
        notice.full_clean()
        notice.save()
    if notices and settings.NOTICES_BY_EMAIL:
        transaction.on_commit(partial(jobs.hand_over, mail_notices))


def tell_of_withdrawal(version: Version, *, reason: str) -> None:
    """Tell the owners of all that was made of a version, drafts too, that it was withdrawn.

    Whoever withdraws their own knows already.
    """
    told = _to_descendants(version, what="withdrawn", reason=reason)
    tell_all([notice for notice in told if notice.person_id != version.aesthetic.owner_id])


def tell_of_takedown(version: Version, *, reason: str) -> None:
    """Tell the owners of a version and of all that was made of it that it was taken down."""
    own = Notice(
        person=version.aesthetic.owner,
        sentence=f"Your {version} was taken down. The reason: {reason}",
        url=version.get_absolute_url(),
    )
    tell_all([own, *_to_descendants(version, what="taken down", reason=reason)])


def _to_descendants(version: Version, *, what: str, reason: str) -> list[Notice]:
    return [
        Notice(
            person=child.aesthetic.owner,
            sentence=f"{version} was {what}, and your {child} is made of it. The reason: {reason}",
            url=child.get_absolute_url(),
        )
        for child in lineage.descendants(version)
    ]


def unread(request: HttpRequest) -> dict[str, object]:
    """Give every page the number of notices that its visitor has not read, once it is asked for."""
    return {"unread_notices": SimpleLazyObject(partial(_count, request))}


def _count(request: HttpRequest) -> int:
    person = request.user
    return person.notices.unread().count() if isinstance(person, User) else 0
