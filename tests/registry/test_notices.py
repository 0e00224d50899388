"""Telling people what happened to what theirs is made of."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from registry import notices, publishing, takedowns
from registry.models import Notice, Version
from registry.notice_mail import is_overdue
from registry.tasks import mail_notices
from tests import factories, mail_server
from tests.mail_server import MailServer
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
    factories.confirm(bob)
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
    for person in (ada, bob, family.eve):
        factories.confirm(person)
    with django_capture_on_commit_callbacks() as callbacks:
        publishing.yank(family.neon, reason=REASON)
    assert len(callbacks) == 1
    with django_capture_on_commit_callbacks() as callbacks:
        takedowns.take_down(family.neon, reason=REASON)
    assert len(callbacks) == 1
    mail_notices()
    told = Counter(message.to[0] for message in mail.outbox)
    assert told == {ada.email: 1, bob.email: 2, family.eve.email: 2}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"email": ""}, id="no address"),
        pytest.param({"email": "else@example.org"}, id="another than the one confirmed"),
        pytest.param({"is_active": False}, id="deactivated"),
    ],
)
def test_who_can_not_be_written_to_has_the_notice_on_their_page_alone(
    bob: User, settings: Settings, change: dict[str, object]
) -> None:
    settings.NOTICES_BY_EMAIL = True
    factories.confirm(bob)
    notices.tell(bob, "It rained.")
    Notice.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert is_overdue()
    User.objects.filter(pk=bob.pk).update(**change)
    assert not is_overdue()
    mail_notices()
    assert mail.outbox == []
    assert sentences(bob) == ["It rained."]


def test_nothing_is_mailed_to_an_address_before_it_is_confirmed(bob: User) -> None:
    address = EmailAddress.objects.create(user=bob, email=bob.email, primary=True)
    notices.tell(bob, "It rained.")
    mail_notices()
    assert mail.outbox == []
    address.set_verified()
    mail_notices()
    assert [message.to for message in mail.outbox] == [[bob.email]]


def test_an_address_is_the_same_however_its_letters_are_written(bob: User) -> None:
    factories.confirm(bob)
    User.objects.filter(pk=bob.pk).update(email="Bob@Example.org")
    notices.tell(bob, "It rained.")
    mail_notices()
    assert [message.to for message in mail.outbox] == [["Bob@Example.org"]]


def test_what_is_no_news_any_more_is_not_mailed(bob: User) -> None:
    factories.confirm(bob)
    notices.tell(bob, "It rained.")
    Notice.objects.update(created_at=timezone.now() - timedelta(days=2))
    mail_notices()
    assert mail.outbox == []


def test_notices_wait_while_the_mail_server_is_away(
    bob: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    factories.confirm(bob)
    notices.tell(bob, "It rained.")
    in_tests = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # where nobody listens
    mail_notices()
    assert "The mail server did not take 1 notices" in caplog.text
    settings.EMAIL_BACKEND = in_tests
    mail_notices()
    assert [message.to for message in mail.outbox] == [[bob.email]]


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    """A mail server that speaks SMTP, and that notices are sent to."""
    with mail_server.running() as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", started.port
        yield started


@pytest.fixture
def told(bob: User, ada: User) -> list[str]:
    """The addresses of three people who wait for a notice, bob's first."""
    people = [bob, ada, factories.person("eve")]
    for person in people:
        factories.confirm(person)
        notices.tell(person, "It rained.")
    return [person.email for person in people]


def test_all_are_sent_by_one_connection_of_smtp(server: MailServer, told: list[str]) -> None:
    mail_notices()
    assert server.reached == told
    _, message = server.taken[0]
    assert message["Subject"] == "[Aesthetic Hub] Something yours is made of"
    assert "It rained." in message.get_content()


@pytest.mark.parametrize("at", ["rcpt", "data"])
@pytest.mark.parametrize(
    ("reply", "is_tried_again"), [("550 No such mailbox", False), ("451 Not just now", True)]
)
def test_what_the_mail_server_refuses_keeps_no_other_back(
    server: MailServer,
    told: list[str],
    caplog: pytest.LogCaptureFixture,
    at: str,
    reply: str,
    is_tried_again: bool,
) -> None:
    bobs, *others = told
    server.refusals[at, bobs] = reply
    mail_notices()
    assert server.reached == others
    assert "The mail server refused the notice" in caplog.text
    server.refusals.clear()
    for _ in range(2):
        mail_notices()
    assert server.reached == [*others, *([bobs] if is_tried_again else [])]


def test_notices_wait_while_the_mail_server_refuses_the_hubs_own_address(
    server: MailServer, told: list[str], settings: Settings
) -> None:
    server.refusals["mail", settings.DEFAULT_FROM_EMAIL] = "550 Who is that?"
    mail_notices()
    assert server.reached == []
    server.refusals.clear()
    mail_notices()
    assert server.reached == told


def test_where_the_connection_ends_the_rest_is_sent_later_and_that_one_blocks_nobody(
    server: MailServer, told: list[str]
) -> None:
    bobs, *others = told
    server.refusals["rcpt", bobs] = "421 I have to go"
    with pytest.raises(SMTPRecipientsRefused):
        mail_notices()
    assert server.asked == [bobs]
    for _ in range(2):
        mail_notices()
    assert server.reached == others


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
