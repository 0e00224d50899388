"""People and tokens in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from accounts.models import Token, User


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    """People leave by being deactivated; a name never changes hands, so it never changes."""

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "username"] if obj else fields

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin[Token]):
    """Tokens can be looked at and revoked here, but not made: nobody could see the secret."""

    list_display = ["name", "user", "prefix", "created_at", "last_used_at", "expires_at"]
    list_select_related = ["user"]
    readonly_fields = ["user", "name", "prefix", "scopes", "created_at", "last_used_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
