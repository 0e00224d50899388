"""Notices as e-mails to their people. Worker side, since a mail server may be slow."""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models.functions import Now

from registry.models import Notice

logger = logging.getLogger(__name__)


def mail_waiting() -> None:
    """Send the notices that wait for it.

    While the mail server is away they go on waiting. Where it fails at one of them, that one is not
    tried again, and those behind it wait for the sweep.
    """
    waiting = list(Notice.objects.unmailed().values_list("pk", flat=True))
    if not waiting:
        return
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        logger.warning("The mail server did not take %s notices: %s", len(waiting), error)
        return
    try:
        for pk in waiting:
            _mail(pk, connection)
    finally:
        connection.close()


def _mail(pk: int, connection: BaseEmailBackend) -> None:
    """Send the notice `pk` unless it was sent.

    It counts as sent before the mail server has it, so that nobody gets the same twice.
    """
    if not Notice.objects.filter(pk=pk, mailed_at__isnull=True).update(mailed_at=Now()):
        return
    notice = Notice.objects.select_related("person").get(pk=pk)
    if not notice.person.email:
        return
    address = f"\n\n{settings.PUBLIC_URL}{notice.url}" if notice.url else ""
    send_mail(
        f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}Something yours is made of",
        f"{notice.sentence}{address}\n",
        settings.DEFAULT_FROM_EMAIL,
        [notice.person.email],
        connection=connection,
    )


def is_overdue() -> bool:
    """Whether a notice has waited so long that the message to send it must have been lost."""
    sent = Now() - timedelta(seconds=settings.JOB_RESEND_SECONDS)
    waiting = Notice.objects.unmailed().filter(created_at__lt=sent)
    return bool(settings.NOTICES_BY_EMAIL) and waiting.exists()
