"""Standard sheets: drawn when nobody waits, given back when somebody does, shown and compared."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as current
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from PIL import Image as Picture
from pytest_django import Settings

from accounts.models import User
from generation import standard_sheets
from generation.models import StandardSheet
from generation.models.standard_sheets import RETRY_HOURS
from generation.prompts import queue_generation
from generation.tasks import draw_standard_sheet, ensure_standard_sheets
from generation.worker_models import checkpoint_digest
from registry import blobs, jobs, publishing, takedowns
from registry.leases import JobFailed, Lease
from registry.models import Aesthetic, JobState, Verification, Version
from registry.queueing import queue_build
from tests import factories
from tests.generation.drawn_standard import PROMPTS, failed, finished

pytestmark = pytest.mark.usefixtures("one_torch_thread", "broker")


@pytest.fixture(autouse=True)
def quick(settings: Settings, tmp_path: Path) -> None:
    """Let the checkpoint's dose be small."""
    dose = json.loads(settings.DOSE_FILE.read_text(encoding="utf-8"))
    dose |= {"steps": 2, "sampling_steps": 2, "width": 64, "height": 64}
    settings.DOSE_FILE = tmp_path / "dose.json"
    settings.DOSE_FILE.write_text(json.dumps(dose | {"standard_prompts": PROMPTS}))


def change_dose(settings: Settings, **values: Any) -> None:
    """Let the checkpoint have another dose, as after its file was written anew."""
    dose = json.loads(settings.DOSE_FILE.read_text(encoding="utf-8"))
    settings.DOSE_FILE = settings.DOSE_FILE.with_stem(f"{settings.DOSE_FILE.stem}-changed")
    settings.DOSE_FILE.write_text(json.dumps(dose | values))


def drawn(version: Version) -> StandardSheet:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert sheet.version == version
    return sheet


def hours_pass() -> None:
    """Let what has ended have ended before the hours after which a failed one is due."""
    StandardSheet.objects.update(finished_at=F("finished_at") - timedelta(hours=RETRY_HOURS))


# --- Drawing ------------------------------------------------------------------------------------


def test_each_prompt_and_seed_is_drawn_at_no_half_and_all_of_the_dose(measured: Version) -> None:
    sheet = drawn(measured)
    assert sheet.has_succeeded, sheet.reason
    places = [(cell["prompt"], cell["seed"], cell["steps"]) for cell in sheet.cells]
    assert places == [
        (prompt, seed, steps) for prompt in PROMPTS for seed in (1, 2) for steps in (0, 1, 2)
    ]
    whole = Picture.open(io.BytesIO(blobs.read_blob(sheet.picture)))
    assert whole.size == (3 * 64 + 2 * 4, 4 * 64 + 3 * 4)
    assert len({cell["digest"] for cell in sheet.cells}) == len(sheet.cells)
    assert sheet.checkpoint == checkpoint_digest()


def test_the_same_words_are_drawn_plain_to_the_same_bytes_for_every_look(
    measured: Version,
) -> None:
    first = drawn(measured)
    StandardSheet.objects.all().delete()
    again = drawn(measured)
    assert again.cells == first.cells
    assert again.picture == first.picture


def test_a_version_gets_one_sheet_of_each_checkpoint(measured: Version) -> None:
    drawn(measured)
    assert standard_sheets.ensure_next() is None
    sheet = StandardSheet.objects.get()
    with pytest.raises(IntegrityError, match="once_for_a_checkpoint"), transaction.atomic():
        StandardSheet.objects.create(version=sheet.version, checkpoint=sheet.checkpoint)
    StandardSheet.objects.update(checkpoint="sha256:" + "0" * 64)
    assert standard_sheets.ensure_next() is not None


def test_only_what_everybody_may_see_is_drawn(measured: Version) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    assert standard_sheets.ensure_next() is None
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PUBLIC)
    publishing.yank(measured, reason="A picture was not mine.")
    assert standard_sheets.ensure_next() is None


def test_none_is_begun_while_somebody_waits(ada: User, measured: Version) -> None:
    waiting = queue_generation(ada, version=measured, prompt="a cat")
    assert standard_sheets.ensure_next() is None
    type(waiting).objects.cancel(waiting.pk)
    ensure_standard_sheets()
    assert StandardSheet.objects.get().state == JobState.QUEUED


