"""Generations in the admin, to look at."""

from django.contrib import admin

from generation.models import Generation
from registry.admin import ReadOnlyAdmin


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin[Generation]):
    list_display = ["prompt", "owner", "version", "state", "shared_at", "created_at"]
    list_filter = ["state"]
    list_select_related = ["owner", "version__aesthetic__owner"]
