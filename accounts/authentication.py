"""Who calls the API, and what their token allows: SPEC section 4, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts import secrets
from accounts.models import Token, User

if TYPE_CHECKING:  # DRF loads this module while it loads its views
    from rest_framework.views import APIView


def person_of(request: Request) -> User:
    """Return who calls; raise NotAuthenticated for nobody known."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def find_token(secret: str) -> Token:
    """Return the token, with its person, that `secret` is; raise AuthenticationFailed for none."""
    if not secrets.is_well_formed(secret):
        raise AuthenticationFailed(
            "This is not a token of the hub, or a part of it is missing.", code="bad-token"
        )
    token = (
        Token.objects.usable()
        .select_related("user")
        .filter(secret_hash=secrets.hash_secret(secret))
        .first()
    )
    if token is None:
        raise AuthenticationFailed(
            "This token was revoked, has expired or never existed.", code="bad-token"
        )
    return token


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer aeh_…` (RFC 6750)."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = find_token(secret)
        token.touch()
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="aesthetic-hub"'


def scopes_of(method: str | None, view: APIView) -> tuple[str, ...]:
    """Return the scopes of which a token needs one for `method` of `view`.

    It is “read” for what changes nothing, and asking by POST changes nothing where `write_scope` is
    “read”.
    """
    if method in SAFE_METHODS:
        return (Token.Scope.READ,)
    one = (str(getattr(view, "write_scope", Token.Scope.WRITE)),)
    return tuple(map(str, getattr(view, "write_scopes", one)))


def require_scope(request: Request, scope: str) -> None:
    """Raise PermissionDenied for a token without `scope`; people on the pages have all."""
    token = request.auth
    if isinstance(token, Token) and scope not in token.scopes:
        raise PermissionDenied(lack_of((scope,), token))


def lack_of(scopes: tuple[str, ...], token: Token) -> str:
    """Say of which scopes one is missing, and which there are."""
    wanted = " or ".join(f"“{scope}”" for scope in scopes)
    return f"This token lacks the scope {wanted}; it has {', '.join(token.scopes)}."


class ScopePermission(BasePermission):
    """Anyone may read what is public; all else needs a person, and a token its scope.

    A view names the scope of its changing calls in `write_scope` ("write" where it is silent). One
    that learns only from its subject which scope that is names all in `write_scopes`, and asks for
    the one by `require_scope`.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        scopes = scopes_of(request.method, view)
        if Token.Scope.READ not in scopes and not request.user.is_authenticated:
            return False
        token = request.auth
        if not isinstance(token, Token):
            return True
        self.message = lack_of(scopes, token)
        return not set(scopes).isdisjoint(token.scopes)
