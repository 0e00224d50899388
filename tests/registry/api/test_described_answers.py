"""Every operation of the registry once or more: each answer is what docs/openapi.json says."""

from typing import Any

import torch
from django.test import Client

from accounts.models import User
from registry import takedowns
from registry.models import Aesthetic, Version
from registry.tasks import build_version
from tests import factories
from tests.described import Record
from tests.registry.made_files import a_vector, saved

START = "/api/v1/aesthetics"
MIST = f"{START}/ada/sea-mist"
JSON = "application/json"
NOTHING = "sha256:" + "0" * 64
ORIGIN = {"licence": "CC0-1.0", "source": "https://example.org/1", "credit": "A. Painter"}


def test_every_answer_of_the_registry_is_as_described(ada: User, bob: User) -> None:
    record = Record()
    owner, other, stranger = record.client(ada), record.client(bob), record.client()
    factories.space()

    fill(owner)
    for said in ({}, {"accept_close": True}):
        publish(owner, **said)
        owner.post(f"{MIST}/images", {"files": [factories.upload("x.png", factories.picture(99))]})
        owner.patch(f"{MIST}/origin", ORIGIN, JSON)
    name(owner)
    blend(other)
    bring(other)
    measure_again(owner)
    for client in (owner, stranger):
        look(client)
    ask_by_hash(stranger)
    withdraw(owner)
    other.get("/api/v1/notices")
    other.post("/api/v1/notices/read", content_type=JSON)
    other.get("/api/v1/notices")
    takedowns.take_down(Version.objects.get(construction="blend"), reason="It was not bob's.")
    stranger.get(f"{START}/bob/mix/versions")
    for client in (owner, stranger):
        look(client)
    owner.delete(MIST)

    record.check("registry")


def fill(owner: Client) -> None:
    """A draft with pictures, of which one leaves again and one is no picture."""
    owner.post(START, {"slug": "sea-mist", "title": "Sea mist", "tags": ["fog"]}, JSON)
    owner.patch(MIST, {"card": "Mornings."}, JSON)
    owner.get(MIST)
    files = [factories.upload(f"{seed}.png", factories.picture(seed)) for seed in range(6)]
    owner.post(f"{MIST}/images", {"files": [*files, factories.upload("no.png", b"no")]})
    first, *_, last = owner.get(f"{MIST}/images", {"limit": 6}).json()["items"]
    owner.patch(f"{MIST}/images/{first['image']}", {"side": "towards"}, JSON)
    owner.delete(f"{MIST}/images/{last['image']}")
    owner.patch(f"{MIST}/origin", ORIGIN, JSON)


def publish(owner: Client, **said: Any) -> None:
    """Measure the set as it stands, look at the report, and publish."""
    build = owner.post(f"{MIST}/builds", content_type=JSON).json()["id"]
    factories.features(Aesthetic.objects.named("ada", "sea-mist").get(), factories.space())
    build_version(build)
    owner.get(f"{MIST}/versions/{build}/quality")
    owner.post(f"{MIST}/versions", {"build": build, **said}, JSON)


def name(owner: Client) -> None:
    for version in ("v1", "v2"):
        owner.put(f"{MIST}/aliases/stable", {"version": version}, JSON)


def blend(other: Client) -> None:
    """Bob's blend of ada's first version: tried, made, made again, published."""
    looks = [{"version": "ada/sea-mist@v1"}, {"version": "ada/sea-mist@v2", "weight": -0.5}]
    said = {"looks": looks, "slug": "mix", "title": "Mix"}
    other.post("/api/v1/blends?dry_run=true", said, JSON)
    build = other.post("/api/v1/blends", said, JSON).json()["build"]
    other.post("/api/v1/blends", {"looks": looks, "slug": "mix"}, JSON)
    other.post(f"{START}/bob/mix/versions", {"build": build}, JSON)
    other.get(f"{START}/bob/mix/versions/v1/lineage")


def bring(other: Client) -> None:
    """Bob's import, made, made again, published."""
    said = {"space": factories.space().name, "slug": "fantasy"}
    for card in ({"title": "Fantasy"}, {}):
        file = factories.upload("x.pt", saved(torch.from_numpy(a_vector())))
        build = other.post("/api/v1/imports", {"file": file, **said, **card}).json()["build"]
    other.post(f"{START}/bob/fantasy/versions", {"build": build}, JSON)


def measure_again(owner: Client) -> None:
    """A verification that waits, and beside it one of each verdict."""
    version = Version.objects.get(aesthetic__slug="sea-mist", number=1)
    owner.post(f"{MIST}/versions/v1/verify", content_type=JSON)
    factories.verified(version)
    found = factories.verified(version, verdict="deviates", deviates_at="image")
    member = version.members.select_related("image")[0]
    found.remeasurements.create(image=member.image, is_equal=False)


def look(client: Client) -> None:
    """All that reads, of each kind of version."""
    client.get(f"{START}?q=mist&limit=1")
    client.get(f"{MIST}/versions")
    for path in (MIST, f"{START}/bob/mix", f"{START}/bob/fantasy"):
        told = client.get(f"{path}/versions/v1").json()
        for file in told.get("files", []):
            client.get(file["url"])
            client.get(f"/api/v1/blobs/{file['digest']}")
        for part in ("manifest", "recipe", "neighbours"):
            client.get(f"{path}/versions/v1/{part}")
    for part in ("quality", "difference/v2", "lineage?direction=children", "verify"):
        client.get(f"{MIST}/versions/v1/{part}")
    for each in client.get(f"{MIST}/versions/v1/verify").json()["items"]:
        client.get(f"{MIST}/versions/v1/verify/{each['id']}")
    for part in ("aliases", "aliases/stable", "aliases/stable/moves"):
        client.get(f"{MIST}/{part}")


def ask_by_hash(stranger: Client) -> None:
    """Digests that name something and nothing; files that are known, near and unreadable."""
    known = Version.objects.get(aesthetic__slug="fantasy").vector_digest
    stranger.get(f"/api/v1/by-hash/{known}")
    stranger.post("/api/v1/by-hash", {"digests": [known, NOTHING]}, JSON)
    vector = torch.from_numpy(a_vector())
    for data in (saved(vector), saved(vector + 1), b"no embedding"):
        stranger.post("/api/v1/by-hash", {"file": factories.upload("x.pt", data)})


def withdraw(owner: Client) -> None:
    said = {"reason": "A picture was not mine.", "superseded_by": "ada/sea-mist@v2"}
    owner.post(f"{MIST}/versions/v1/yank", said, JSON)
