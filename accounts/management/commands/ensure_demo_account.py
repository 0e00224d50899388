"""The ready-made account of the demo, with a fresh token for loading the samples."""

import json
import os
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Token, User, issue_token

TOKEN_NAME = "demo samples"  # noqa: S105 (a name, not a secret)
TOKEN_LIFE = timedelta(days=1)


class Command(BaseCommand):
    help = "Make the demo's account, or find it; print its name and a new token as a JSON line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="demo")

    def handle(self, *, username: str, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD", "")
        if not password:
            raise CommandError("Set DEMO_PASSWORD to the password the account shall have.")
        person = User.objects.filter(username=username).first() or User(
            username=username, email=f"{username}@localhost", is_staff=True, is_superuser=True
        )
        if not person.check_password(password):
            person.set_password(password)
            save(person)
        person.tokens.filter(name=TOKEN_NAME, revoked_at__isnull=True).update(
            revoked_at=timezone.now()
        )
        _, token = issue_token(
            person, name=TOKEN_NAME, scopes=Token.Scope.values, expires_in=TOKEN_LIFE
        )
        self.stdout.write(json.dumps({"username": username, "password": password, "token": token}))


def save(person: User) -> None:
    """Check and save the account; raise CommandError for a name that nobody may have."""
    try:
        person.full_clean()
    except ValidationError as error:
        sentences = " ".join(error.messages)
        raise CommandError(f"“{person.username}” cannot be the name: {sentences}") from error
    person.save()
