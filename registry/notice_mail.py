"""Notices as e-mails to their people. Worker side, since a mail server may be slow."""

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models.functions import Now

from registry.models import Notice

logger = logging.getLogger(__name__)

# A mail server's replies (RFC 5321, sections 3.8 and 4.2.1).
CLOSING = 421  # it ends the connection
FOR_GOOD = 500  # from here on; below, it may take the same later


def mail_waiting() -> None:
    """Send the notices that wait for it.

    While the mail server is away they go on waiting. What it refuses keeps none of the others back.
    Where the connection ends at one of them, that one is not tried again, and those behind it wait
    for the sweep.
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
            _mail_unless_refused(pk, connection)
    finally:
        connection.close()


def _mail_unless_refused(pk: int, connection: BaseEmailBackend) -> None:
    """Send the notice `pk`; where it is refused for now, let it wait for the next run.

    So it is where the sender is refused: that is ours, not the notice's, and a keeper mends it.
    """
    try:
        _mail(pk, connection)
    except (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError) as error:
        logger.warning("The mail server refused the notice %s: %s", pk, error)
        code = _code_of(error)
        if code == CLOSING:
            raise
        if code < FOR_GOOD or isinstance(error, SMTPSenderRefused):
            Notice.objects.filter(pk=pk).update(mailed_at=None)


def _code_of(error: SMTPRecipientsRefused | SMTPSenderRefused | SMTPDataError) -> int:
    if isinstance(error, SMTPRecipientsRefused):
        ((code, _),) = error.recipients.values()  # a notice has one person
        return code
    return error.smtp_code


def _mail(pk: int, connection: BaseEmailBackend) -> None:
    """Send the notice `pk` unless it was sent, or may not be any more.

    It counts as sent before the mail server has it, so that nobody gets the same twice.
    """
    if not Notice.objects.unmailed().filter(pk=pk).update(mailed_at=Now()):
        return
    notice = Notice.objects.select_related("person").get(pk=pk)
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
