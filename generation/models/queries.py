"""Who may see which generations, how they are found, and how they change hands."""

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from accounts.models import User
from generation.models.ingredients import Ingredient
from registry.models import Aesthetic, JobState, Version
from registry.models.jobs import FINAL_STATES, JobQuerySet

if TYPE_CHECKING:
    from generation.models.generations import Generation
    from generation.models.sheets import Sheet


# A cell of a removed sheet is hidden as long as the sheet is.
_SHEET_IS_KEPT = Q(sheet__isnull=True) | Q(sheet__hidden_at__isnull=True)


class GenerationQuerySet(JobQuerySet["Generation"]):
    def owned_by(self, person: User | AnonymousUser) -> Self:
        """Return what `person` has drawn, removed ones included."""
        return self.filter(owner=person) if isinstance(person, User) else self.none()

    def shared_with(self, person: User | AnonymousUser) -> Self:
        """Return the shared drawings that `person` may see.

        What hides a look hides what was drawn with it: its owner made it private or deleted it,
        or withdrew the version. That goes for looks that were mixed in as well. So does leaving
        the hub.
        """
        seen = Version.objects.visible_to(person).offered()
        return self.only_with(seen).filter(shared_at__isnull=False, owner__is_active=True)

    def only_with(self, versions: models.QuerySet[Version]) -> Self:
        """Return what has no look, its own or one that is mixed in, but those of `versions`."""
        # EXISTS, not IN: beside an `or` PostgreSQL would list all versions to look at one.
        these = versions.filter(pk=OuterRef("version"))
        others = Ingredient.objects.filter(~Exists(these), generation=OuterRef("pk"))
        return self.filter(Exists(these), ~Exists(others))

    def not_only_with(self, versions: models.QuerySet[Version]) -> Self:
        """Return what has some look that is not among those of `versions`."""
        these = versions.filter(pk=OuterRef("version"))
        others = Ingredient.objects.filter(~Exists(these), generation=OuterRef("pk"))
        return self.filter(~Exists(these) | Exists(others))

    def visible_to(self, person: User | AnonymousUser) -> Self:
        """Return what `person` may know of: their own, and what is shared with them."""
        return self.owned_by(person) | self.shared_with(person)

    def kept(self) -> Self:
        """Return what its owner has not removed."""
        return self.filter(hidden_at__isnull=True)

    def removed(self) -> Self:
        """Return what its owner has removed, and may put back by itself.

        What lies in a removed sheet is put back with the sheet.
        """
        return self.filter(_SHEET_IS_KEPT, hidden_at__isnull=False)

    def alone(self) -> Self:
        """Return what was not asked for as a part of a sheet."""
        return self.filter(sheet__isnull=True)

    def shared_apart_from(self, sheets: models.QuerySet["Sheet"]) -> Self:
        """Return what was not shared with one of `sheets`, which are listed each as one."""
        as_one = sheets.order_by().filter(pk=OuterRef("sheet"), shared_at=OuterRef("shared_at"))
        return self.filter(~Exists(as_one))

    def in_sheet(self, sheet: "Sheet", *, person: User | AnonymousUser) -> Self:
        """Return the cells that `person` may see: the owner all, others what is shared."""
        cells = self.filter(sheet=sheet)
        return cells if sheet.owner_id == person.pk else cells.shared_with(person)

    def in_look(self, aesthetic: Aesthetic) -> Self:
        """Return what was drawn with any version of `aesthetic`."""
        return self.filter(version__aesthetic=aesthetic)

    def saying(self, words: str) -> Self:
        """Return what has each of these words, or a longer word with it inside, in its prompt."""
        return self.filter(*(Q(prompt__icontains=word) for word in words.split()))

    def newest_shared(self) -> Self:
        """Put what was shared last first."""
        return self.order_by("-shared_at", "-pk")

    def newest_drawn(self) -> Self:
        """Return what has its pictures, what was drawn last first."""
        return self.filter(state=JobState.SUCCEEDED).order_by("-finished_at")

    def looks(self) -> models.QuerySet[Aesthetic]:
        """Return the looks that these were drawn with, hidden ones too, the last one first."""
        used = Aesthetic.objects.filter(pk__in=self.order_by().values("version__aesthetic"))
        in_it = self.filter(version__aesthetic=OuterRef("pk")).order_by("-created_at")
        last = Subquery(in_it.values("created_at")[:1])
        return used.select_related("owner").order_by(last.desc(), "pk")

    def waiting_alike(self, generation: "Generation", fields: Iterable[str]) -> Self:
        """Return what waits to be drawn in the same space with these fields the same."""
        same = {name: getattr(generation, name) for name in fields}
        space = generation.version.space
        waiting = self.filter(state=JobState.QUEUED, version__space=space, **same)
        return waiting.exclude(pk=generation.pk).order_by("created_at", "pk")

    def with_look(self, person: User | AnonymousUser) -> Self:
        """Bring along what pages and answers say to `person` of the look and of who drew with it.

        A look may be hidden from whoever drew with it; `look_name` says what it is called then.
        """
        unsaid = ("version__vector", "version__manifest", "version__recipe")
        seen = Aesthetic.objects.visible_to(person).filter(pk=OuterRef("version__aesthetic"))
        named = self.select_related("owner", "version__aesthetic__owner").defer(*unsaid)
        return named.annotate(look_is_seen=Exists(seen))

    def with_ingredients(self) -> Self:
        """Bring along the looks that were mixed in, and their names."""
        ingredients = Ingredient.objects.select_related("version__aesthetic__owner")
        unsaid = ("version__vector", "version__manifest", "version__recipe")
        return self.prefetch_related(models.Prefetch("ingredients", ingredients.defer(*unsaid)))

    def share(self, pk: uuid.UUID) -> bool:
        """Let everybody see `pk`; False for what has no pictures, no public look, or is removed."""
        drawn = self.filter(pk=pk).shareable()
        return bool(drawn.update(shared_at=Coalesce("shared_at", Now())))

    def shareable(self) -> Self:
        """Return what its owner may share: drawn, not removed, in looks that are public.

        And not withheld by a keeper.
        """
        public = Version.objects.public().offered()
        free = self.kept().filter(withheld_at__isnull=True)
        return free.only_with(public).filter(state=JobState.SUCCEEDED)

    def unshare(self, pk: uuid.UUID) -> bool:
        """Take `pk` back; False where it was not shared."""
        return bool(self.filter(pk=pk, shared_at__isnull=False).update(shared_at=None))

    def remove(self, pk: uuid.UUID) -> bool:
        """Take `pk` out of the history and out of public view, ended if it still waits or runs.

        The row stays: it counts in its day's quota, and can be put back. False where it was
        removed already.
        """
        self.cancel(pk)
        ended = self.kept().filter(pk=pk, state__in=FINAL_STATES)
        return bool(ended.update(hidden_at=Now(), shared_at=None))

    def put_back(self, pk: uuid.UUID) -> bool:
        """Undo the removal of `pk`, for its owner alone; False where there is none of its own."""
        return bool(self.removed().filter(pk=pk).update(hidden_at=None))
