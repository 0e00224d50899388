"""The shared sheets of a look, of which there are more than a page holds."""

from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User
from generation import sharing
from generation.models import Generation, Sheet
from registry.models import Version
from tests.generation.drawn_sheets import drawn_doses
from tests.generation.test_sharing import copies

OF_LOOK = "/ada/sea-mist/drawings"


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def shared_sheets(owner: User, version: Version, count: int) -> None:
    for number in range(count):
        drawn_doses(owner, version, steps=[0], seeds=[number])
    now = timezone.now()
    Generation.objects.filter(sheet__isnull=False).update(shared_at=now)
    Sheet.objects.update(shared_at=now)


def test_all_shared_sheets_of_a_look_are_in_pages(
    client: Client, ada: User, version: Version
) -> None:
    shared_sheets(ada, version, 26)
    answers = [client.get(f"{OF_LOOK}?sheets={number}") for number in (1, 2)]
    assert [html(answer).count('href="/sheets/') for answer in answers] == [24, 2]
    assert len({each.pk for answer in answers for each in answer.context["sheets"]}) == 26
    assert 'href="?sheets=2"' in html(client.get(OF_LOOK))


def test_further_pages_of_drawings_do_not_show_the_sheets_again(
    client: Client, ada: User, version: Version, finished: Generation
) -> None:
    sharing.share(finished)
    copies(finished, 24)
    shared_sheets(ada, version, 1)
    assert 'href="/sheets/' in html(client.get(OF_LOOK))
    second = html(client.get(f"{OF_LOOK}?page=2"))
    assert finished.prompt in second
    assert 'href="/sheets/' not in second
