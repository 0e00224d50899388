"""A notice as an e-mail to its person. Worker side, since a mail server may be slow."""

from django.conf import settings
from django.core.mail import send_mail
from django.db.models.functions import Now

from registry.models import Notice


def mail(pk: str) -> bool:
    """Send the notice `pk` unless it was sent; tell whether it was sent now.

    It counts as sent before the mail server has it, so that nobody gets the same twice.
    """
    if not Notice.objects.filter(pk=pk, mailed_at__isnull=True).update(mailed_at=Now()):
        return False
    notice = Notice.objects.select_related("person").get(pk=pk)
    if not notice.person.email:
        return False
    address = f"\n\n{settings.PUBLIC_URL}{notice.url}" if notice.url else ""
    send_mail(
        f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}Something yours is made of",
        f"{notice.sentence}{address}\n",
        settings.DEFAULT_FROM_EMAIL,
        [notice.person.email],
    )
    return True
