"""What the account pages need: a cache that keeps count of tries, and quick passwords."""

import pytest
from django.core.cache import cache
from pytest_django import Settings

from accounts.models import User
from tests import factories


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hash passwords quickly: they live for one test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def clean_cache(broker: str) -> None:
    """Start the embedded cache and forget the tries of earlier tests."""
    cache.clear()


@pytest.fixture
def ada(db: None) -> User:
    """A person with a password."""
    return factories.person("ada", factories.PASSWORD)
