"""Recipes name inputs; manifests are what an OCI registry accepts."""

import enum
import json
import re

import pytest

from registry import digests, manifests

SPACE: dict[str, object] = {
    "architecture": "ViT-L-14",
    "weights": "sha256:" + "1" * 64,
    "preprocessing": {"size": 224, "interpolation": "bicubic"},
    "width": 768,
}
MEMBERS = digests.members_digest([("sha256:" + "a" * 64, "towards")])
PARENTS = ["sha256:" + "c" * 64, "sha256:" + "b" * 64]
FILES = [
    manifests.FileEntry("mist.pt", "application/zip", 3547, "sha256:" + "d" * 64),
    manifests.FileEntry("mist.json", "application/json", 15000, "sha256:" + "e" * 64),
]
FACTS: manifests.Facts = {
    "ref": "ada/mist",
    "title": "Mist",
    "licence": "CC0-1.0",
    "vector_digest": "sha256:" + "f" * 64,
    "image_set_digest": "sha256:" + "0" * 64,
    "recipe_digest": "sha256:" + "2" * 64,
    "space": "demo",
    "construction": "mean",
    "images": 214,
    "resultant_length": 0.8125,
    "parents": [],
    "attribution": [],
}


class Construction(enum.StrEnum):
    MEAN = "mean"


def a_recipe() -> dict[str, object]:
    return manifests.recipe(SPACE, "mean", {}, MEMBERS, [])


def a_manifest() -> dict[str, object]:
    recipe = a_recipe()
    facts: manifests.Facts = {**FACTS, "recipe_digest": digests.recipe_digest(recipe)}
    return manifests.manifest(digests.canonical_json(recipe), FILES, manifests.annotations(**facts))


def test_the_same_inputs_give_the_same_recipe_digest() -> None:
    shuffled = dict(reversed(SPACE.items()))
    again = manifests.recipe(shuffled, Construction.MEAN, {}, MEMBERS, [])
    assert digests.recipe_digest(again) == digests.recipe_digest(a_recipe())


def test_the_recipe_digest_is_known_outside_this_program() -> None:
    # If this changes, every version built before is built again: a breaking change.
    assert digests.recipe_digest(a_recipe()) == (
        "sha256:c9e74f2307b2652b19d58300dc790e00c44fe218cc52c0da0552727783a6096b"
    )


@pytest.mark.parametrize(
    "other",
    [
        manifests.recipe({**SPACE, "width": 1024}, "mean", {}, MEMBERS, []),
        manifests.recipe(SPACE, "contrast", {}, MEMBERS, []),
        manifests.recipe(SPACE, "mean", {"drop": 1}, MEMBERS, []),
        manifests.recipe(SPACE, "mean", {}, digests.members_digest([]), []),
        manifests.recipe(SPACE, "mean", {}, MEMBERS, PARENTS),
    ],
)
def test_any_other_input_gives_another_recipe_digest(other: dict[str, object]) -> None:
    assert digests.recipe_digest(other) != digests.recipe_digest(a_recipe())


def test_parents_name_the_same_blend_in_any_order() -> None:
    weights = {"weights": dict.fromkeys(PARENTS, 0.5)}
    none = digests.members_digest([])
    there = manifests.recipe(SPACE, "blend", weights, none, PARENTS)
    back = manifests.recipe(SPACE, "blend", weights, none, PARENTS[::-1])
    assert there == back


def test_a_recipe_lists_no_image() -> None:
    assert "a" * 64 not in json.dumps(a_recipe())


def test_a_recipe_of_unknown_construction_or_parent_is_refused() -> None:
    with pytest.raises(ValueError, match="'median' is not a construction"):
        manifests.recipe(SPACE, "median", {}, MEMBERS, [])
    with pytest.raises(ValueError, match="'ada/mist@v1' is not a digest"):
        manifests.recipe(SPACE, "blend", {}, MEMBERS, ["ada/mist@v1"])
    with pytest.raises(ValueError, match="same parent is named twice"):
        manifests.recipe(SPACE, "blend", {}, MEMBERS, [PARENTS[0], PARENTS[0]])


