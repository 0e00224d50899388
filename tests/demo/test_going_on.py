"""Going on from the weights that are here: a few steps of the UNet, and the pipeline of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline

from demo import (
    conditioning,
    dataset,
    personalised_captions,
    pipeline_files,
    train_autoencoder,
    train_unet,
)
from demo.train_autoencoder import encode
from demo.training import WEIGHTS, WEIGHTS_FILE, work_folder
from registry.digests import digest_file

pytestmark = pytest.mark.usefixtures("one_torch_thread")

SETTINGS = train_unet.Settings(steps=2, batch=2, peak_rate=1e-3, warmup=0)
START = WEIGHTS / "sd" / "unet"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A world of forty pictures, with the autoencoder that is here and few phrasings."""
    monkeypatch.setenv("DEMO_TRAINING", str(tmp_path / "work"))
    for few in ("PLAIN_WORDS", "SUBJECT_WORDS", "STYLE_WORDS"):
        monkeypatch.setattr(conditioning, few, 1)
    vae = AutoencoderTiny.from_pretrained(WEIGHTS / "sd" / "vae", dtype=torch.float32).eval()
    for name in train_unet.SPLITS:
        dataset.make(name, 40, processes=1)
        personalised_captions.make(name, 2, processes=1, weights=WEIGHTS)
        encode(vae, name)
    vae.save_pretrained(work_folder() / "autoencoder" / "vae")


@pytest.mark.usefixtures("data")
def test_a_unet_goes_on_from_weights_and_becomes_a_pipeline_with_a_card(tmp_path: Path) -> None:
    train_unet.train(SETTINGS, WEIGHTS / "sd" / "text_encoder", START, sheet_every=10)
    assert (work_folder() / "unet" / "sheet-000002.png").exists()

    pipeline_files.write(tmp_path / "weights")
    folder = tmp_path / "weights" / "sd"
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    drawn = pipeline("a house", num_inference_steps=1, output_type="np").images
    assert drawn.shape == (1, 128, 128, 3)
    assert np.isfinite(drawn).all()

    card = " ".join((folder / "README.md").read_text("utf-8").split())
    start = digest_file(START / WEIGHTS_FILE)
    assert "Autoencoder: taken as it was" in card
    assert f"step 2 of 2 at batch 2 and a peak rate of 0.001, from the weights `{start}`" in card
    written = digest_file(folder / "unet" / WEIGHTS_FILE)
    assert f"`{written}`" in card
    assert written != start


@pytest.fixture
def kept_denormals() -> Iterator[None]:
    """A training's process rounds the smallest numbers to zero; the other tests' shall not."""
    yield
    torch.set_flush_denormal(False)


@pytest.mark.usefixtures("data", "kept_denormals")
def test_a_decoder_learns_on_its_own_and_the_card_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.make("test", 4, processes=1)
    start = WEIGHTS / "sd" / "vae"
    arguments = f"train_autoencoder --decoder-only --start {start} --steps 2 --seed 5"
    monkeypatch.setattr("sys.argv", arguments.split())
    train_autoencoder.main()

    before, after = (
        AutoencoderTiny.from_pretrained(folder, dtype=torch.float32)
        for folder in (start, work_folder() / "autoencoder" / "vae")
    )
    encoders = zip(before.encoder.parameters(), after.encoder.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in encoders)
    assert not torch.equal(before.decoder.layers[-1].weight, after.decoder.layers[-1].weight)
    assert before.config.scaling_factor == after.config.scaling_factor

    train_unet.train(SETTINGS, WEIGHTS / "sd" / "text_encoder", START, sheet_every=10)
    pipeline_files.write(tmp_path / "weights")
    card = " ".join((tmp_path / "weights" / "sd" / "README.md").read_text("utf-8").split())
    origin = digest_file(start / WEIGHTS_FILE)
    assert "Autoencoder: 2 steps of the decoder alone at batch 8 and a peak rate of 0.0015" in card
    assert f"from the weights `{origin}`" in card
