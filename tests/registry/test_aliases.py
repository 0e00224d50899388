"""Aliases: what they may be called, how they move, and that their history stays."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from registry import publishing, takedowns
from registry.aliases import AliasRefused, move_alias
from registry.models import Aesthetic, Alias, AliasMove, Version
from registry.models.aliases import MOVES_SHOWN
from tests import factories
from tests.concurrency import in_threads


@pytest.fixture
def second(version: Version) -> Version:
    return factories.shelved(version.aesthetic)


def refused(change: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
        change()


def test_an_alias_moves_and_each_move_is_kept(version: Version, second: Version) -> None:
    owner = version.aesthetic.owner
    first = move_alias(version.aesthetic, "stable", to=version, by=owner)
    moved = move_alias(version.aesthetic, "stable", to=second, by=owner)
    assert (first.is_new, moved.is_new) == (True, False)
    assert version.aesthetic.versions.named("stable").get() == second
    moves = AliasMove.objects.values_list("source__number", "target__number", "moved_by__username")
    assert list(moves) == [(1, 2, "ada"), (None, 1, "ada")]


def test_where_it_stands_already_no_move_is_written(version: Version) -> None:
    for _ in range(3):
        move_alias(version.aesthetic, "stable", to=version, by=version.aesthetic.owner)
    assert AliasMove.objects.count() == 1


def test_a_history_is_read_by_few_queries_and_without_any_vector(
    version: Version, second: Version
) -> None:
    for number in range(MOVES_SHOWN + 5):
        to = (version, second)[number % 2]
        for name in ("stable", "other"):
            move_alias(version.aesthetic, name, to=to, by=version.aesthetic.owner)
    with CaptureQueriesContext(connection) as queries:
        found = list(version.aesthetic.aliases.with_history())
        said = [
            [(move.source and move.source.name, move.target.name) for move in alias.moves.all()]
            for alias in found
        ]
        assert [alias.version.name for alias in found] == ["v1", "v1"]
    assert said == [[("v2", "v1"), ("v1", "v2")] * (MOVES_SHOWN // 2)] * 2
    assert len(queries) == 2
    assert not any('"vector"' in query["sql"] for query in queries.captured_queries)


@pytest.mark.parametrize("name", ["stable", "v1-beta", "2026", "_x", "A.b-c_D", "vivid", "x" * 128])
def test_names_that_may_be(version: Version, name: str) -> None:
    move_alias(version.aesthetic, name, to=version, by=version.aesthetic.owner)
    assert version.aesthetic.versions.named(name).first() == version


@pytest.mark.parametrize(
    "name",
    [
        *("latest", "Latest", "draft", "v1", "V1", "v07", "v999999"),
        *("sha256:" + "a" * 64, "a" * 64, "A" * 64, "sha256-x"),
        *("", " ", "-x", ".x", "a b", "a/b", "ä", "x" * 129, "a\n"),
    ],
)
def test_names_that_may_not_be(version: Version, name: str) -> None:
    with pytest.raises(ValidationError):
        move_alias(version.aesthetic, name, to=version, by=version.aesthetic.owner)
    row = Alias(aesthetic=version.aesthetic, name=name[:128], version=version)
    if len(name) <= 128:
        with pytest.raises(IntegrityError, match="alias_name_is_an_alias"), transaction.atomic():
            row.save()
    assert not Alias.objects.exists()


def test_it_is_moved_only_to_what_is_offered_and_of_the_aesthetic(version: Version) -> None:
    aesthetic, owner = version.aesthetic, version.aesthetic.owner
    other = factories.shelved(factories.aesthetic(owner, "other"))
    build = factories.built(factories.aesthetic(owner, "third"))
    yanked, down = factories.shelved(aesthetic), factories.shelved(aesthetic)
    publishing.yank(yanked, reason="Wrong.")
    takedowns.take_down(down, reason="Not his.")
    for target in (other, build, yanked, down):
        with pytest.raises(AliasRefused) as caught:
            move_alias(aesthetic, "stable", to=target, by=owner)
        assert caught.value.code == "not-offered"


def test_an_alias_stays_where_it_is_when_its_version_is_withdrawn(version: Version) -> None:
    move_alias(version.aesthetic, "stable", to=version, by=version.aesthetic.owner)
    publishing.yank(version, reason="Wrong.")
    assert version.aesthetic.versions.named("stable").first() == version


def test_of_another_aesthetic_the_name_is_free(version: Version) -> None:
    owner = version.aesthetic.owner
    other = factories.shelved(factories.aesthetic(owner, "other"))
    move_alias(version.aesthetic, "stable", to=version, by=owner)
    move_alias(other.aesthetic, "stable", to=other, by=owner)
    assert other.aesthetic.versions.named("stable").get() == other
    assert Version.objects.named_in_full("ada/other@stable") == other


def test_the_history_can_not_be_rewritten(version: Version, second: Version) -> None:
    move_alias(version.aesthetic, "stable", to=version, by=version.aesthetic.owner)
    move = AliasMove.objects.get()
    refused(lambda: AliasMove.objects.update(target=second))
    refused(AliasMove.objects.all().delete)
    refused(move.delete)
    refused(lambda: Alias.objects.update(name="other"))
    with connection.cursor() as cursor:
        refused(lambda: cursor.execute("DELETE FROM registry_aliasmove"))
        refused(lambda: cursor.execute("UPDATE registry_alias SET name = 'x'"))
    with pytest.raises(ProtectedError):
        Alias.objects.all().delete()
    assert AliasMove.objects.get() == move


def test_a_deleted_aesthetic_keeps_its_aliases_to_itself(version: Version) -> None:
    move_alias(version.aesthetic, "stable", to=version, by=version.aesthetic.owner)
    publishing.delete(version.aesthetic)
    assert Version.objects.public().named_in_full("ada/sea-mist@stable") is None
    assert Aesthetic.objects.get().aliases.get().name == "stable"


@pytest.mark.django_db(transaction=True)
def test_moves_at_once_make_one_history_without_a_gap() -> None:
    aesthetic = factories.aesthetic(factories.person("ada"))
    versions = [factories.shelved(aesthetic) for _ in range(4)]
    targets = iter([*versions, *versions])
    in_threads(8, lambda: move_alias(aesthetic, "stable", to=next(targets), by=aesthetic.owner))
    moves = list(AliasMove.objects.order_by("pk").values_list("source", "target"))
    sources, ends = [source for source, _ in moves], [target for _, target in moves]
    assert sources == [None, *ends[:-1]]
    assert Alias.objects.get().version_id == ends[-1]