@pytest.mark.parametrize("kind", ["build", "verification"])
def test_builds_and_verifications_go_first(measured: Version, kind: str) -> None:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    waiting = awaited(measured, kind)
    StandardSheet.objects.filter(pk=sheet.pk).update(checkpoint="sha256:" + "0" * 64)
    assert standard_sheets.ensure_next() is None
    StandardSheet.objects.filter(pk=sheet.pk).update(checkpoint=sheet.checkpoint)
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert (sheet.state, sheet.begun["cells"]) == (JobState.QUEUED, [])
    type(waiting).objects.cancel(waiting.pk)
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert sheet.has_succeeded


def awaited(version: Version, kind: str) -> Verification | Version:
    if kind == "verification":
        return Verification.objects.create(version=version)
    draft = factories.aesthetic(version.aesthetic.owner, "draft")
    factories.members(draft, 2)
    return queue_build(draft).version


class EndedLease(Lease):
    """The lease of a worker that the time limit ends when it reports for the third time."""

    reports = 0

    def report(self, **said: Any) -> None:
        super().report(**said)
        self.reports += 1
        if self.reports == 3:
            raise KeyboardInterrupt


def ended_at_its_third_row(sheet: StandardSheet) -> None:
    lease = EndedLease(sheet)
    assert lease.claim()
    with pytest.raises(KeyboardInterrupt):
        standard_sheets.draw(sheet, lease)
    StandardSheet.objects.update(leased_until=timezone.now() - timedelta(minutes=1))


def test_a_worker_that_is_ended_costs_one_row(measured: Version) -> None:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    ended_at_its_third_row(sheet)
    sheet.refresh_from_db()
    assert (sheet.done, len(sheet.begun["cells"])) == (2, 6)
    # What the next one keeps of them shows in a digest that no picture has.
    sheet.begun["cells"][0]["digest"] = kept = blobs.ensure_blob(factories.picture(9))
    sheet.save()
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert sheet.has_succeeded, sheet.reason
    assert (len(sheet.cells), sheet.cells[0]["digest"]) == (12, kept)


class LeaseMeanwhile(Lease):
    """The lease of a worker that has drawn two rows when something happens."""

    def __init__(self, sheet: StandardSheet, happens: Callable[[], object]) -> None:
        super().__init__(sheet)
        self.happens = happens

    def report(self, **said: Any) -> None:
        super().report(**said)
        if said["done"] == 2:
            self.happens()


def test_no_further_row_is_drawn_of_what_was_withdrawn_meanwhile(measured: Version) -> None:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    lease = LeaseMeanwhile(sheet, lambda: publishing.yank(measured, reason="It is not mine."))
    assert lease.claim()
    with pytest.raises(JobFailed, match=r"ada/nebulae@v1 is not public any more, or was withdrawn"):
        standard_sheets.draw(sheet, lease)
    sheet.refresh_from_db()
    assert len(sheet.begun["cells"]) == 6


@pytest.mark.parametrize("what", ["private", "withdrawn", "taken down", "deleted"])
def test_what_is_no_longer_offered_is_neither_drawn_nor_tried_again(
    version: Version, what: str
) -> None:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    if what == "private":
        Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    elif what == "withdrawn":
        publishing.yank(version, reason="A picture was not mine.")
    elif what == "taken down":
        takedowns.take_down(version, reason="The pictures were not ada's.")
    else:
        publishing.delete(version.aesthetic)
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert (sheet.state, sheet.begun["cells"]) == (JobState.FAILED, [])
    assert sheet.reason == "ada/sea-mist@v1 is not public any more, or was withdrawn."
    hours_pass()
    assert standard_sheets.ensure_next() is None


def test_what_is_public_again_is_drawn_later(version: Version) -> None:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    draw_standard_sheet(str(sheet.pk))
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PUBLIC)
    assert standard_sheets.ensure_next() is None
    hours_pass()
    assert standard_sheets.ensure_next() == sheet


@pytest.mark.parametrize("changed", [{"standard_prompts": PROMPTS[::-1]}, {"rate": 5e-3}])
def test_rows_of_another_dose_are_drawn_again(
    measured: Version, settings: Settings, changed: dict[str, Any]
) -> None:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    ended_at_its_third_row(sheet)
    sheet.refresh_from_db()
    sheet.begun["cells"][0]["digest"] = earlier = blobs.ensure_blob(factories.picture(9))
    sheet.save()
    change_dose(settings, **changed)
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert sheet.has_succeeded, sheet.reason
    first, second = changed.get("standard_prompts", PROMPTS)
    assert [cell["prompt"] for cell in sheet.cells] == [first] * 6 + [second] * 6
    assert earlier not in {cell["digest"] for cell in sheet.cells}


