"""The page of what a person should know."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import PersonRequest

PAGE_SIZE = 50


@never_cache
@login_required
@require_safe
def notices(request: PersonRequest) -> HttpResponse:
    """The visitor's notices, newest first; looking does not mark them as read."""
    page = Paginator(request.user.notices.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "registry/notices.html", {"page": page})


@login_required
@require_POST
def mark_read(request: PersonRequest) -> HttpResponse:
    """Mark the visitor's notices as read."""
    request.user.notices.all().mark_read()
    return redirect("registry:notices")
