"""What a large sheet, or many at once, cost the one who answers: queries, messages, the share."""

import pytest
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from generation.models import Generation
from generation.sheet_forms import LooksForm
from registry.models import Version
from tests import factories
from tests.concurrency import refused_at_once
from tests.generation.drawn_sheets import doses


def test_more_looks_than_a_sheet_has_cells_are_refused_before_any_is_looked_up(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    form = LooksForm({"aesthetics": "\n".join(f"Look {n}" for n in range(1037))}, person=ada)
    with django_assert_num_queries(0):
        errors = form.errors
    sentence = "1,037 lines are too many; a sheet has 36 pictures at most."
    assert errors["aesthetics"] == [sentence]


@pytest.mark.usefixtures("broker")
@pytest.mark.django_db(transaction=True)
def test_sheets_asked_for_at_once_do_not_pass_the_share_together(settings: Settings) -> None:
    ada = factories.person("ada")
    version = factories.published(factories.aesthetic(ada))
    settings.QUOTA_GENERATIONS = 6
    assert refused_at_once(4, lambda: doses(ada, version)) == 3
    assert Generation.objects.count() == 6


def test_the_largest_sheet_is_queued_by_a_few_queries_and_sent_at_once(
    ada: User,
    version: Version,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_assert_max_num_queries(10), django_capture_on_commit_callbacks() as callbacks:
        sheet = doses(ada, version, steps=list(range(6)), seeds=list(range(6)))
    assert sheet.cells.count() == 36
    assert len(callbacks) == 1