def test_a_sheet_of_another_dose_is_drawn_again_some_hours_later(
    measured: Version, settings: Settings
) -> None:
    sheet = drawn(measured)
    hours_pass()
    assert standard_sheets.ensure_next() is None
    before = sheet.cells
    StandardSheet.objects.update(attempts=current.JOB_ATTEMPTS, finished_at=timezone.now())
    change_dose(settings, rate=5e-3, guidance=2.0)
    assert standard_sheets.ensure_next() is None
    hours_pass()
    assert drawn(measured) == sheet
    sheet.refresh_from_db()
    assert (sheet.state, sheet.attempts) == (JobState.SUCCEEDED, 1)
    assert (sheet.recipe["rate"], sheet.recipe["guidance"]) == (5e-3, 2.0)
    assert not {cell["digest"] for cell in before} & {cell["digest"] for cell in sheet.cells}
    hours_pass()
    assert standard_sheets.ensure_next() is None


def test_what_was_drawn_is_shown_until_the_new_one_is_there_or_for_good(
    measured: Version, settings: Settings
) -> None:
    before = drawn(measured)
    change_dose(settings, rate=5e-3)
    hours_pass()
    assert standard_sheets.ensure_next() == before
    seen = StandardSheet.objects.visible_to(AnonymousUser())
    pictures = []
    lease = LeaseMeanwhile(before, lambda: pictures.append(seen.get().picture))
    assert lease.claim()
    standard_sheets.draw(before, lease)
    assert pictures == [before.picture]
    after = seen.get()
    assert after.picture != before.picture
    assert after.begun == {}
    change_dose(settings, rate=4e-3)
    hours_pass()
    assert standard_sheets.ensure_next() == after
    publishing.yank(measured, reason="It is not mine.")
    draw_standard_sheet(str(after.pk))
    stays = seen.get()
    assert stays.state == JobState.FAILED
    assert (stays.recipe, stays.cells, stays.picture) == (
        after.recipe,
        after.cells,
        after.picture,
    )


def test_a_sheet_of_another_dose_that_nobody_else_may_see_stays(measured: Version) -> None:
    finished(measured, checkpoint=checkpoint_digest())
    StandardSheet.objects.update(finished_at=timezone.now())
    hours_pass()
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    assert standard_sheets.ensure_next() is None
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PUBLIC)
    assert standard_sheets.ensure_next() is not None


def test_it_is_given_back_where_somebody_waits_and_goes_on_later(
    ada: User, measured: Version
) -> None:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    waiting = queue_generation(ada, version=measured, prompt="a cat")
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert (sheet.state, sheet.begun["cells"], sheet.attempts) == (JobState.QUEUED, [], 0)
    type(waiting).objects.cancel(waiting.pk)
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert sheet.has_succeeded
    assert len(sheet.cells) == 12


def test_a_worker_with_another_checkpoint_gives_it_back_and_draws_its_own(
    measured: Version,
) -> None:
    sheet = StandardSheet.objects.create(version=measured, checkpoint="sha256:" + "0" * 64)
    jobs.send(draw_standard_sheet, sheet)
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert (sheet.state, sheet.attempts) == (JobState.QUEUED, 0)
    soon = StandardSheet.objects.unsent(seconds=current.JOB_RESEND_SECONDS)
    assert not soon.exists()
    own = standard_sheets.ensure_next()
    assert own is not None
    assert own.checkpoint == checkpoint_digest()


def test_what_failed_is_drawn_again_some_hours_later(
    measured: Version, settings: Settings, tmp_path: Path
) -> None:
    media, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "full"
    (tmp_path / "full").touch()  # a file, so nothing can be stored below it
    sheet = drawn(measured)
    assert (sheet.state, sheet.reason) == (JobState.FAILED, jobs.OUR_FAULT)
    settings.MEDIA_ROOT = media
    assert standard_sheets.ensure_next() is None
    hours_pass()
    assert drawn(measured) == sheet
    sheet.refresh_from_db()
    assert (sheet.state, sheet.reason, sheet.attempts) == (JobState.SUCCEEDED, "", 2)


def test_what_fails_time_after_time_is_let_be(measured: Version) -> None:
    failed(measured, attempts=current.JOB_ATTEMPTS)
    hours_pass()
    assert standard_sheets.ensure_next() is None
    StandardSheet.objects.update(attempts=current.JOB_ATTEMPTS - 1)
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    assert standard_sheets.ensure_next() is None
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PUBLIC)
    assert standard_sheets.ensure_next() is not None


def test_the_sheets_can_be_switched_off(settings: Settings, measured: Version) -> None:
    settings.STANDARD_SHEETS = False
    ensure_standard_sheets()
    assert not StandardSheet.objects.exists()
