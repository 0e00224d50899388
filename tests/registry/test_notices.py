"""Telling people what happened to what theirs is made of."""

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from registry import notices, publishing, takedowns
from registry.models import Notice, Version
from registry.tasks import mail_notice
from tests import factories
from tests.registry.test_lineage import Family, blended

REASON = "The pictures were not hers."


@pytest.fixture
def family(ada: User, bob: User) -> Family:
    return Family(ada, bob)


def sentences(person: User) -> list[str]:
    return [notice.sentence for notice in person.notices.all()]


def test_a_takedown_is_told_to_the_owners_of_all_that_is_made_of_it(
    family: Family, ada: User, bob: User
) -> None:
    secret = blended(bob, "secret", family.neon, family.child, publish=False)
    takedowns.take_down(family.neon, reason=REASON)
    assert set(sentences(bob)) == {
        f"ada/neon@v1 was taken down, and your {each} is made of it. The reason: {REASON}"
        for each in (family.child, secret)
    }
    assert len(sentences(family.eve)) == 1
    assert sentences(ada) == [f"Your ada/neon@v1 was taken down. The reason: {REASON}"]
    takedowns.take_down(family.neon, reason="Again.")
    assert Notice.objects.count() == 4


def test_whoever_withdraws_is_not_told_of_their_own(family: Family, ada: User, bob: User) -> None:
    blended(ada, "own", family.fog, family.neon)
    publishing.yank(family.neon, reason="Too bright.")
    publishing.yank(family.neon, reason="Too bright, again.")
    assert sentences(ada) == []
    assert sentences(bob) == [
        "ada/neon@v1 was withdrawn, and your bob/child@v1 is made of it. The reason: Too bright."
    ]


def test_the_header_counts_what_is_unread_until_it_is_marked(family: Family, bob: User) -> None:
    client = Client()
    client.force_login(bob)
    assert "unread notices" not in client.get("/").content.decode()
    publishing.yank(family.neon, reason="Too bright.")
    assert "unread notices" in client.get("/").content.decode()
    page = client.get("/account/notices").content.decode()
    assert "ada/neon@v1 was withdrawn" in page
    assert 'href="/bob/child/versions/v1"' in page
    assert "unread notices" in client.get("/").content.decode()  # looking is not marking
    assert client.get("/account/notices/read").status_code == 405
    assert client.post("/account/notices/read").status_code == 302
    assert "unread notices" not in client.get("/").content.decode()
    assert "ada/neon@v1 was withdrawn" in client.get("/account/notices").content.decode()


def test_notices_are_ones_own(family: Family, bob: User, ada: User) -> None:
    publishing.yank(family.neon, reason="Too bright.")
    client = Client()
    assert client.get("/account/notices").status_code == 302
    client.force_login(ada)
    assert "Nothing to tell." in client.get("/account/notices").content.decode()
    client.post("/account/notices/read")
    assert bob.notices.unread().count() == 1


def test_a_notice_is_mailed_once_where_the_hub_sends_mail(
    bob: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        notices.tell(bob, "It rained.")
    assert callbacks == []  # nothing is set up to send with
    settings.NOTICES_BY_EMAIL = True
    with django_capture_on_commit_callbacks() as callbacks:
        notice = notices.tell(bob, "It snowed.", url="/bob/child")
    assert len(callbacks) == 1
    for _ in range(2):
        mail_notice(str(notice.pk))
    (sent,) = mail.outbox
    assert sent.to == ["bob@example.org"]
    assert sent.body == f"It snowed.\n\n{settings.PUBLIC_URL}/bob/child\n"


def test_a_person_without_an_address_gets_none(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="")
    mail_notice(str(notices.tell(bob, "It rained.").pk))
    assert mail.outbox == []


def test_a_keeper_reads_what_is_made_of_it_before_and_after(family: Family, bob: User) -> None:
    blended(bob, "secret", family.neon, family.child, publish=False)
    keeper = User.objects.create(username="keeper", is_staff=True)
    keeper.user_permissions.set(
        Permission.objects.filter(codename__in=["view_version", "take_down_version"])
    )
    client = Client()
    client.force_login(keeper)
    asked = {"action": "take_down", "_selected_action": [str(family.neon.pk)]}
    page = client.post("/admin/registry/version/", asked).content.decode()
    for name in ("bob/child@v1", "eve/grandchild@v1", "bob/secret@draft"):
        assert name in page
    done = client.post("/admin/registry/version/", {**asked, "reason": REASON}, follow=True)
    assert "bob/secret@draft" in done.content.decode()
    one = client.get(f"/admin/registry/version/{family.neon.pk}/change/").content.decode()
    assert "bob/secret@draft" in one
    assert Version.objects.get(pk=family.neon.pk).taken_down_at is not None


def test_what_was_deleted_has_no_owner_to_tell(family: Family, bob: User) -> None:
    publishing.delete(family.child.aesthetic)
    publishing.yank(family.neon, reason="Too bright.")
    assert sentences(bob) == []
    assert factories.person("dan").notices.count() == 0
