"""Aliases: names that move from version to version, and the public history of their moves."""

from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import User
from registry import names
from registry.models.aesthetics import Aesthetic
from registry.models.versions import Version

MOVES_SHOWN = 20  # beside an alias, the newest; all of them are a list of their own


class AliasQuerySet(models.QuerySet["Alias"]):
    def with_history(self) -> Self:
        """Return them with their versions and their newest MOVES_SHOWN moves, in two queries."""
        moves = AliasMove.objects.with_names()[:MOVES_SHOWN]
        named = self.select_related("version").only(
            "aesthetic", "name", "version__number", "version__version_digest"
        )
        return named.prefetch_related(models.Prefetch("moves", moves))


class Alias(models.Model):
    """A name of an aesthetic's version that its owner may move, such as `stable`."""

    aesthetic = models.ForeignKey(Aesthetic, models.PROTECT, related_name="aliases")
    name = models.CharField(max_length=names.ALIAS_MAX_LENGTH, validators=names.ALIAS_VALIDATORS)
    version = models.ForeignKey(Version, models.PROTECT, related_name="aliases")

    objects = AliasQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["aesthetic", "name"], name="alias_name_once_per_aesthetic"
            ),
            models.CheckConstraint(
                condition=Q(name__regex=names.ALIAS_PATTERN)
                & ~Q(name__iregex=names.RESERVED_ALIAS_PATTERN),
                name="alias_name_is_an_alias",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.aesthetic}@{self.name}"


class AliasMoveQuerySet(models.QuerySet["AliasMove"]):
    def with_names(self) -> Self:
        """Return them, newest first, with the names that are shown and nothing else."""
        named = self.select_related("source", "target", "moved_by").only(
            "alias", "moved_at", "source__number", "target__number", "moved_by__username"
        )
        return named.order_by("-pk")


class AliasMove(models.Model):
    """One move of an alias, for everybody to read; a database trigger keeps it as it was."""

    alias = models.ForeignKey(Alias, models.PROTECT, related_name="moves")
    source = models.ForeignKey(Version, models.PROTECT, null=True, related_name="+")
    target = models.ForeignKey(Version, models.PROTECT, related_name="+")
    moved_at = models.DateTimeField(auto_now_add=True)
    moved_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = AliasMoveQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.alias_id} to {self.target_id}"
