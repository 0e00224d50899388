"""Mails of the account pages: they name the hub's public address, whichever was asked for."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """The hub as the mails' templates call it."""

    domain: str
    name: str = "Aesthetic Hub"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    """allauth's, which takes the host of its links from the request.

    Whoever asks for somebody else's new password names that host: any of ALLOWED_HOSTS, and none
    of them need be where people read their mails.
    """

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        links = {
            name: _public(address) for name, address in context.items() if name.endswith("_url")
        }
        site = Site(urlsplit(settings.PUBLIC_URL).netloc)
        super().send_mail(template_prefix, email, {**context, **links, "current_site": site})

    def send_confirmation_mail(
        self,
        request: HttpRequest,
        emailconfirmation: Any,
        signup: bool,  # noqa: FBT001  # as allauth calls it
    ) -> None:
        """Send it; where nobody needs it to sign in, an account is made without it too.

        The account is there already: an error would say that it is not, and its name is taken.
        """
        try:
            super().send_confirmation_mail(request, emailconfirmation, signup)
        except OSError:  # of which those of smtplib are
            if not signup or settings.ACCOUNT_EMAIL_VERIFICATION != "optional":
                raise
            logger.exception("The mail to confirm an address could not be sent.")
            # For the message, whose template reads it.
            request.is_confirmation_unsent = True  # type: ignore[attr-defined]


def _public(address: str) -> str:
    """Return the address with everything before its path replaced by PUBLIC_URL."""
    return settings.PUBLIC_URL + urlsplit(address)._replace(scheme="", netloc="").geturl()
