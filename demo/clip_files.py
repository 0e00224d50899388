"""A CLIP model goes in, the files that open_clip and Stable Diffusion read come out, and back.

Training uses transformers' CLIPModel, the hub reads open_clip's, and the diffusion pipeline reads
the text tower alone. All files hold the same weights, rounded to half precision once, so that the
libraries compute the same features from the same bits.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import CLIPConfig, CLIPModel, CLIPTextModel

from demo import tokenizer
from demo.tokenizer import CONTEXT, END, START, TOKENS
from demo.training import WEIGHTS
from demo.world import SIZE
from registry.digests import digest_file

FEATURES = 768  # the width of every embedding space that the hub knows
WIDTH = 192  # of both towers and of the UNet's cross-attention; 5.3 million parameters in all
HEADS = 3  # of 64 numbers, as open_clip counts them
TEXT_LAYERS = 4
PICTURE_LAYERS = 5
PATCH = 16  # pixels a side, 64 patches a picture

WEIGHTS_FILE = "open_clip_model.safetensors"

# From transformers' names to open_clip's, piece by piece.
NAMES = {
    "text_model.embeddings.token_embedding": "token_embedding",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.encoder.layers": "transformer.resblocks",
    "text_model.final_layer_norm": "ln_final",
    "text_projection.weight": "text_projection",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.embeddings.patch_embedding": "visual.conv1",
    "vision_model.pre_layrnorm": "visual.ln_pre",
    "vision_model.encoder.layers": "visual.transformer.resblocks",
    "vision_model.post_layernorm": "visual.ln_post",
    "visual_projection.weight": "visual.proj",
    "layer_norm": "ln_",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
TRANSPOSED = ("text_projection.weight", "visual_projection.weight")
# open_clip keeps queries, keys and values in one matrix, one third each.
THIRDS = {f"self_attn.{letter}_proj.": third for third, letter in enumerate("qkv")}


def new_model() -> Any:
    """Return a CLIPModel of the demo's size with fresh random weights."""
    tower = {
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
        "num_attention_heads": HEADS,
        "projection_dim": FEATURES,
        "hidden_act": "quick_gelu",
    }
    text = {
        "vocab_size": TOKENS,
        "max_position_embeddings": CONTEXT,
        "num_hidden_layers": TEXT_LAYERS,
        "bos_token_id": START,
        "eos_token_id": END,
        "pad_token_id": END,
    }
    picture = {"image_size": SIZE, "patch_size": PATCH, "num_hidden_layers": PICTURE_LAYERS}
    return CLIPModel(
        CLIPConfig(text_config=tower | text, vision_config=tower | picture, projection_dim=FEATURES)
    )


def write(model: Any, about: str, folder: Path = WEIGHTS) -> None:
    """Write a CLIPModel as `folder`/open_clip and the text half of `folder`/sd, in half precision.

    `about` is the text of the model's card: what it learnt from, how, and how well.
    """
    rounded = {name: weight.half() for name, weight in model.state_dict().items()}
    _write_open_clip(rounded, folder / "open_clip")
    _write_text_encoder(rounded, folder / "sd")
    _write_card(about, folder / "open_clip")
    for weights in folder.glob("*/**/*.safetensors"):
        weights.chmod(0o644)  # safetensors leaves them to the owner alone, whom a container is not.


def load(folder: Path = WEIGHTS) -> Any:
    """Return the CLIPModel, in float32 and for use only, whose files `write` wrote to `folder`."""
    exported = load_file(folder / "open_clip" / WEIGHTS_FILE)
    model = new_model()
    model.load_state_dict(
        {name: weight.float() for name, weight in from_open_clip(exported, model).items()}
    )
    return model.eval().requires_grad_(requires_grad=False)


def to_open_clip(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return transformers' weights under open_clip's names and in its shapes."""
    renamed: dict[str, list[Tensor]] = {}
    for name in sorted(weights, key=_third):  # queries, then keys, then values
        weight = weights[name].T if name in TRANSPOSED else weights[name]
        renamed.setdefault(_name(name), []).append(weight)
    return {
        name: torch.cat(parts) if len(parts) > 1 else parts[0].contiguous()
        for name, parts in renamed.items()
    }


def from_open_clip(weights: Mapping[str, Tensor], model: Any) -> dict[str, Tensor]:
    """Return open_clip's weights under the names that a transformers `model` of its size has."""
    named: dict[str, Tensor] = {}
    for name in model.state_dict():
        weight = weights[_name(name)]
        if "in_proj" in _name(name):
            weight = weight.chunk(3)[_third(name)]
        named[name] = weight.T.contiguous() if name in TRANSPOSED else weight
    return named


def _name(name: str) -> str:
    for theirs, ours in NAMES.items():
        name = name.replace(theirs, ours)
    for part in THIRDS:
        name = name.replace(part, "attn.in_proj_")
    return name


def _third(name: str) -> int:
    return next((third for part, third in THIRDS.items() if part in name), 0)


def _write_open_clip(rounded: Mapping[str, Tensor], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(to_open_clip(rounded), folder / WEIGHTS_FILE)
    configuration = {
        "model_cfg": {
            "embed_dim": FEATURES,
            "quick_gelu": True,
            "vision_cfg": {
                "image_size": SIZE,
                "layers": PICTURE_LAYERS,
                "width": WIDTH,
                "head_width": WIDTH // HEADS,
                "patch_size": PATCH,
                "mlp_ratio": 4.0,
            },
            "text_cfg": {
                "context_length": CONTEXT,
                "vocab_size": TOKENS,
                "width": WIDTH,
                "heads": HEADS,
                "layers": TEXT_LAYERS,
            },
        },
        "preprocess_cfg": {"mean": OPENAI_DATASET_MEAN, "std": OPENAI_DATASET_STD},
    }
    (folder / "open_clip_config.json").write_text(
        json.dumps(configuration, indent=2) + "\n", encoding="utf-8"
    )
    for older in folder.glob("bpe_*.txt.gz"):  # The hub refuses to choose between two.
        older.unlink()
    tokenizer.write_merges(folder)


def _write_text_encoder(rounded: Mapping[str, Tensor], folder: Path) -> None:
    whole = new_model().half()
    whole.load_state_dict(rounded)
    encoder = CLIPTextModel(whole.config.text_config).half()
    encoder.load_state_dict(whole.text_model.state_dict())
    encoder.save_pretrained(folder / "text_encoder")
    tokenizer.build().save_pretrained(folder / "tokenizer")


def _write_card(about: str, folder: Path) -> None:
    files = "\n".join(
        f"- `{name}`: `{digest_file(folder / name)}`" for name in (WEIGHTS_FILE, tokenizer.MERGES)
    )
    today = datetime.now(tz=UTC).date().isoformat()
    (folder / "README.md").write_text(
        f"{about.rstrip()}\n\nWritten on {today}.\n\n## Files\n\n{files}\n", encoding="utf-8"
    )
