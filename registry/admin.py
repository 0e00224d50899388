"""The registry in the admin: to look at, and to hide what must go. Versions are never edited."""

from typing import TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from registry.models import Aesthetic, Space, Version

AnyModel = TypeVar("AnyModel", bound=Model)


class ReadOnlyAdmin(admin.ModelAdmin[AnyModel]):
    """A table that is looked at only; what changes it is a step of the flow."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Aesthetic)
class AestheticAdmin(admin.ModelAdmin[Aesthetic]):
    list_display = ["__str__", "title", "visibility", "rating", "published_at", "deleted_at"]
    list_filter = ["visibility", "rating", "licence"]
    list_select_related = ["owner"]
    search_fields = ["title", "slug", "owner__username"]
    fields = ["title", "card", "licence", "rating", "tags", "visibility"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin[Version]):
    list_display = ["__str__", "state", "space", "image_count", "created_at", "published_at"]
    list_filter = ["state", "space", "construction"]
    list_select_related = ["aesthetic__owner", "space"]
    search_fields = ["aesthetic__slug", "version_digest", "vector_digest"]
    exclude = ["vector", "recipe", "manifest"]


@admin.register(Space)
class SpaceAdmin(ReadOnlyAdmin[Space]):
    list_display = ["name", "architecture", "weights", "created_at"]
