"""The built-in models as files: in formats that the field's own libraries read, with cards."""

import json
import re
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from demo import captions, world
from generation.doses import read_dose
from registry.digests import digest_file
from registry.encoder import Encoder, Source

pytestmark = pytest.mark.usefixtures("one_torch_thread")

WEIGHTS = Path(__file__).parents[2] / "demo" / "weights"
FILES = sorted(WEIGHTS.rglob("*.safetensors"))
CARDS = sorted(WEIGHTS.rglob("README.md"))
MOST_BYTES = 30_000_000
TEXTS = ("a house", "a cat on a meadow, sunset", "stained glass: the whale at sea", "", "日本 🎉")


def test_the_tensors_are_half_precision_and_small() -> None:
    assert sum(path.stat().st_size for path in FILES) <= MOST_BYTES
    for path in FILES:
        kinds = {tensor.dtype for tensor in load_file(path).values() if tensor.is_floating_point()}
        assert kinds == {torch.float16}, path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(WEIGHTS)))
def test_a_card_names_each_file_by_its_digest(path: Path) -> None:
    told = "".join(card.read_text(encoding="utf-8") for card in CARDS)
    assert digest_file(path) in told
    assert re.search(r"20\d\d-\d\d-\d\d", told)


def test_transformers_and_open_clip_read_the_same_text_tower() -> None:
    folder = WEIGHTS / "open_clip"
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    [merges] = folder.glob("*.txt.gz")
    tokenize = open_clip.SimpleTokenizer(bpe_path=str(merges))
    config = json.loads((WEIGHTS / "sd/text_encoder/config.json").read_text(encoding="utf-8"))
    assert config["projection_dim"] == 768
    tower = CLIPTextModelWithProjection.from_pretrained(
        WEIGHTS / "sd/text_encoder", dtype=torch.float32
    )
    tower.text_projection.weight = torch.nn.Parameter(model.text_projection.detach().T.contiguous())
    other = CLIPTokenizer.from_pretrained(WEIGHTS / "sd/tokenizer")
    ids = other(list(TEXTS), padding="max_length", truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        expected = model.eval().encode_text(tokenize(list(TEXTS)))
        features = tower(input_ids=ids).text_embeds
    assert (features - expected).abs().max() <= 1e-4


def test_the_pipeline_loads_and_draws_at_its_own_size() -> None:
    dose = read_dose(WEIGHTS / "sd/dose.json")
    pipeline = StableDiffusionPipeline.from_pretrained(WEIGHTS / "sd", dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    [picture] = pipeline("a house", num_inference_steps=2, guidance_scale=dose.guidance).images
    assert picture.size == (dose.width, dose.height)
    assert min(picture.size) >= 128


def test_the_autoencoder_gives_a_drawing_back() -> None:
    vae = StableDiffusionPipeline.from_pretrained(WEIGHTS / "sd", dtype=torch.float32).vae
    random = np.random.default_rng(99)
    for style in world.AESTHETICS.values():
        drawn = world.draw(world.Scene("castle"), style, random)
        pixels = torch.from_numpy(drawn).permute(2, 0, 1)[None] / 127.5 - 1  # [1, 3, 128, 128]
        with torch.no_grad():
            back = vae.decode(vae.encode(pixels).latents).sample.clamp(-1, 1)
        error = ((back - pixels) / 2).square().mean().item()
        assert -10 * np.log10(error) > 17, style  # dB


def test_words_for_a_look_find_its_sets_mean() -> None:
    encoder = Encoder.load(Source(f"local-dir:{WEIGHTS / 'open_clip'}"))
    random = np.random.default_rng(98)
    means, words = [], []
    for style in world.AESTHETICS.values():
        pictures = [world.draw(world.random_scene(random), style, random) for _ in range(8)]
        means.append(encoder.encode_pictures(pictures).mean(0))
        words.append(captions.style_only(style, random))
    pictured = np.stack([mean / np.linalg.norm(mean) for mean in means])
    told = encoder.encode_words(words)
    found = (told @ pictured.T).argmax(1)
    assert (found == np.arange(len(words))).mean() >= 0.85
