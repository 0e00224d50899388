"""From two lists to a sheet of drawings in the queue; remove one, put it back. Request side.

Every cell is a generation of its own, so that it is drawn, cancelled, looked at and repeated like
any other, and many workers may draw one sheet.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Subquery
from django.db.models.functions import Now

from accounts.models import User
from accounts.refusals import Refusal
from generation.models import Generation, Sheet
from generation.models.generations import LARGEST_SEED
from generation.models.sheets import MOST_CELLS
from generation.prompts import check_share, new_generation, new_seed, queue_all
from registry.models import Version


class SheetRemoved(Refusal):
    """A single cell of a removed sheet cannot be put back."""


@transaction.atomic
def queue_doses_by_seeds(
    owner: User,
    *,
    version: Version,
    prompt: str,
    steps: Sequence[int],
    seeds: Sequence[int],
    **parameters: Any,
) -> Sheet:
    """Queue one prompt in one look: a row for each number of steps, a column for each seed.

    Raises ValidationError by field, QuotaExceeded and QueueFull.
    """
    _check_size("steps", steps, seeds)
    sheet = Sheet(
        owner=owner,
        kind=Sheet.Kind.DOSES,
        rows=[f"{count} step" if count == 1 else f"{count} steps" for count in steps],
        columns=[f"seed {seed}" for seed in seeds],
    )
    cells = [{"steps": count, "seed": seed} for count in steps for seed in seeds]
    return _queue(sheet, cells, version=version, prompt=prompt, **parameters)


@transaction.atomic
def queue_looks_by_prompts(
    owner: User, *, versions: Sequence[Version], prompts: Sequence[str], **parameters: Any
) -> Sheet:
    """Queue prompts in several looks, all from one seed: a row for each look.

    Raises ValidationError by field, QuotaExceeded and QueueFull.
    """
    _check_size("prompts", versions, prompts)
    seed = parameters.pop("seed", None)
    chosen = {**parameters, "seed": new_seed() if seed is None else seed}
    sheet = Sheet(
        owner=owner,
        kind=Sheet.Kind.LOOKS,
        rows=[str(version) for version in versions],
        columns=list(prompts),
    )
    cells = [{"version": version, "prompt": prompt} for version in versions for prompt in prompts]
    return _queue(sheet, cells, **chosen)


def following_seeds(first: int | None, count: int) -> list[int]:
    """Return `count` seeds from `first` on, or from one drawn at random; after the last comes 0."""
    start = new_seed() if first is None else first
    return [(start + index) % (LARGEST_SEED + 1) for index in range(count)]


def cancel(sheet: Sheet) -> int:
    """End the cells that wait or run; return how many there were."""
    return Generation.objects.filter(sheet=sheet).cancel_all()


@transaction.atomic
def remove(sheet: Sheet) -> bool:
    """Take `sheet` and its cells out of all lists and out of public view; False if done before.

    Cells that wait or run are cancelled. The rows stay: they count in their day's quota, and can
    be put back.
    """
    found = Sheet.objects.lock(sheet.pk)
    if found.hidden_at is not None:
        return False
    these = Sheet.objects.filter(pk=found.pk)
    these.update(hidden_at=Now(), shared_at=None)
    cells = Generation.objects.filter(sheet=found)
    cells.cancel_all()
    cells.kept().update(hidden_at=Subquery(these.values("hidden_at")), shared_at=None)
    return True


@transaction.atomic
def put_back(sheet: Sheet) -> bool:
    """Undo the removal of `sheet`; False where it was not removed.

    Its cells come back with it, but for those that had been removed by themselves before.
    """
    found = Sheet.objects.lock(sheet.pk)
    if found.hidden_at is None:
        return False
    cells = Generation.objects.filter(sheet=found, hidden_at=found.hidden_at)
    cells.update(hidden_at=None)
    Sheet.objects.filter(pk=found.pk).update(hidden_at=None)
    return True


def _queue(sheet: Sheet, cells: Sequence[dict[str, Any]], **shared: Any) -> Sheet:
    """Save a sheet with its cells, row by row: what each has of its own, and what all share."""
    check_share(sheet.owner, asked=len(cells))
    sheet.save()
    places = product(range(len(sheet.rows)), range(len(sheet.columns)))
    drawings = [
        new_generation(sheet.owner, sheet=sheet, row=row, column=column, **{**shared, **cell})
        for (row, column), cell in zip(places, cells, strict=True)
    ]
    queue_all(drawings, shared.get("others", ()))
    return sheet


def _check_size(field: str, rows: Sequence[Any], columns: Sequence[Any]) -> None:
    cells = len(rows) * len(columns)
    if not 0 < cells <= MOST_CELLS:
        sentence = (
            f"{len(rows)} by {len(columns)} are {cells} pictures; a sheet has 1 to {MOST_CELLS}."
        )
        raise ValidationError({field: ValidationError(sentence, code="too-many-cells")})
