"""What a person is told when nobody is there to answer: a sentence with where to look."""

from datetime import timedelta
from typing import Self

from allauth.account.models import EmailAddress
from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from accounts.models import User

NEWS = timedelta(days=1)  # for which a notice is worth an e-mail; later its page is enough


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> Self:
        """Return what its person has not marked as read."""
        return self.filter(read_at__isnull=True)

    def mark_read(self) -> int:
        """Mark all of these as read; return how many were not."""
        return self.unread().update(read_at=Now())

    def unmailed(self) -> Self:
        """Return those of the last day that may be sent by e-mail and were not, oldest first.

        Only active people who have confirmed the address that they have now are written to:
        whoever signs up may name any address, and what a notice says is others' words.
        """
        address = EmailAddress.objects.filter(
            user=OuterRef("pk"), email__iexact=OuterRef("email"), verified=True
        )
        # A subquery and no join, with which an UPDATE of these would ask for `mailed_at` in a
        # subquery too, and two workers could both find it empty.
        reachable = User.objects.filter(Exists(address), is_active=True)
        recent = self.filter(mailed_at__isnull=True, created_at__gt=Now() - NEWS)
        return recent.filter(person__in=reachable).order_by("created_at", "pk")


class Notice(models.Model):
    """Something that a person should know, on their page of notices until they have read it."""

    person = models.ForeignKey(User, models.CASCADE, related_name="notices")
    sentence = models.CharField(max_length=1000)
    url = models.CharField(max_length=300, blank=True)  # a path of this site
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, editable=False)
    mailed_at = models.DateTimeField(null=True, editable=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["person"],
                condition=models.Q(read_at__isnull=True),
                name="notice_unread_of_person",
            ),
            models.Index(
                fields=["created_at"],
                condition=models.Q(mailed_at__isnull=True),
                name="notice_unmailed",
            ),
        ]

    def __str__(self) -> str:
        return self.sentence
