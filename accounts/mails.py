"""Mails of the account pages: they name the hub's public address, whichever was asked for."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings


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


def _public(address: str) -> str:
    """Return the address with everything before its path replaced by PUBLIC_URL."""
    return settings.PUBLIC_URL + urlsplit(address)._replace(scheme="", netloc="").geturl()
