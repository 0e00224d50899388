"""Looks that a picture's file says were mixed in: read back, told, or refused."""

import json
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from PIL import Image as Picture

from accounts.models import User
from generation.infotext import png
from generation.models import Generation
from generation.prompts import queue_generation
from generation.provenance import personalised_png
from registry import digests
from registry.models import Aesthetic, Version
from tests import factories
from tests.generation.test_infotext_reading import FOREIGN
from tests.generation.test_retracing import PIXELS, info

pytestmark = pytest.mark.django_db


def test_a_mixture_is_read_back_into_the_form_and_the_api(
    client: Client, ada: User, version: Version
) -> None:
    other = factories.shelved(factories.aesthetic(factories.person("eve"), "ink"))
    made = queue_generation(
        ada, version=version, prompt="a boat", others=[(other, -0.5)], aesthetic_text="neon"
    )
    made.checkpoint = version.vector_digest
    file = personalised_png(made, Picture.new("RGB", (8, 8)))
    answer = client.post("/api/v1/picture-info", {"file": SimpleUploadedFile("a.png", file)})
    assert answer.status_code == 200, answer.content
    body = answer.json()["generation"]
    assert body["others"] == [{"aesthetic": str(other), "weight": -0.5}]
    assert body["aesthetic_text"] == "neon"
    page = client.post("/drawings/read", {"file": SimpleUploadedFile("a.png", file)})
    assert f"-0.5 of <code>{other}</code>" in " ".join(page.content.decode().split())
    query = QueryDict(urlsplit(page.context["shown"].link).query)
    assert query["others"] == f"{other} -0.5"


@pytest.fixture
def mixed(ada: User, version: Version) -> Generation:
    """ada's drawing in her look with half of eve/ink."""
    other = factories.shelved(factories.aesthetic(factories.person("eve"), "ink"))
    made = queue_generation(ada, version=version, prompt="a boat", others=[(other, 0.5)])
    made.checkpoint = version.vector_digest
    return made


def test_a_look_that_was_mixed_in_and_is_not_here_is_named(
    client: Client, mixed: Generation
) -> None:
    file = personalised_png(mixed, PIXELS)
    Aesthetic.objects.filter(slug="ink").update(visibility=Aesthetic.Visibility.PRIVATE)
    said = info(client, file).json()
    assert "others" not in said["generation"]
    told = "The look “eve/ink@v1”, which is mixed in, can't be mixed in here."
    assert told in said["remarks"]


def test_a_mixture_of_which_only_the_web_uis_text_is_left_is_told(
    client: Client, mixed: Generation
) -> None:
    whole = personalised_png(mixed, PIXELS)
    text = Picture.open(BytesIO(whole)).info["parameters"]
    left = png(PIXELS, {"parameters": text}, {})
    assert info(client, whole).json()["remarks"] == []
    assert info(client, left).json()["remarks"] == ["The hub has no setting for: Aesthetic mix."]


DIGEST = digests.digest_bytes(b"")
NOT_OURS = [
    "abc",
    True,
    {},
    ["abc"],
    [{"vector_digest": 5, "weight": 1}],
    [{"vector_digest": DIGEST}],
    [{"vector_digest": DIGEST, "weight": "1"}],
    [{"vector_digest": DIGEST, "weight": 10**400}],
    [{"vector_digest": DIGEST, "weight": float("1e999")}],
    [{"vector_digest": DIGEST, "weight": 1, "version_digest": "\0"}],
    [{"vector_digest": DIGEST, "weight": 1, "aesthetic": "\ud800/x"}],
    [{"vector_digest": DIGEST, "weight": 1, "aesthetic": ["a/b"]}],
]


@pytest.mark.parametrize("others", NOT_OURS, ids=lambda others: str(others)[:60])
def test_a_list_of_mixed_in_looks_that_the_hub_would_not_write_is_told(
    client: Client, others: object
) -> None:
    recipe = json.dumps({"prompt": "a cat", "vector_digest": DIGEST, "others": others})
    recipe = recipe.replace("Infinity", "1e999")
    answer = info(client, png(PIXELS, {"parameters": FOREIGN, "aesthetic": recipe}, {}))
    assert answer.status_code == 200, answer.content
    assert "is not one that the hub wrote" in " ".join(answer.json()["remarks"])


@pytest.mark.parametrize(
    ("mixed", "sentence"),
    [
        ([0.5] * 8, "8 looks are too many to mix in; use 7 at most."),
        ([0.5, 0.5], "is named twice."),
        ([3], "has the weight 3; use -2 to 2, but not 0."),
    ],
)
def test_looks_that_no_drawing_can_mix_in_are_told_and_not_offered(
    client: Client, version: Version, mixed: list[float], sentence: str
) -> None:
    other = factories.shelved(factories.aesthetic(factories.person("eve"), "ink"))
    listed = [{"vector_digest": other.vector_digest, "weight": weight} for weight in mixed]
    recipe = {"prompt": "a cat", "vector_digest": version.vector_digest, "others": listed}
    file = png(PIXELS, {"parameters": FOREIGN, "aesthetic": json.dumps(recipe)}, {})
    body = info(client, file).json()
    assert "others" not in body["generation"]
    assert sentence in " ".join(body["remarks"])
