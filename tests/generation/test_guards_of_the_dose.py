"""Guards of the checkpoint's dose: taken where none is named, switched off where that is said.

The guards themselves are tested with the engine (test_guards).
"""

import json
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from PIL import Image as Picture
from pytest_django import Settings

from accounts.models import User
from generation.forms import DoseForm
from generation.models import Generation
from generation.prompts import queue_generation
from generation.provenance import personalised_png
from generation.questions import Kind, ask
from registry.models import Version
from tests import factories

PROMPT = "a lighthouse at night"


@pytest.fixture(autouse=True)
def guarded(settings: Settings, tmp_path: Path) -> None:
    """A checkpoint whose dose has a guard."""
    said = json.loads(settings.DOSE_FILE.read_text(encoding="utf-8"))
    settings.DOSE_FILE = tmp_path / "dose.json"
    settings.DOSE_FILE.write_text(json.dumps(said | {"most_drift": 0.5}), encoding="utf-8")


def drawn_by(client: Client, person: User, **said: Any) -> Generation:
    """Send the form of a drawing."""
    client.force_login(person)
    sent = client.post("/draw", {"prompt": PROMPT, "aesthetic": "ada/sea-mist", **said})
    assert sent.status_code == 302, sent.context["form"].errors
    return Generation.objects.latest("created_at")


def asked_by_api(client: Client, person: User, **said: Any) -> Generation:
    body = {"prompt": PROMPT, "aesthetic": "ada/sea-mist", **said}
    sent = client.post(
        "/api/v1/generations", body, "application/json", headers=factories.bearer(person)
    )
    assert sent.status_code == 202, sent.content
    return Generation.objects.get(pk=sent.json()["id"])


@pytest.fixture
def unguarded(finished: Generation) -> Generation:
    """A drawing from before the dose had its guard."""
    Generation.objects.update(most_drift=None)
    finished.refresh_from_db()
    return finished


def test_none_switches_a_guard_off_and_what_is_not_given_is_the_doses(
    ada: User, version: Version
) -> None:
    asked: dict[str, Any] = {"version": version, "prompt": PROMPT}
    assert queue_generation(ada, **asked).most_drift == 0.5
    assert queue_generation(ada, **asked, most_drift=None).most_drift is None
    assert queue_generation(ada, **asked, most_drift=0.7).most_drift == 0.7
    assert ask(Kind.DOSE, **asked).recipe["most_drift"] == 0.5
    assert ask(Kind.DOSE, **asked, most_drift=None).recipe["most_drift"] is None


def test_a_field_that_was_emptied_switches_the_guard_off(
    client: Client, ada: User, version: Version
) -> None:
    client.force_login(ada)
    assert client.get("/draw").context["form"]["most_drift"].value() == 0.5
    assert drawn_by(client, ada).most_drift == 0.5
    assert drawn_by(client, ada, most_drift="").most_drift is None
    drawn_by(client, ada, most_drift="", pictures=2)
    cells = Generation.objects.filter(sheet__isnull=False)
    assert list(cells.values_list("most_drift", flat=True)) == [None, None]


@pytest.mark.parametrize(("sent", "parameters"), [("", {}), ("most_drift=", {"most_drift": None})])
def test_the_dose_is_asked_for_as_the_form_has_it(
    ada: User, version: Version, sent: str, parameters: dict[str, None]
) -> None:
    form = DoseForm(QueryDict(f"prompt=a+boat&{sent}"), person=ada)
    assert form.is_valid()
    said = form.parameters()
    assert {name: said[name] for name in said if name == "most_drift"} == parameters


def test_by_the_api_null_switches_it_off(client: Client, ada: User, version: Version) -> None:
    assert asked_by_api(client, ada).most_drift == 0.5
    assert asked_by_api(client, ada, most_drift=None).most_drift is None


def test_the_settings_of_a_drawing_without_a_guard_are_used_without_it(
    client: Client, ada: User, unguarded: Generation
) -> None:
    client.force_login(ada)
    form = client.get(f"/draw?from={unguarded.pk}").context["form"]
    assert form["most_drift"].value() is None
    assert form.has_expert_values  # so it is seen


def test_a_picture_that_was_drawn_without_a_guard_is_drawn_again_without_it(
    client: Client, ada: User, unguarded: Generation
) -> None:
    data = personalised_png(unguarded, Picture.new("RGB", (8, 8)))
    told = client.post("/api/v1/picture-info", {"file": factories.upload("cat.png", data)}).json()
    assert told["generation"]["most_drift"] is None
    assert "most_drift" not in told["says"]
    again = client.post(
        "/api/v1/generations", told["generation"], "application/json", headers=factories.bearer(ada)
    )
    assert Generation.objects.get(pk=again.json()["id"]).most_drift is None
    page = client.post("/drawings/read", {"file": factories.upload("cat.png", data)})
    client.force_login(ada)
    form = client.get(page.context["shown"].link).context["form"]
    assert form["most_drift"].value() in (None, "")
    assert form["enough_agreement"].value() is None
