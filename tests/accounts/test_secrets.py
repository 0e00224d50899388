"""The text of a token, and what is kept of it."""

import hashlib

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts import secrets
from accounts.models import Token, User, issue_token


def test_every_secret_is_new_and_well_formed() -> None:
    made = {secrets.make_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(secrets.is_well_formed(secret) for secret in made)
    assert all(secret.startswith("aeh_") and len(secret) == 46 for secret in made)


@pytest.mark.parametrize("place", range(4, 46))
def test_one_wrong_letter_breaks_the_checksum(place: int) -> None:
    secret = secrets.make_secret()
    other = "a" if secret[place] != "a" else "b"
    assert not secrets.is_well_formed(secret[:place] + other + secret[place + 1 :])


def test_a_cut_secret_is_not_well_formed() -> None:
    secret = secrets.make_secret()
    assert not any(secrets.is_well_formed(secret[:length]) for length in range(len(secret)))
    assert not secrets.is_well_formed(secret + "a")


@given(st.text(max_size=60))
def test_no_text_makes_the_check_fail_in_any_other_way_than_no(text: str) -> None:
    assert secrets.is_well_formed(text) is False
    assert secrets.is_well_formed(f"aeh_{text}") is False


def test_only_the_sha256_of_a_secret_is_stored(ada: User) -> None:
    token, secret = issue_token(ada, name="laptop", scopes=["read"])
    row = Token.objects.filter(pk=token.pk).values().get()
    assert row["secret_hash"] == hashlib.sha256(secret.encode()).hexdigest()
    assert row["prefix"] == secret[:8]
    assert not any(secret in str(value) or secret[8:] in str(value) for value in row.values())


def test_the_database_refuses_a_token_whose_secret_was_not_hashed(ada: User) -> None:
    token = Token(user=ada, name="x", secret_hash=secrets.make_secret(), scopes=["read"])
    with pytest.raises(IntegrityError, match="token_secret_is_hashed"), transaction.atomic():
        token.save()


def test_a_scope_that_does_not_exist_is_refused(ada: User) -> None:
    with pytest.raises(ValidationError) as caught:
        issue_token(ada, name="laptop", scopes=["read", "everything"])
    assert list(caught.value.error_dict) == ["scopes"]
