"""People and an aesthetic for the tests of the registry."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import User
from registry.models import Aesthetic, Version
from tests import factories
from tests.bucket import Bucket


@pytest.fixture
def bucket(settings: Settings) -> Iterator[Bucket]:
    """The store is a bucket of the test's own."""
    made = Bucket()
    settings.STORAGES = {**settings.STORAGES, "default": made.storages()}
    yield made
    made.stop()


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada")


@pytest.fixture
def bob(db: None) -> User:
    return factories.person("bob")


@pytest.fixture
def draft(ada: User) -> Aesthetic:
    """An aesthetic of ada without pictures."""
    return factories.aesthetic(ada)


@pytest.fixture
def version(draft: Aesthetic) -> Version:
    """The first published version of ada's aesthetic: five pictures."""
    return factories.published(draft)
