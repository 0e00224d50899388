"""`manage.py register_space`: an encoder's space is registered once, or refused in words."""

import json
from io import StringIO
from pathlib import Path

import open_clip
import pytest
import torch
from django.core.management import CommandError, call_command
from pytest_django import Settings
from safetensors.torch import save_file

from registry.models import Space

pytestmark = pytest.mark.django_db

TOWER = {"layers": 1, "width": 32}
NARROW = {
    "embed_dim": 512,
    "vision_cfg": {**TOWER, "image_size": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {**TOWER, "heads": 1, "vocab_size": 49408},
}


@pytest.fixture
def narrow(tmp_path: Path, settings: Settings) -> Path:
    """An encoder with vectors as narrow as those of ViT-B/32."""
    torch.manual_seed(0)
    save_file(open_clip.CLIP(**NARROW).state_dict(), tmp_path / "open_clip_model.safetensors")
    configuration = {"model_cfg": NARROW, "preprocess_cfg": {}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(configuration))
    settings.ENCODER_MODEL = f"local-dir:{tmp_path}"
    return tmp_path


def test_a_space_is_registered_once(settings: Settings) -> None:
    said = StringIO()
    for _ in range(2):
        call_command("register_space", stdout=said)
    words = [line.split(":")[0] for line in said.getvalue().splitlines()]
    name = settings.HUB_SPACE
    assert words == [f"Registered the space {name}", f"There is the space {name}"]


def test_an_encoder_of_another_width_is_refused_in_words(narrow: Path) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("register_space", "--name", "narrow")
    assert str(caught.value) == (
        f"The encoder local-dir:{narrow} makes vectors of 512 numbers, and the hub's have 768. "
        "Set ENCODER_MODEL to one such as ViT-L-14."
    )
    assert not Space.objects.exists()
