"""Presets lie beside a checkpoint's dose and are offered where a drawing is asked for."""

import json
from pathlib import Path

from django.test import Client
from pytest_django import Settings

from accounts.models import User
from registry.models import Version


def test_the_presets_of_the_checkpoint_are_offered(
    client: Client, ada: User, version: Version, settings: Settings, tmp_path: Path
) -> None:
    client.force_login(ada)
    dose = settings.DOSE_FILE.read_text(encoding="utf-8")
    (tmp_path / "dose.json").write_text(dose, encoding="utf-8")
    recipe = {"optimiser": "adam", "steps": 7, "rate": 2e-4, "weight": 1.0, "anchor": 0.5}
    reached = {"style": 0.9, "subject": 0.8, "agreement": 0.7}
    preset = json.dumps([{"name": "gentle", **recipe, **reached}])
    (tmp_path / "presets.json").write_text(preset, encoding="utf-8")
    settings.DOSE_FILE = tmp_path / "dose.json"
    offered = " ".join(client.get("/draw").content.decode().split())
    assert "gentle</button>" in offered
    assert "&quot;steps&quot;: 7" in offered
    assert "drawn in the look 0.90, subject kept 0.80" in offered
