"""Counting downloads without keeping anybody's address: SPEC section 4."""

import hashlib
import hmac

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from registry.models import Aesthetic, Download, DownloadSalt, Version


def count_download(request: HttpRequest, version: Version) -> None:
    """Count one visitor a version and day; the owner's own downloads do not count.

    The visitor is a hash of address and agent with a salt of the day, so that the same visitor
    cannot be followed from one day to the next, and cannot be found again once the day is over.
    """
    if request.user.is_authenticated and request.user.pk == version.aesthetic.owner_id:
        return
    day = timezone.now().date()
    salt, _ = DownloadSalt.objects.get_or_create(day=day)
    whom = f"{client_address(request)} {request.headers.get('User-Agent', '')}"
    visitor = hmac.new(bytes(salt.salt), whom.encode(), hashlib.sha256).hexdigest()
    with transaction.atomic():
        _, is_new = Download.objects.get_or_create(version=version, day=day, visitor=visitor)
        if is_new:
            Aesthetic.objects.filter(pk=version.aesthetic_id).update(
                download_count=F("download_count") + 1
            )


def forget_visitors() -> None:
    """Delete who downloaded on earlier days, and the salts of these days; the numbers stay."""
    today = timezone.now().date()
    DownloadSalt.objects.filter(day__lt=today).delete()
    Download.objects.filter(day__lt=today).delete()


def client_address(request: HttpRequest) -> str:
    """Return the address of the visitor, beyond TRUSTED_PROXIES; empty where nobody can tell.

    It is the one by which allauth counts wrong passwords. Nobody is refused a download for it.
    """
    try:
        return str(get_adapter().get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured):
        return ""
