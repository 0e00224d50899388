"""Telling people what happened to what theirs is made of."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from registry import notices, publishing, takedowns
from registry.models import Notice, Version
from registry.tasks import mail_notices
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
        Notice.objects.filter(pk=notices.tell(bob, "It rained.").pk).delete()
    assert callbacks == []  # nothing is set up to send with
    settings.NOTICES_BY_EMAIL = True
    with django_capture_on_commit_callbacks() as callbacks:
        notices.tell(bob, "It snowed.", url="/bob/child")
    assert len(callbacks) == 1
    for _ in range(2):
        mail_notices()
    (sent,) = mail.outbox
    assert sent.to == ["bob@example.org"]
    assert sent.body == f"It snowed.\n\n{settings.PUBLIC_URL}/bob/child\n"


def test_one_message_has_all_mailed_that_a_withdrawal_tells(
    family: Family,
    ada: User,
    bob: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.NOTICES_BY_EMAIL = True
    with django_capture_on_commit_callbacks() as callbacks:
        publishing.yank(family.neon, reason=REASON)
    assert len(callbacks) == 1
    with django_capture_on_commit_callbacks() as callbacks:
        takedowns.take_down(family.neon, reason=REASON)
    assert len(callbacks) == 1
    mail_notices()
    told = Counter(message.to[0] for message in mail.outbox)
    assert told == {ada.email: 1, bob.email: 2, family.eve.email: 2}


def test_a_person_without_an_address_gets_none(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="")
    notices.tell(bob, "It rained.")
    mail_notices()
    assert mail.outbox == []


def test_what_is_no_news_any_more_is_not_mailed(bob: User) -> None:
    notices.tell(bob, "It rained.")
    Notice.objects.update(created_at=timezone.now() - timedelta(days=2))
    mail_notices()
    assert mail.outbox == []


def test_notices_wait_while_the_mail_server_is_away(
    bob: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    notices.tell(bob, "It rained.")
    in_tests = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # where nobody listens
    mail_notices()
    assert "The mail server did not take 1 notices" in caplog.text
    settings.EMAIL_BACKEND = in_tests
    mail_notices()
    assert [message.to for message in mail.outbox] == [[bob.email]]


class RefusingBob(EmailBackend):
    """A mail server that has no mailbox for bob."""

    def send_messages(self, messages: Sequence[mail.EmailMessage]) -> int:
        if any(message.to == ["bob@example.org"] for message in messages):
            raise SMTPRecipientsRefused({"bob@example.org": (550, b"No such mailbox")})
        return super().send_messages(messages)


def test_what_the_mail_server_refuses_is_not_tried_again_and_the_rest_is_sent_later(
    ada: User, bob: User, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.RefusingBob"
    for person in (bob, ada):
        notices.tell(person, "It rained.")
    with pytest.raises(SMTPRecipientsRefused):
        mail_notices()
    for _ in range(2):
        mail_notices()
    assert [message.to for message in mail.outbox] == [[ada.email]]


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
