"""Forms of the account pages."""

from datetime import timedelta
from typing import Any

from allauth.account.forms import LoginForm, SignupForm
from django import forms

from accounts.models import Token, User

# The scope's words on the page; the model's own, which say less, are part of a migration.
PUBLISH = "publish: make versions public, yank them, delete looks that were published"


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's form in the words of our pages."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Name or email"
        self.fields["login"].widget.attrs.pop("placeholder", None)
        self.fields["remember"].label = "Stay signed in"


class JoinForm(SignupForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's form, which says the rule of a name before it is broken."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Name"
        self.fields[
            "username"
        ].help_text = "Lower-case letters, digits and single hyphens. It stands in your addresses."


class TokenForm(forms.Form):
    """What a new token is called, what it may do, how long it lives."""

    name = forms.CharField(max_length=64, help_text="Where you will use it, “laptop” say.")
    scopes = forms.MultipleChoiceField(
        choices=[
            (scope.value, PUBLISH if scope is Token.Scope.PUBLISH else scope.label)
            for scope in Token.Scope
        ],
        widget=forms.CheckboxSelectMultiple,
        initial=[Token.Scope.READ, Token.Scope.WRITE],
    )
    expires = forms.TypedChoiceField(
        label="Expires after",
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (365, "a year"), (0, "never")],
        initial=90,
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def clean_name(self) -> str:
        """Refuse the name of a token that works: sent twice, the form would make two of them."""
        name: str = self.cleaned_data["name"]
        if self._person.tokens.usable().filter(name=name).exists():
            raise forms.ValidationError(
                "You have a token of this name; revoke it, or choose another.", code="unique"
            )
        return name

    @property
    def expires_in(self) -> timedelta | None:
        """The chosen life of the token; None is for ever."""
        days = self.cleaned_data["expires"]
        return timedelta(days=days) if days else None
