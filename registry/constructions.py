"""A recipe, and what it names, in; the vector that it makes out: once to make it, again to check.

Every construction but `import` can be carried out again, from stored features or from the parents'
vectors, without an encoder. Whether the features are those of the pictures is another question.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import combinations, digests, statistics
from registry.models import Feature, Side, Version


class NotExecutable(Exception):
    """The recipe can't be carried out again; the sentence says what is missing."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What a recipe makes today, beside what the version says."""

    version: Version
    recipe_digest: str
    vector: NDArray[np.float32]  # [width]
    vector_digest: str

    @property
    def agrees(self) -> bool:
        """Whether recipe and vector are what they are called, to the last bit."""
        said = (self.version.recipe_digest, self.version.vector_digest)
        return said == (self.recipe_digest, self.vector_digest)


def execute_again(version: Version) -> Execution:
    """Carry out the recipe of a version that is ready; raise NotExecutable where it can't be.

    Features are in the database as the encoder gave them, so the same bits come out anywhere.
    """
    recipe = json.loads(bytes(version.recipe))
    if version.construction == Version.Construction.IMPORT:
        raise NotExecutable(f"{version} was imported: its recipe is the vector itself.")
    vector = of_parents(recipe) if version.is_blend else _of_snapshot(version, recipe)
    return Execution(
        version,
        digests.recipe_digest(recipe),
        vector,
        digests.vector_digest(vector.tolist()),
    )


def of_set(
    construction: str, vectors: NDArray[np.float32], towards: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the embedding [768] of a set: of features [images, 768] and their sides [images]."""
    if construction == Version.Construction.CONTRAST:
        return statistics.contrast(vectors[towards], vectors[~towards])
    return statistics.mean(vectors[towards])


def of_parents(recipe: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return the vector [768] of a blend's recipe, from its parents, which are published.

    Raises combinations.CombinationRefused where the operation has no result.
    """
    wanted = combinations.parents_of(recipe["parameters"])
    found = dict(
        Version.objects.published()
        .filter(version_digest__in=wanted)
        .values_list("version_digest", "vector")
    )
    if missing := sorted(set(wanted) - found.keys()):
        raise NotExecutable(f"The parent {missing[0]} is not here.")
    vectors = {digest: np.asarray(vector, np.float32) for digest, vector in found.items()}
    return combinations.combine(recipe["parameters"], vectors)


def _of_snapshot(version: Version, recipe: Mapping[str, Any]) -> NDArray[np.float32]:
    members = list(version.members.select_related("image").order_by("image__digest", "side"))
    named = digests.members_digest((member.image.digest, member.side) for member in members)
    if named != recipe["members"]:
        raise NotExecutable(f"The pictures of {version} are not those that its recipe names.")
    features = Feature.objects.filter(
        space=version.space_id, image__in=[member.image_id for member in members]
    )
    found = dict(features.values_list("image_id", "vector"))
    if len(found) < len({member.image_id for member in members}):
        raise NotExecutable(f"Not all pictures of {version} have their features any more.")
    vectors = np.array([found[member.image_id] for member in members], dtype=np.float32)
    towards = np.array([member.side == Side.TOWARDS for member in members])  # [images]
    return of_set(version.construction, vectors, towards)
