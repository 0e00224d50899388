"""Every operation of drawings once or more: each answer is what docs/openapi.json says."""

from typing import Any

import pytest
from django.test import Client
from PIL import Image as Picture

from accounts.models import User
from generation.infotext import png
from generation.models import Generation
from generation.provenance import personalised_png
from generation.questions import Kind, ask
from registry.models import JobState, Version
from tests import factories
from tests.described import Record
from tests.generation.asked_questions import PROMPT, answered
from tests.generation.drawn_sheets import drawn_doses
from tests.generation.test_infotext_reading import FOREIGN
from tests.generation.test_standard_sheet_api import finished as standard_sheet

pytestmark = pytest.mark.usefixtures("one_torch_thread", "broker")

JSON = "application/json"
NEBULAE = "/api/v1/aesthetics/ada/nebulae"
GENERATIONS = "/api/v1/generations"
SHEETS = "/api/v1/sheets"
PIXELS = Picture.new("RGB", (8, 8), (200, 30, 60))
QUESTIONS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "dose": (Kind.DOSE, {"steps": 2}),
    "agreement": (Kind.AGREEMENT, {}),
    "prompt-embeds": (Kind.CONDITIONING, {"steps": 2}),
}


@pytest.fixture
def version(measured: Version) -> Version:
    """What `finished` is drawn with: a look that a worker can be asked about."""
    return measured


def test_every_answer_about_drawings_is_as_described(
    ada: User, version: Version, finished: Generation
) -> None:
    record = Record()
    owner, stranger = record.client(ada), record.client()
    factories.shelved(factories.aesthetic(factories.person("eve"), "ink"))

    draw(owner)
    share(owner, finished)
    make_sheets(owner)
    share_sheet(owner, ada, version)
    read_pictures(owner, finished)
    put_questions(owner, version)
    standard_sheet(version)
    for client in (owner, stranger):
        look(client, finished)
    remove(owner, finished)

    record.check("generation")


def draw(owner: Client) -> None:
    """A drawing that waits, mixed, and one that failed."""
    asked: dict[str, Any] = {"aesthetic": "ada/nebulae", "prompt": PROMPT}
    mixed = {**asked, "others": [{"aesthetic": "eve/ink", "weight": 0.5}]}
    owner.post(GENERATIONS, mixed, JSON)
    failed = owner.post(GENERATIONS, asked, JSON).json()["id"]
    Generation.objects.filter(pk=failed).update(state=JobState.FAILED, reason="It rained.")


def share(owner: Client, drawing: Generation) -> None:
    path = f"{GENERATIONS}/{drawing.pk}/share"
    owner.put(path)
    owner.delete(path)
    owner.put(path)


def make_sheets(owner: Client) -> None:
    """One of each kind, the second cancelled."""
    asked: dict[str, Any] = {"steps": [0, 2], "seeds": [1]}
    owner.post(f"{SHEETS}/doses", {"aesthetic": "ada/nebulae", "prompt": PROMPT, **asked}, JSON)
    looks = {"aesthetics": ["ada/nebulae", "eve/ink"], "prompts": [PROMPT]}
    made = owner.post(f"{SHEETS}/looks", looks, JSON)
    owner.post(f"{made['Location']}/cancel")


def share_sheet(owner: Client, ada: User, version: Version) -> None:
    path = f"{SHEETS}/{drawn_doses(ada, version).pk}/share"
    owner.put(path)
    owner.delete(path)
    owner.put(path)


def read_pictures(owner: Client, drawing: Generation) -> None:
    """A picture of the hub and one of a web UI."""
    for data in (personalised_png(drawing, PIXELS), png(PIXELS, {"parameters": FOREIGN}, {})):
        owner.post("/api/v1/picture-info", {"file": factories.upload("cat.png", data)})


def put_questions(owner: Client, version: Version) -> None:
    """Each before and after a worker has answered."""
    for name, (kind, values) in QUESTIONS.items():
        asked = {"aesthetic": "ada/nebulae", "prompt": PROMPT, **values}
        owner.post(f"/api/v1/{name}", asked, JSON)
        answered(ask(kind, version=version, prompt=PROMPT, **values))
        owner.post(f"/api/v1/{name}", asked, JSON)


def look(client: Client, drawing: Generation) -> None:
    """All that reads; of a stranger's calls some are refused."""
    for path in (GENERATIONS, SHEETS, f"{NEBULAE}/generations", f"{NEBULAE}/sheets"):
        told = client.get(path).json()
        for each in told.get("items", []) if path in {GENERATIONS, SHEETS} else []:
            client.get(f"{path}/{each['id']}")
    client.get(f"{GENERATIONS}/{drawing.pk}")
    client.get(f"{GENERATIONS}/{drawing.pk}/pictures/plain")
    sheet = client.get(f"{NEBULAE}/versions/v1/standard-sheet").json()
    client.get(sheet["picture"]["url"])


def remove(owner: Client, drawing: Generation) -> None:
    """Take a drawing and a sheet away, look at what is removed, and put both back."""
    sheet = owner.get(SHEETS).json()["items"][0]["id"]
    for start, pk in ((GENERATIONS, drawing.pk), (SHEETS, sheet)):
        owner.delete(f"{start}/{pk}")
        owner.get(f"{start}/removed")
        owner.get(f"{start}/{pk}")
        owner.post(f"{start}/{pk}/put-back")
