"""A sheet: drawings beside each other, which differ in two things and share all others."""

import uuid
from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
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

    def with_prompt(self) -> Self:
        """Bring along the prompt of the first cell, which `subject` wants."""
        cells = Generation.objects.filter(sheet=OuterRef("pk")).order_by("row", "column")
        return self.annotate(first_prompt=Subquery(cells.values("prompt")[:1]))

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

    # Not a column: what `with_prompt` brings along; None for a sheet without cells.
    first_prompt: str | None

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
        return ", ".join(self.columns)
