"""A worker's encoder is that of the space in all that decides vectors, or it measures nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from django.core.management import CommandError, call_command
from pytest_django import Settings
from safetensors.torch import save_file

from registry import worker_encoder
from registry.leases import JobFailed
from registry.models import Aesthetic, Space
from registry.queueing import queue_build
from registry.tasks import build_version
from registry.worker_encoder import encoder_for, ensure_space
from tests import factories

TOWER = {"layers": 1, "width": 32}
SMALL = {
    "embed_dim": 768,
    "vision_cfg": {**TOWER, "image_size": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {**TOWER, "heads": 1, "vocab_size": 49408},
}
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "mean": ({}, {"mean": [0.5, 0.5, 0.5]}, "preprocessing “mean”", "[0.5, 0.5, 0.5]"),
    "std": ({}, {"std": [0.25, 0.5, 0.5]}, "preprocessing “std”", "[0.25, 0.5, 0.5]"),
    "activation": ({"quick_gelu": True}, {}, "architecture", "vit-32x1-patch16/"),
}


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """A small encoder as this worker's; it is read anew, since a process keeps what it loaded."""
    torch.manual_seed(0)
    save_file(open_clip.CLIP(**SMALL).state_dict(), tmp_path / "open_clip_model.safetensors")
    settings.ENCODER_MODEL = f"local-dir:{tmp_path}"
    configure(tmp_path, {}, {})
    yield tmp_path
    worker_encoder._loaded_encoder.cache_clear()


def configure(folder: Path, model: dict[str, Any], preprocess: dict[str, Any]) -> None:
    configuration = {"model_cfg": {**SMALL, **model}, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(configuration))
    worker_encoder._loaded_encoder.cache_clear()


@pytest.fixture
def small(db: None, folder: Path) -> Space:
    space, is_new = ensure_space("small")
    assert is_new
    return Space.objects.get(pk=space.pk)


def test_the_encoder_of_the_space_is_taken(small: Space) -> None:
    assert encoder_for(small).description.weights == small.weights
    assert ensure_space("small") == (small, False)


@pytest.mark.parametrize(("model", "preprocess", "what", "ours"), CHANGES.values(), ids=CHANGES)
def test_the_same_weights_used_in_another_way_are_another_encoder(
    small: Space,
    folder: Path,
    model: dict[str, Any],
    preprocess: dict[str, Any],
    what: str,
    ours: str,
) -> None:
    configure(folder, model, preprocess)
    with pytest.raises(JobFailed) as caught:
        encoder_for(small)
    assert str(caught.value).startswith(f"This worker's encoder has the {what} {ours}")
    assert "but the space “small” was made with " in str(caught.value)
    with pytest.raises(CommandError, match="stands for another encoder than local-dir:") as refused:
        call_command("register_space", "--name", "small")
    assert f": the {what} " in str(refused.value)
    assert f", not {ours}" in str(refused.value)


def test_all_that_differs_is_named(small: Space, folder: Path) -> None:
    configure(folder, {"quick_gelu": True}, {"mean": [0.5] * 3, "std": [0.5] * 3})
    with pytest.raises(JobFailed) as caught:
        encoder_for(small)
    for what in ("architecture", "preprocessing “mean”", "preprocessing “std”"):
        assert f"has the {what} " in str(caught.value)


def test_a_build_by_such_a_worker_fails_with_that_sentence(
    draft: Aesthetic, small: Space, folder: Path, settings: Settings
) -> None:
    settings.HUB_SPACE = "small"
    factories.members(draft, 2)
    version = queue_build(draft).version
    configure(folder, {}, {"mean": [0.5, 0.5, 0.5]})
    build_version(str(version.pk))
    version.refresh_from_db()
    assert version.state == "failed"
    assert "has the preprocessing “mean” [0.5, 0.5, 0.5], but" in version.reason
