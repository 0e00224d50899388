"""A small SDXL checkpoint: real classes and files, random weights but for the first text encoder.

That is the built-in one, so that looks of the built-in space move it.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from generation.checkpoint import Models
from generation.personalisation import Recipe, personalise
from generation.prompt_embeds import PromptEmbeds
from tests.generation.engine import direction

WEIGHTS = Path(__file__).parents[2] / "demo" / "weights"
PROMPT = "a boat on the sea"
HIDDEN = (192, 32)  # of the two text encoders
POOLED = 24
DOSE = {"steps": 3, "sampling_steps": 2, "width": 64, "height": 48, "weight": 1.0, "guidance": 4.0}


def save_sdxl(folder: Path, *, force_zeros: bool = True, **parts: Any) -> Path:
    """Write a checkpoint with its dose, and with `parts` in place of its own components."""
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(WEIGHTS / "sd" / "tokenizer")
    padded = CLIPTokenizer.from_pretrained(WEIGHTS / "sd" / "tokenizer", pad_token="!")
    pipeline = StableDiffusionXLPipeline(
        **{
            "vae": autoencoder(),
            "text_encoder": CLIPTextModel.from_pretrained(WEIGHTS / "sd" / "text_encoder"),
            "text_encoder_2": CLIPTextModelWithProjection(_second_config()),
            "tokenizer": tokenizer,
            "tokenizer_2": padded,
            "unet": _unet(),
            "scheduler": DDIMScheduler(steps_offset=1, clip_sample=False),
            **parts,
        },
        force_zeros_for_empty_prompt=force_zeros,
        add_watermarker=False,
    )
    pipeline.save_pretrained(folder)
    dose = json.loads((WEIGHTS / "sd" / "dose.json").read_text(encoding="utf-8"))
    (folder / "dose.json").write_text(json.dumps(dose | DOSE))
    return folder


def as_diffusers_reads(folder: Path) -> StableDiffusionXLPipeline:
    """Return the checkpoint as diffusers alone reads it."""
    loaded = StableDiffusionXLPipeline.from_pretrained(folder, dtype=torch.float32)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def personalised(models: Models, prompt: str, recipe: Recipe) -> PromptEmbeds:
    """Return the whole conditioning of a prompt with its first encoder personalised."""
    recipe = replace(recipe, reads=models.kind.reads)
    ids = models.tokenize(prompt).ids
    made = personalise(models.text_encoder, ids, direction(), recipe)
    return models.conditioner(prompt, recipe.clip_skip)(made.conditioning)


def letter_by_letter(folder: Path) -> CLIPTokenizer:
    """Return a tokenizer of the same words that knows no word longer than a letter."""
    copy = Path(shutil.copytree(WEIGHTS / "sd" / "tokenizer", folder))
    path = copy / "tokenizer.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said["model"]["merges"] = []
    path.write_text(json.dumps(said), encoding="utf-8")
    return CLIPTokenizer.from_pretrained(copy)


def autoencoder(**config: Any) -> AutoencoderKL:
    """Return one that halves a picture's sides three times, as SDXL's does."""
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        scaling_factor=0.13025,
        force_upcast=True,
        **config,
    )
    with torch.no_grad():  # Else all pictures are grey.
        vae.decoder.conv_out.weight.mul_(3)
    return vae


def _second_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=4096,
        hidden_size=HIDDEN[1],
        intermediate_size=64,
        num_hidden_layers=5,
        num_attention_heads=2,
        projection_dim=POOLED,
        hidden_act="gelu",
        bos_token_id=0,  # SDXL's own has these old ones, and means the highest id by the second.
        eos_token_id=2,
        initializer_factor=4.0,
    )


def _unet() -> UNet2DConditionModel:
    times = 8
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        norm_num_groups=8,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        transformer_layers_per_block=(1, 2),
        use_linear_projection=True,
        cross_attention_dim=sum(HIDDEN),
        addition_embed_type="text_time",
        addition_time_embed_dim=times,
        projection_class_embeddings_input_dim=6 * times + POOLED,
    )
    with torch.no_grad():  # As drawn at random the words would move nothing.
        for name, weight in unet.named_parameters():
            if "attn2" in name or "add_embedding" in name:
                weight.mul_(6)
    return unet
