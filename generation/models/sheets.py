"""A sheet: drawings beside each other, which differ in two things and share all others."""

import uuid
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse

from accounts.models import User
from generation.models.generations import Generation
from generation.models.withholding import Withholdable
from registry.models import Aesthetic, Version

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

MOST_CELLS = 36


class SheetQuerySet(models.QuerySet["Sheet"]):
    def owned_by(self, person: User | AnonymousUser) -> Self:
        """Return the sheets of `person`, removed ones included."""
        return self.filter(owner=person) if isinstance(person, User) else self.none()

    def shared_with(self, person: User | AnonymousUser) -> Self:
        """Return the shared sheets that `person` may see.

        A sheet's heads name all of its looks, so it is hidden as long as one of them is: of any
        cell, drawn or not, mixed in or not; and with its owner's account.
        """
        seen = Version.objects.visible_to(person).offered()
        cells = Generation.objects.order_by().filter(sheet=OuterRef("pk"))
        shared = self.filter(shared_at__isnull=False, owner__is_active=True)
        return shared.filter(~Exists(cells.not_only_with(seen)))

    def visible_to(self, person: User | AnonymousUser) -> Self:
        """Return what `person` may know of: their own, and what is shared with them."""
        return self.owned_by(person) | self.shared_with(person)

    def kept(self) -> Self:
        """Return what its owner has not removed."""
        return self.filter(hidden_at__isnull=True)

    def removed(self) -> Self:
        """Return what its owner has removed, and may put back."""
        return self.filter(hidden_at__isnull=False)

    def in_look(self, aesthetic: Aesthetic) -> Self:
        """Return the sheets that have a cell drawn with any version of `aesthetic`."""
        cells = Generation.objects.order_by().in_look(aesthetic).filter(sheet=OuterRef("pk"))
        return self.filter(Exists(cells))

    def as_seen_by(self, person: User | AnonymousUser) -> Self:
        """Bring along what the heads and `subject` want: what `person` may see of the cells."""
        seen = Generation.objects.visible_to(person).filter(sheet=OuterRef("pk")).order_by()
        return self.annotate(
            first_prompt=Subquery(seen.order_by("row", "column").values("prompt")[:1]),
            seen_rows=ArraySubquery(seen.values("row").distinct()),
            seen_columns=ArraySubquery(seen.values("column").distinct()),
        )

    def newest_shared(self) -> Self:
        """Put what was shared last first."""
        return self.order_by("-shared_at", "-pk")

    def lock(self, pk: uuid.UUID) -> "Sheet":
        """Return `pk` as it is now, and let nobody else change it before the transaction ends."""
        return self.select_for_update().get(pk=pk)


class Sheet(Withholdable):
    """Drawings in rows and columns; each cell is a generation with its place in the sheet.

    Sharing and removing act on sheet and cells at one moment, and a cell that has the sheet's
    moment was shared or removed with it; others were so by themselves.
    """

    class Kind(models.TextChoices):
        DOSES = "doses", "doses by seeds"
        LOOKS = "looks", "looks by prompts"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="sheets")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    rows = models.JSONField()  # what each row has in common, in words, from the top down
    columns = models.JSONField()  # and each column, from left to right
    created_at = models.DateTimeField(auto_now_add=True)
    shared_at = models.DateTimeField(null=True, editable=False)  # by its owner, with everybody
    hidden_at = models.DateTimeField(null=True, editable=False)  # when its owner removed it

    # Not columns: what `as_seen_by` brings along, of cells that the visitor may see.
    first_prompt: str | None  # of the first of them
    seen_rows: list[int]  # that have any
    seen_columns: list[int]

    if TYPE_CHECKING:
        cells: RelatedManager[Generation]

    objects: ClassVar = SheetQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            *Withholdable.Meta.constraints,
            models.CheckConstraint(
                condition=Q(hidden_at__isnull=True) | Q(shared_at__isnull=True),
                name="sheet_hidden_is_not_shared",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="sheet_of_owner"),
            models.Index(
                fields=["-shared_at", "-id"],
                condition=Q(shared_at__isnull=False),
                name="sheet_shared",
            ),
        ]

    def __str__(self) -> str:
        return f"{len(self.rows)} by {len(self.columns)} {self.get_kind_display()}"

    def get_absolute_url(self) -> str:
        return reverse("generation:sheet", args=[self.pk])

    @property
    def subject(self) -> str:
        """Return what it is of, in words: all doses draw one prompt, and looks those on top."""
        if self.kind == self.Kind.DOSES:
            return self.first_prompt or str(self)
        return ", ".join(filter(None, self.column_heads)) or str(self)

    @property
    def row_heads(self) -> list[str]:
        """Return the words of each row, empty where the visitor may see no cell of it.

        What was drawn there may have been taken back because of these words.
        """
        return _of_seen(self.rows, self.seen_rows)

    @property
    def column_heads(self) -> list[str]:
        """Return those of each column in the same way."""
        return _of_seen(self.columns, self.seen_columns)

    @property
    def rows_in_words(self) -> str:
        return ", ".join(filter(None, self.row_heads))


def _of_seen(heads: Sequence[str], places: Container[int]) -> list[str]:
    return [head if place in places else "" for place, head in enumerate(heads)]
