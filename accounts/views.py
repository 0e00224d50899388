"""The page of a person's API tokens."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import TokenForm
from accounts.models import issue_token
from accounts.requests import PersonRequest


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: PersonRequest) -> HttpResponse:
    """List the tokens; POST makes one and shows its secret this one time."""
    form = TokenForm(request.POST or None, person=request.user)
    new_token = None
    if form.is_valid():
        _, new_token = issue_token(
            request.user,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_in=form.expires_in,
        )
        form = TokenForm(person=request.user)
    context = {"tokens": request.user.tokens.all(), "form": form, "new_token": new_token}
    return render(request, "accounts/tokens.html", context)


@login_required
@require_POST
def revoke_token(request: PersonRequest, pk: int) -> HttpResponse:
    """End one token for good."""
    token = get_object_or_404(request.user.tokens.filter(revoked_at__isnull=True), pk=pk)
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("accounts:tokens")
