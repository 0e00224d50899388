"""Drawings and sheets in the admin: to look at, and to take back what people should not share."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from generation import withholding
from generation.forms import WithholdForm
from generation.models import Generation, Sheet
from registry.admin import AnyModel, ReadOnlyAdmin


class WithholdableAdmin(ReadOnlyAdmin[AnyModel]):
    """What people share; a keeper with the permission `withhold_generation` may take it back."""

    actions = ["withhold", "release"]
    readonly_fields = ["shared_at", "withheld_at", "withheld_reason"]
    take_back: ClassVar[Callable[..., bool]]
    give_free: ClassVar[Callable[..., bool]]

    def has_withhold_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("generation.withhold_generation")

    @admin.action(description="Take back from everybody, with a reason", permissions=["withhold"])
    def withhold(self, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
        """Ask for the reason first; then nobody but its owner sees what was chosen."""
        form = WithholdForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": f"Take {self.opts.verbose_name_plural} back",
                "chosen": chosen,
                "form": form,
            }
            return render(request, "generation/withhold.html", context)
        reason = form.cleaned_data["reason"]
        taken = [each for each in chosen if self.take_back(each, reason=reason)]
        for each in taken:
            self.log_change(request, each, f"Taken back: {reason}")
        self.message_user(request, f"{len(taken)} taken back.", messages.SUCCESS)
        return None

    @admin.action(description="Let its owner share it again", permissions=["withhold"])
    def release(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        """Undo the above; what was shared is not shared again by that."""
        freed = [each for each in chosen if self.give_free(each)]
        for each in freed:
            self.log_change(request, each, "Its owner may share it again.")
        self.message_user(request, f"{len(freed)} may be shared again.", messages.SUCCESS)


@admin.register(Generation)
class GenerationAdmin(WithholdableAdmin[Generation]):
    list_display = [
        *("prompt", "owner", "version", "state", "shared_at", "withheld_at", "created_at"),
    ]
    list_filter = ["state", ("shared_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner", "version__aesthetic__owner", "sheet"]
    search_fields = ["=id", "prompt", "=owner__username"]
    take_back = staticmethod(withholding.withhold)
    give_free = staticmethod(withholding.release)


@admin.register(Sheet)
class SheetAdmin(WithholdableAdmin[Sheet]):
    list_display = ["__str__", "owner", "shared_at", "withheld_at", "created_at"]
    list_filter = ["kind", ("shared_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner"]
    search_fields = ["=id", "=owner__username", "cells__prompt"]
    take_back = staticmethod(withholding.withhold_sheet)
    give_free = staticmethod(withholding.release_sheet)
