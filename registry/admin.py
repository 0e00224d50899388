"""The registry in the admin: to look at, to hide what must go, and to take versions down.

Versions are never edited.
"""

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from registry import lineage, takedowns
from registry.forms import TakedownForm
from registry.models import Aesthetic, Space, Version
from registry.models.aesthetics import CARD

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
    fields = CARD

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Aesthetic, form: Any, change: Any) -> None:
        """Save the card; a keeper may change that of a deleted aesthetic as well."""
        obj.save_card()


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin[Version]):
    list_display = [
        *("__str__", "state", "space", "image_count", "created_at", "published_at"),
        "taken_down_at",
    ]
    list_filter = ["state", "space", "construction"]
    list_select_related = ["aesthetic__owner", "space"]
    search_fields = ["aesthetic__slug", "version_digest", "vector_digest"]
    exclude = ["vector", "recipe", "manifest"]
    readonly_fields = ["descendants"]
    actions = ["take_down"]

    @admin.display(description="made of it")
    def descendants(self, version: Version) -> str:
        """Name all that was made of the version, drafts and private ones too."""
        return ", ".join(str(child) for child in lineage.descendants(version)) or "nothing"

    def has_take_down_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("registry.take_down_version")

    @admin.action(description="Take down, with a reason", permissions=["take_down"])
    def take_down(self, request: HttpRequest, versions: QuerySet[Version]) -> HttpResponse | None:
        """Ask for the reason first; then serve the chosen versions no more."""
        chosen = versions.published().select_related("aesthetic__owner")  # type: ignore[attr-defined]
        made_of_them = {child.pk: child for each in chosen for child in lineage.descendants(each)}
        form = TakedownForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": "Take versions down",
                "versions": chosen,
                "descendants": made_of_them.values(),
                "form": form,
            }
            return render(request, "registry/take_down.html", context)
        for version in chosen:
            takedowns.take_down(version, reason=form.cleaned_data["reason"])
            self.log_change(request, version, f"Taken down: {form.cleaned_data['reason']}")
        self.message_user(request, f"{len(chosen)} taken down.", messages.SUCCESS)
        if made_of_them:
            names = ", ".join(str(child) for child in made_of_them.values())
            told = f"Their owners are told of what was made of them: {names}."
            self.message_user(request, told, messages.WARNING)
        return None


@admin.register(Space)
class SpaceAdmin(ReadOnlyAdmin[Space]):
    list_display = ["name", "architecture", "weights", "created_at"]
