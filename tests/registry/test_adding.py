"""A new look, by page and API, whose short name another request takes in the same moment."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from registry.models import Aesthetic
from tests import factories
from tests.answers import Answer
from tests.concurrency import before_writing

pytestmark = pytest.mark.django_db(transaction=True)  # the other request's row is committed

CARD = {"slug": "haze", "title": "Haze", "licence": "CC-BY-4.0", "rating": "general"}
SENTENCE = "You have used this short name before."

Create = Callable[[User], Answer]


def by_page(person: User) -> Answer:
    client = Client()
    client.force_login(person)
    return client.post("/new", {**CARD, "visibility": "public"})


def by_api(person: User) -> Answer:
    headers = factories.bearer(person)
    return Client().post("/api/v1/aesthetics", CARD, "application/json", headers=headers)


@pytest.mark.parametrize("create", [by_page, by_api])
def test_a_name_taken_right_before_the_writing_is_refused_in_words(create: Create) -> None:
    person = factories.person()

    def another() -> None:
        Aesthetic(owner=person, slug="haze", title="The first").add()

    with before_writing("registry_aesthetic", another):
        answer = create(person)
    assert answer.status_code == (200 if create is by_page else 422)
    assert SENTENCE in answer.content.decode()
    assert list(person.aesthetics.values_list("title", flat=True)) == ["The first"]


def test_what_is_there_is_not_added_again() -> None:
    draft = factories.aesthetic(factories.person())
    draft.title = "Changed"
    with pytest.raises(ValidationError):
        Aesthetic(owner=draft.owner, slug=draft.slug, title="Changed").add()
    draft.refresh_from_db()
    assert draft.title != "Changed"
