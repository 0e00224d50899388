"""Who pulls: a token of ours, or nobody in particular, as OCI clients say it.

Clients send nothing at first. What is public is theirs. For all else they are told where to ask for
a token (the Docker registry's token flow): there a person's password is an API token, which is
handed back, and nobody in particular gets a word that means so. Only then it is told apart what is
missing; nobody learns whether something private is there.
"""

import base64
import binascii

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.authentication import find_token
from accounts.models import User

ANONYMOUS = "anonymous"  # the token of nobody in particular
SERVICE = "aesthetic-hub"


class NobodyAuthentication(BaseAuthentication):
    """The token of nobody in particular; and whom everybody else is sent to."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, str] | None:
        if get_authorization_header(request).lower() != f"bearer {ANONYMOUS}".encode():
            return None
        return AnonymousUser(), ANONYMOUS

    def authenticate_header(self, request: Request) -> str:
        realm = request.build_absolute_uri(reverse("clients:pull_token"))
        return f'Bearer realm="{realm}",service="{SERVICE}"'


class PasswordAuthentication(BaseAuthentication):
    """A person who logs in with an API token for a password; `request.auth` is the password."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        scheme, _, encoded = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"basic":
            return None
        try:
            _, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise AuthenticationFailed("The password cannot be read.", code="bad-token") from error
        return find_token(password).user, password

    def authenticate_header(self, request: Request) -> str:
        return f'Basic realm="{SERVICE}"'
