"""What a version was made of: its parents, which a recipe names by their digests."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection, models
from django.db.models import F, Q

from registry.models.versions import Version

# One query each, however long the line: a blend of blends may have thousands of ancestors.
ANCESTRY = """
    WITH RECURSIVE line (version_id, parent_id) AS (
        SELECT version_id, parent_id FROM registry_parentage WHERE version_id = ANY(%s)
        UNION
        SELECT link.version_id, link.parent_id
        FROM registry_parentage AS link JOIN line ON link.version_id = line.parent_id
    )
    SELECT version_id, parent_id FROM line
"""
PROGENY = """
    WITH RECURSIVE line (parent_id, version_id) AS (
        SELECT parent_id, version_id FROM registry_parentage WHERE parent_id = ANY(%s)
        UNION
        SELECT link.parent_id, link.version_id
        FROM registry_parentage AS link JOIN line ON link.parent_id = line.version_id
    )
    SELECT parent_id, version_id FROM line
"""


class ParentageQuerySet(models.QuerySet["Parentage"]):
    def ancestry(self, of: Collection[UUID]) -> list[tuple[UUID, UUID]]:
        """Return every link above these versions, whoever may see it: each version, its parent."""
        return _links(ANCESTRY, of)

    def progeny(self, of: Collection[UUID]) -> list[tuple[UUID, UUID]]:
        """Return every link below these versions, whoever may see it: each parent, its version."""
        return _links(PROGENY, of)


def _links(query: str, start: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [list(start)])
        return list(cursor.fetchall())


class Parentage(models.Model):
    """One parent of a blend. A database trigger seals the rows of a published version."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="parentage")
    parent = models.ForeignKey(Version, models.PROTECT, related_name="offspring")

    objects = ParentageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "parent"], name="parentage_once_per_version"
            ),
            models.CheckConstraint(
                condition=~Q(version=F("parent")), name="parentage_of_another_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parent_id} of {self.version_id}"
