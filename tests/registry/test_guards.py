"""What two embeddings give away, what the publisher is told of it, and what is never told."""

import json
from itertools import product

import numpy as np
import pytest
from django.test import Client

from accounts.models import User
from registry import formats, publishing, queueing
from registry.models import Aesthetic, Feature, Side, Version
from tests import factories
from tests.addresses import ROUTES, addresses
from tests.answers import problem

API = "/api/v1/aesthetics/ada/sea-mist"


def downloaded(client: Client, version: Version) -> np.ndarray:
    """Return the vector [768] as anybody gets it."""
    name = f"{version.aesthetic.slug}.npy"
    address = f"/api/v1/aesthetics/{version.aesthetic.ref}/versions/{version.name}/files/{name}"
    return formats.read(client.get(address).content).astype(np.float64)


def test_two_embeddings_that_differ_in_one_picture_give_that_pictures_vector_away(
    client: Client, draft: Aesthetic
) -> None:
    """The leak that the warning speaks of: anybody can do this with two public files."""
    count = 12
    removed = factories.members(draft, count)[3]
    with_it = publishing.publish(factories.built(draft))
    removed.delete()
    build = factories.built(draft)
    (caution,) = publishing.cautions(build)
    assert caution.sentence == (
        "This set and that of v1 differ in 1 picture: from the two embeddings anybody can compute "
        "exactly what the difference adds (N·m₁ − (N−1)·m₂). I accept that."  # noqa: RUF001
    )
    with pytest.raises(publishing.PublishingRefused) as caught:
        publishing.publish(build)
    assert caught.value.code == "close-versions"
    without_it = publishing.publish(build, accepts={"accept_close"})

    first, second = downloaded(client, with_it), downloaded(client, without_it)
    recovered = count * first - (count - 1) * second  # [768]

    private = np.asarray(Feature.objects.get(image=removed.image).vector, np.float64)
    # Exactly, but for the rounding of the two files to float32.
    rounding = 2 * count * np.spacing(np.float32(np.abs(first).max()))
    assert np.abs(recovered - private).max() <= rounding
    assert np.abs(first - private).max() > 1000 * rounding  # and one file alone does not


def test_a_look_that_is_close_to_another_of_the_same_owner_calls_for_consent(
    ada: User, bob: User, version: Version
) -> None:
    twins = []
    for owner in (ada, bob):
        twin = factories.aesthetic(owner, "twin")
        for seed in range(4):
            factories.member(twin, 1000 * version.aesthetic_id + seed)
        factories.members(twin, 2, first=4000)
        twins.append(factories.built(twin))
    (caution,) = publishing.cautions(twins[0])
    assert caution.sentence.startswith("This set and that of sea-mist@v1 differ in 3 pictures:")
    # Of others' sets nobody is told: the answer would say which pictures are in them.
    assert publishing.cautions(twins[1]) == []


@pytest.mark.parametrize(("towards", "away"), [(1, 0), (5, 1), (0, 5), (1, 1)])
def test_one_picture_on_a_side_is_never_measured(draft: Aesthetic, towards: int, away: int) -> None:
    factories.space()
    factories.members(draft, towards)
    factories.members(draft, away, Side.AWAY, first=100)
    with pytest.raises(queueing.BuildRefused) as caught:
        queueing.queue_build(draft)
    assert caught.value.code == "too-few-images"


def test_no_digest_of_a_picture_answers_anywhere_whoever_asks(
    client: Client, ada: User, version: Version
) -> None:
    images = [member.image.digest for member in version.members.select_related("image")]
    unknown = "sha256:" + "0" * 64
    for headers in ({}, factories.bearer(ada)):
        for digest in [*images, unknown]:
            for path in (f"/api/v1/blobs/{digest}", f"/api/v1/by-hash/{digest}"):
                problem(client.get(path, headers=headers), 404, "not-found")


def test_an_upload_is_answered_the_same_whether_or_not_somebody_holds_the_picture(
    client: Client, version: Version, bob: User
) -> None:
    factories.aesthetic(bob, "own")
    headers = factories.bearer(bob)
    held = factories.picture(1000 * version.aesthetic_id)
    answers = [
        client.post(
            "/api/v1/aesthetics/bob/own/images",
            {"files": [factories.upload("x.png", data)]},
            headers=headers,
        ).json()["accepted"][0]
        for data in (held, factories.picture(98765))
    ]
    for answer in answers:
        answer.pop("image")
    assert answers[0] == answers[1]
    assert answers[0]["was_there"] is False


def test_no_address_answers_with_the_vector_of_a_picture(
    client: Client, ada: User, bob: User, version: Version
) -> None:
    """Tried at every address of the set, its owner's included, in all ways of writing a vector."""
    vectors = Feature.objects.filter(image__memberships__aesthetic=version.aesthetic)
    assert vectors.count() == 5
    written = [form for feature in vectors for form in forms_of(feature.vector)]
    public = client.get(f"{API}/versions/v1/files/sea-mist.npy").content
    assert any(form in public for form in forms_of(version.vector))  # so it would be found
    members = version.members.select_related("image")
    names = [member.image.digest.removeprefix("sha256:") for member in members]
    files = [file.name for file in version.files.all()]
    blanks = {
        "owner": ["ada"], "slug": ["sea-mist"], "ref": ["v1"], "name": [*files, *names],
        "digest": [*(f"sha256:{name}" for name in names), version.vector_digest],
        "pk": [str(version.pk)], "alias": ["latest"], "which": ["plain"],
    }  # fmt: skip
    visitors = [Client(), Client(headers=factories.bearer(ada))]
    visitors[0].force_login(bob)
    owner = Client()
    owner.force_login(ada)
    routes = [route for name, route in ROUTES.items() if "registry:" in name or "api:" in name]
    answered = 0
    for route, visitor in product(routes, [*visitors, owner]):
        if not set(route.blanks) <= blanks.keys():
            continue
        for path in addresses(route, blanks):
            content = visitor.get(path).getvalue()
            answered += 1
            assert not any(form in content for form in written), path
    assert answered > 100


def forms_of(vector: object) -> list[bytes]:
    """Return a vector's start as raw bytes, as text with all digits, and rounded."""
    start = np.asarray(vector, np.float32)[:4]
    return [
        start.tobytes(),
        json.dumps([float(number) for number in start])[1:-1].encode(),
        ", ".join(str(number) for number in start).encode(),
        ",".join(str(float(number)) for number in start).encode(),
    ]
