"""`/by-hash`: one digest, a thousand, or a file."""

import numpy as np
import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from registry import formats
from registry.models import Version
from tests import factories
from tests.answers import Answer, errors, problem
from tests.registry.made_files import json_of, safetensors_of, saved, tensor

PATH = "/api/v1/by-hash"
NOTHING = "sha256:" + "0" * 64


def ask(client: Client, *digests: str) -> Answer:
    return client.post(PATH, {"digests": digests}, "application/json")


def send(client: Client, data: bytes) -> dict[str, object]:
    answer = client.post(PATH, {"file": SimpleUploadedFile("x.pt", data)})
    assert answer.status_code == 200
    body: dict[str, object] = answer.json()
    return body


def test_the_answer_says_what_the_digest_names(client: Client, version: Version) -> None:
    body = client.get(f"{PATH}/{version.vector_digest}").json()
    assert (body["names"], body["digest"]) == ("vector", version.vector_digest)
    assert [item["ref"] for item in body["items"]] == ["ada/sea-mist@v1"]


def test_up_to_1_000_are_answered_in_order_entry_or_null(client: Client, version: Version) -> None:
    asked = [version.version_digest, *[NOTHING] * 998, version.vector_digest[7:]]
    items = ask(client, *asked).json()["items"]
    assert len(items) == 1_000
    assert (items[0]["names"], items[-1]["names"]) == ("version", "vector")
    assert items[0]["version"]["ref"] == "ada/sea-mist@v1"
    assert set(map(str, items[1:-1])) == {"None"}
    assert errors(ask(client, *[NOTHING] * 1_001)) == {"/digests": "max_length"}


def test_a_question_needs_no_token_and_a_token_that_reads_is_enough(
    client: Client, version: Version, bob: User
) -> None:
    headers = factories.bearer(bob, "read")
    answer = client.post(
        PATH, {"digests": [version.version_digest]}, "application/json", headers=headers
    )
    assert answer.json()["items"][0]["names"] == "version"
    assert ask(client).json() == {"items": []}


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (json_of(space="a\0b"), "which is no name of a space"),
        (json_of(space="\ud800"), "half of a surrogate pair"),
        (safetensors_of({"__metadata__": {"space": "\0"}, "x": tensor(0, 3072)}), "no name of a"),
        (safetensors_of({"aa_guard": tensor(0, 3072)}), ""),
    ],
    ids=["NUL", "half a pair", "NUL in metadata", "a tensor called as the guard"],
)
def test_a_file_that_says_or_calls_oddly_what_it_is_of_is_answered(
    client: Client, db: None, data: bytes, refusal: str
) -> None:
    body = send(client, data)
    assert refusal in str(body["refusal"])
    assert bool(body["vector_digest"]) == (not refusal)


@pytest.mark.parametrize("body", [{}, {"digests": "x"}, {"digests": [["x"]]}, []])
def test_what_is_no_list_of_digests_is_named(client: Client, db: None, body: object) -> None:
    assert client.post(PATH, body, "application/json").status_code == 422


def test_a_file_is_found_by_its_bytes_its_vector_or_what_is_near(
    client: Client, version: Version
) -> None:
    vector = torch.tensor(version.vector)
    by_bytes = send(client, formats.write_pt(np.array(version.vector, dtype=np.float32)))
    assert by_bytes["file"]["names"] == "file"  # type: ignore[index]
    by_vector = send(client, saved(vector))
    assert by_vector["file"] is None
    assert by_vector["vector"]["items"][0]["ref"] == "ada/sea-mist@v1"  # type: ignore[index]
    vector[3] += 1
    near = send(client, saved(vector))
    assert near["vector"] is None
    assert near["space"] == factories.space().name
    (nearest,) = near["nearest"]  # type: ignore[misc]
    assert 0.9 < nearest["cosine"] < 1  # type: ignore[has-type]


@pytest.mark.parametrize("scale", [0, 1e-30, 1e30])
def test_a_vector_that_cannot_be_compared_is_near_nothing(
    client: Client, version: Version, scale: float
) -> None:
    assert send(client, saved(scale * torch.tensor(version.vector)))["nearest"] == []


def test_a_body_that_is_much_larger_than_an_embedding_is_not_read(client: Client, db: None) -> None:
    file = SimpleUploadedFile("x.pt", bytes(2_000_000))
    problem(client.post(PATH, {"file": file}), 413, "too-large")
    file = SimpleUploadedFile("x.pt", bytes(300_000))
    problem(client.post(PATH, {"file": file}), 422, "unsafe-file")
