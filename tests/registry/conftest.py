"""People and an aesthetic for the tests of the registry."""

import pytest

from accounts.models import User
from registry.models import Aesthetic, Version
from tests import factories


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