def test_a_manifest_has_the_fields_that_oci_requires() -> None:
    manifest = a_manifest()
    assert manifest["schemaVersion"] == 2
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["artifactType"] == "application/vnd.aesthetic-embedding.v1+json"
    assert manifest.keys() == {
        "schemaVersion", "mediaType", "artifactType", "config", "layers", "annotations"
    }  # fmt: skip


def test_every_descriptor_is_one_that_oci_accepts() -> None:
    manifest = json.loads(digests.canonical_json(a_manifest()))
    for descriptor in [manifest["config"], *manifest["layers"]]:
        assert re.fullmatch(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}", descriptor["mediaType"])
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", descriptor["digest"])
        assert isinstance(descriptor["size"], int)


def test_the_config_is_the_recipe() -> None:
    recipe = digests.canonical_json(a_recipe())
    assert a_manifest()["config"] == {
        "mediaType": "application/vnd.aesthetic-embedding.recipe.v1+json",
        "digest": digests.recipe_digest(a_recipe()),
        "size": len(recipe),
    }


def test_each_file_is_a_layer_under_its_name() -> None:
    manifest = json.loads(digests.canonical_json(a_manifest()))
    assert manifest["layers"][0] == {
        "mediaType": "application/zip",
        "digest": "sha256:" + "d" * 64,
        "size": 3547,
        "annotations": {"org.opencontainers.image.title": "mist.pt"},
    }
    assert len(manifest["layers"]) == 2


def test_the_annotations_say_what_the_vector_is_in_texts() -> None:
    assert manifests.annotations(**FACTS) == {
        "org.opencontainers.image.ref.name": "ada/mist",
        "org.opencontainers.image.title": "Mist",
        "org.opencontainers.image.licenses": "CC0-1.0",
        "vnd.aesthetic-embedding.vector-digest": "sha256:" + "f" * 64,
        "vnd.aesthetic-embedding.image-set-digest": "sha256:" + "0" * 64,
        "vnd.aesthetic-embedding.recipe-digest": "sha256:" + "2" * 64,
        "vnd.aesthetic-embedding.space": "demo",
        "vnd.aesthetic-embedding.construction": "mean",
        "vnd.aesthetic-embedding.images": "214",
        "vnd.aesthetic-embedding.resultant-length": "0.812500",
    }


def test_a_blend_has_no_annotation_of_images_that_it_does_not_have() -> None:
    facts: manifests.Facts = {**FACTS, "image_set_digest": "", "resultant_length": None}
    names = manifests.annotations(**facts).keys()
    assert "vnd.aesthetic-embedding.image-set-digest" not in names
    assert "vnd.aesthetic-embedding.resultant-length" not in names


def test_the_recipe_digest_is_annotated_in_any_case() -> None:
    recipe = a_recipe()
    manifest = manifests.manifest(digests.canonical_json(recipe), FILES, {})
    assert manifest["annotations"] == {
        "vnd.aesthetic-embedding.recipe-digest": digests.recipe_digest(recipe)
    }


def test_what_an_oci_registry_would_refuse_is_refused() -> None:
    recipe = digests.canonical_json(a_recipe())
    wrong = manifests.FileEntry("mist.pt", "application/zip", 3547, "d" * 64)
    with pytest.raises(ValueError, match="is not a digest"):
        manifests.manifest(recipe, [wrong], {})
    with pytest.raises(ValueError, match="at least one file"):
        manifests.manifest(recipe, [], {})
    with pytest.raises(TypeError, match="images is 214; OCI wants a text"):
        manifests.manifest(recipe, FILES, {"images": 214})  # type: ignore[dict-item]


def test_a_recipe_that_is_not_canonical_is_refused() -> None:
    with pytest.raises(ValueError, match="not in canonical JSON"):
        manifests.manifest(json.dumps(a_recipe(), indent=2).encode(), FILES, {})


def test_a_recipe_with_a_very_large_number_is_canonical() -> None:
    recipe = manifests.recipe(SPACE, "blend", {"weight": 6.383815192386645e16}, MEMBERS, [])
    assert manifests.manifest(digests.canonical_json(recipe), FILES, {})


def test_annotations_of_another_recipe_are_refused() -> None:
    with pytest.raises(ValueError, match="The annotations name sha256:2222"):
        manifests.manifest(
            digests.canonical_json(a_recipe()), FILES, manifests.annotations(**FACTS)
        )
