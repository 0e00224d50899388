"""Loading the built-in checkpoint, its tokens, conditioning and digest, against diffusers."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from generation.checkpoint import (
    CheckpointKindUnknown,
    CheckpointUnavailable,
    Models,
    ProjectionMismatch,
    checkpoint_digest,
)
from registry.encoder import Encoder

WEIGHTS = Path(__file__).parents[2] / "demo" / "weights"
CHECKPOINT = WEIGHTS / "sd"
PROMPT = "a boat on the sea"
END = 4095


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    """The checkpoint as diffusers alone reads it."""
    loaded = StableDiffusionPipeline.from_pretrained(CHECKPOINT, dtype=torch.float32)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def copy_of_checkpoint(folder: Path) -> Path:
    return Path(shutil.copytree(CHECKPOINT, folder / "copy"))


def test_a_prompt_is_padded_with_the_end_of_text(models: Models) -> None:
    ids = models.tokenize(PROMPT).ids
    assert ids.shape == (1, 77)
    assert ids[0, 0] == 4094
    end = ids[0].tolist().index(END)
    assert end == 7  # “boat” is two tokens of the small vocabulary
    assert set(ids[0, end:].tolist()) == {END}


def test_a_prompt_that_spells_the_end_of_text_does_not_end_there(models: Models) -> None:
    ids = models.tokenize("a boat <|endoftext|> on the sea").ids[0].tolist()
    assert ids.index(END) > 10


def test_conditioning_and_tokens_are_those_of_diffusers(
    models: Models, pipeline: StableDiffusionPipeline
) -> None:
    for prompt in (PROMPT, "", "日本 🎉 é", "tree " * 75):
        expected, _ = pipeline.encode_prompt(prompt, "cpu", 1, do_classifier_free_guidance=False)
        assert torch.equal(models.condition(prompt).hidden, expected)


def test_the_joined_text_encoder_gives_the_features_of_the_space(
    models: Models, encoder: Encoder
) -> None:
    for prompt in (PROMPT, "tree " * 75):
        features = models.text_encoder(input_ids=models.tokenize(prompt).ids).text_embeds
        np.testing.assert_allclose(
            features.numpy(), encoder.encode_words([prompt]), rtol=0, atol=1e-4
        )


def test_a_checkpoint_that_names_the_old_end_of_text_is_read_at_the_right_token(
    encoder: Encoder, models: Models, tmp_path: Path
) -> None:
    folder = copy_of_checkpoint(tmp_path)
    path = folder / "text_encoder" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "eos_token_id": 2}))
    old = Models.load(str(folder), encoder.text_projection)
    ids = models.tokenize(PROMPT).ids
    expected = models.text_encoder(input_ids=ids).text_embeds
    assert old.text_encoder.config.eos_token_id == END
    assert torch.equal(old.text_encoder(input_ids=ids).text_embeds, expected)


def test_what_reads_prompts_is_loaded_without_what_draws_and_says_the_same(
    models: Models, encoder: Encoder, tmp_path: Path
) -> None:
    folder = copy_of_checkpoint(tmp_path)
    shutil.rmtree(folder / "unet")
    shutil.rmtree(folder / "vae")
    reading = Models.load_text(str(folder), encoder.text_projection)
    assert torch.equal(reading.condition(PROMPT).hidden, models.condition(PROMPT).hidden)
    assert torch.equal(reading.negative("fog").hidden, models.negative("fog").hidden)
    whole = reading.with_drawing(str(CHECKPOINT))
    assert whole.text_encoder is reading.text_encoder
    assert (whole.pipeline.unet is None, whole.pipeline.vae is None) == (False, False)


def test_a_projection_of_another_width_is_refused() -> None:
    with pytest.raises(ProjectionMismatch, match="is 192 wide and the space's projection starts"):
        Models.load(str(CHECKPOINT), torch.zeros(768, 768))


def test_without_a_network_an_unknown_checkpoint_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for name in ("nobody/nothing", "demo/weights/nowhere"):
        with pytest.raises(CheckpointUnavailable, match=f"{name} is no folder") as caught:
            Models.load(name, torch.zeros(128, 768))
        assert "Set DIFFUSION_MODEL to a folder" in caught.value.detail
        with pytest.raises(CheckpointUnavailable):
            checkpoint_digest(name)


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnavailable, match=r"has no model_index.json"):
        Models.load(str(tmp_path), torch.zeros(128, 768))


@pytest.mark.parametrize("damage", ["broken", "pickled", "missing"])
def test_a_checkpoint_without_whole_safetensors_is_refused(tmp_path: Path, damage: str) -> None:
    folder = copy_of_checkpoint(tmp_path)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    if damage == "broken":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "pickled":
        weights.rename(weights.with_suffix(".bin"))
    else:
        shutil.rmtree(folder / "unet")
    with pytest.raises(CheckpointUnavailable, match="not a Stable Diffusion checkpoint"):
        Models.load(str(folder), torch.zeros(128, 768))


@pytest.mark.parametrize("name", ["FluxPipeline", "StableDiffusion3Pipeline", None, ["nonsense"]])
def test_a_checkpoint_of_another_kind_is_refused_by_the_kinds_that_are_read(
    tmp_path: Path, name: Any
) -> None:
    folder = copy_of_checkpoint(tmp_path)
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": name}))
    kinds = "Those for StableDiffusionPipeline and StableDiffusionXLPipeline are read"
    with pytest.raises(CheckpointKindUnknown, match=kinds) as caught:
        Models.load(str(folder), torch.zeros(192, 768))
    assert str(name) in caught.value.detail
    assert caught.value.code == "checkpoint-kind-unknown"


def test_of_a_checkpoint_on_the_hub_the_index_alone_tells_that_it_can_not_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--nobody--flux"
    snapshot = folder / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0" * 40)
    (snapshot / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    with pytest.raises(CheckpointKindUnknown, match="nobody/flux is a checkpoint for FluxPipeline"):
        Models.load("nobody/flux", torch.zeros(192, 768))


def test_a_checkpoint_whose_index_is_no_json_or_names_no_text_encoder_is_refused(
    tmp_path: Path,
) -> None:
    path = copy_of_checkpoint(tmp_path) / "model_index.json"
    index = json.loads(path.read_text())
    path.write_text(json.dumps(index | {"text_encoder": [None, None]}))
    with pytest.raises(CheckpointUnavailable, match="lacks text_encoder, without which"):
        Models.load(str(path.parent), torch.zeros(192, 768))
    path.write_text("{")
    with pytest.raises(CheckpointUnavailable, match="not a Stable Diffusion checkpoint"):
        Models.load(str(path.parent), torch.zeros(192, 768))


def test_the_digest_of_a_checkpoint_can_be_recomputed_by_hand() -> None:
    names = sorted(
        path.relative_to(CHECKPOINT).as_posix()
        for path in CHECKPOINT.rglob("*")
        if path.is_file() and (path.parent != CHECKPOINT or path.name == "model_index.json")
    )
    digests = {
        name: f"sha256:{hashlib.sha256((CHECKPOINT / name).read_bytes()).hexdigest()}"
        for name in names
    }
    text = json.dumps(digests, separators=(",", ":"))
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert checkpoint_digest(str(CHECKPOINT)) == f"sha256:{expected}"


def test_the_digest_changes_with_what_decides_a_picture_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    folder = copy_of_checkpoint(tmp_path)
    digest = checkpoint_digest(str(CHECKPOINT))
    (folder / "README.md").write_text("A card.")
    (folder / "dose.json").write_text("{}")
    assert checkpoint_digest(str(folder)) == digest

    settings = folder / "scheduler" / "scheduler_config.json"
    original = settings.read_text()
    settings.write_text(original.replace("v_prediction", "epsilon"))
    assert checkpoint_digest(str(folder)) != digest
    settings.write_text(original)
    assert checkpoint_digest(str(folder)) == digest

    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert checkpoint_digest(str(folder)) != digest
