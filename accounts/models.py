"""A person, and the API tokens that act for them."""

from datetime import timedelta
from typing import Self

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts import names, secrets
from accounts.quotas import QuotaExceeded, start_of_day

# Writing `last_used_at` on each request would turn every read into a write.
LAST_USE_RESOLUTION = timedelta(minutes=1)


class User(AbstractUser):
    """A person. The name is part of every address of theirs, so it never changes hands.

    People who leave are deactivated, not deleted: names are not re-issued.
    """

    username = models.CharField(
        "name",
        max_length=names.OWNER_MAX_LENGTH,
        unique=True,
        validators=names.OWNER_VALIDATORS,
        help_text="Lower-case letters, digits and single hyphens; it stands in your addresses.",
        error_messages={"unique": "Somebody has this name already."},
    )

    class Meta:
        verbose_name = "user"
        verbose_name_plural = "users"
        constraints = [
            models.CheckConstraint(
                condition=Q(username__regex=names.OWNER_PATTERN), name="user_name_is_an_owner"
            ),
        ]
        indexes = [
            # Of the search by words, which forgives typos in names too.
            GinIndex(
                fields=["username"], opclasses=["gin_trgm_ops"], name="user_username_trigrams"
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("registry:owner", args=[self.username])

    def hold_share(self) -> None:
        """Let other requests that ask for a share of this person's wait for this transaction's end.

        They then count what it added. What only points at the person does not wait.
        """
        User.objects.select_for_update(no_key=True).get(pk=self.pk)


class TokenQuerySet(models.QuerySet["Token"]):
    def usable(self) -> Self:
        """Return the tokens that are neither revoked nor expired nor of a deactivated person."""
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()),
            revoked_at__isnull=True,
            user__is_active=True,
        )


class Token(models.Model):
    """An API token. Its secret is shown once; only its sha256 is kept."""

    class Scope(models.TextChoices):
        READ = "read", "read: see what you see"
        WRITE = "write", "write: create, upload, build"
        PUBLISH = "publish", "publish: make versions public, yank them"
        GENERATE = "generate", "generate: draw pictures"

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=64, help_text="Where you will use it.")
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=12, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices))
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(secret_hash__regex=r"^[0-9a-f]{64}$"),  # noqa: S106 (a pattern)
                name="token_secret_is_hashed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def touch(self) -> None:
        """Remember that the token was used just now, to the minute."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > LAST_USE_RESOLUTION:
            Token.objects.filter(pk=self.pk).update(last_used_at=now)


def issue_token(
    user: User, *, name: str, scopes: list[str], expires_in: timedelta | None = None
) -> tuple[Token, str]:
    """Make a token for `user` and return it with its secret, which is not kept anywhere."""
    secret = secrets.make_secret()
    token = Token(
        user=user,
        name=name,
        secret_hash=secrets.hash_secret(secret),
        prefix=secret[: secrets.PREFIX_LENGTH],
        scopes=scopes,
        expires_at=timezone.now() + expires_in if expires_in else None,
    )
    token.full_clean()
    token.save()
    return token, secret


class UsageQuerySet(models.QuerySet["Usage"]):
    def spend(self, person: User, what: str, amount: int, *, limit: int) -> None:
        """Take `amount` from today's share of `person`; raise QuotaExceeded when it is less.

        One UPDATE asks and takes, so requests side by side cannot spend the same share twice.
        """
        today, _ = self.get_or_create(user=person, day=start_of_day().date(), what=what)
        enough = self.filter(pk=today.pk, amount__lte=limit - amount)
        if not enough.update(amount=F("amount") + amount):
            raise QuotaExceeded(what, limit)


class Usage(models.Model):
    """How much of something a person used on a day, whatever became of it afterwards."""

    user = models.ForeignKey(User, models.CASCADE, related_name="usage")
    day = models.DateField()  # UTC
    what = models.CharField(max_length=32)
    amount = models.PositiveBigIntegerField(default=0)

    objects = UsageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "day", "what"], name="usage_once_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.amount:,} {self.what} on {self.day}"
