"""The trained autoencoder and UNet go in, a folder that StableDiffusionPipeline loads comes out.

`python -m demo.pipeline_files` writes the scheduler, the UNet's averaged weights, the autoencoder,
the index and the model card into demo/weights/sd, or below another folder. The text encoder and
the tokenizer beside them are demo/clip_files.py's; another folder gets copies. dose.json, where
there is one, stays as it is.
"""

import argparse
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import UNet2DConditionModel
from safetensors import safe_open

from demo.dataset import SIZES
from demo.train_unet import SETTINGS, autoencoder, scheduler, unet
from demo.training import WEIGHTS, work_folder
from registry.digests import digest_file

COMPONENTS = {
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderTiny"],
}
ABSENT = ("feature_extractor", "image_encoder", "safety_checker")
INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": diffusers.__version__,
    **COMPONENTS,
    **{name: [None, None] for name in ABSENT},
    "requires_safety_checker": False,  # The world has nothing in it to check for.
}
CARD = """# The demo's diffusion model

Draws pictures of 128 x 128 pixels of a small procedural world, from words or from a personalised
text encoder. Trained from nothing on two processor cores; it knows the ten subjects, five
backgrounds, 24 palettes and seven textures of `demo/world.py`, and nothing else.

- Data: {pictures:,} pictures that `demo/dataset.py` draws, {looks:,} more in the demo's looks
  for the UNet, {test:,} others for the measurement.
- Autoencoder: {autoencoder}; latents [{channels}, 16, 16], scaling factor {scaling:.4f}.
- UNet: {parameters:.2f} million parameters, step {unet_steps:,} of {unet_planned:,} at batch
  {batch} and a peak rate of {peak_rate}, from {start}; mean squared error of the velocity
  {loss:.4f} over its last {window} steps, on damaged conditioning (`demo/conditioning.py`). The
  weights are a moving average.
- Written on {today}; half precision.

## Files

{files}
"""


def trained_unet() -> tuple[UNet2DConditionModel, int]:
    """Return the UNet with its averaged weights, and how many steps it has done."""
    model = unet(SETTINGS)
    with safe_open(work_folder() / "unet" / "checkpoint.safetensors", framework="pt") as file:
        steps = int(file.metadata()["step"])
        with torch.no_grad():
            for name, weight in model.named_parameters():
                weight.copy_(file.get_tensor(f"average/{name}"))
    return model.eval(), steps


def write(folder: Path) -> None:
    """Write the pipeline below `folder`/sd. Raises FileNotFoundError for a missing training."""
    target = folder / "sd"
    model, steps = trained_unet()
    decoder = autoencoder()
    for name in ("text_encoder", "tokenizer"):
        if not (target / name).exists():
            shutil.copytree(WEIGHTS / "sd" / name, target / name)
    model.half().save_pretrained(target / "unet")
    decoder.half().save_pretrained(target / "vae")
    scheduler().save_pretrained(target / "scheduler")
    for name in ("unet", "vae"):
        _forget_origin(target / name / "config.json")
        for weights in (target / name).glob("*.safetensors"):
            weights.chmod(0o644)  # safetensors writes for its owner alone
    (target / "model_index.json").write_text(json.dumps(INDEX, indent=2) + "\n", encoding="utf-8")
    (target / "README.md").write_text(_card(target, model, steps), encoding="utf-8")


def _forget_origin(configuration: Path) -> None:
    """Remove the path of this machine that diffusers notes in a configuration."""
    values = json.loads(configuration.read_text(encoding="utf-8"))
    values.pop("_name_or_path", None)
    configuration.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _card(target: Path, model: UNet2DConditionModel, steps: int) -> str:
    settings = json.loads((target / "vae" / "config.json").read_text(encoding="utf-8"))
    losses = [line for line in _log("unet") if "loss" in line and line["step"] <= steps]
    begun = next(line for line in _log("unet") if "plan" in line)
    files = sorted(path for path in target.glob("*/*") if path.is_file())
    return CARD.format(
        pictures=SIZES["train"],
        looks=SIZES["looks"],
        test=SIZES["test"],
        autoencoder=_autoencoder_figures(),
        channels=settings["latent_channels"],
        scaling=settings["scaling_factor"],
        parameters=sum(weight.numel() for weight in model.parameters()) / 1e6,
        unet_steps=steps,
        unet_planned=begun["plan"]["steps"],
        batch=begun["plan"]["batch"],
        peak_rate=begun["plan"]["peak_rate"],
        start=_origin(begun),
        loss=sum(line["loss"] for line in losses[-20:]) / max(1, len(losses[-20:])),
        window=min(steps, 1000),
        today=datetime.now(tz=UTC).date().isoformat(),
        files="\n".join(
            f"- `{path.relative_to(target).as_posix()}`: `{digest_file(path)}`" for path in files
        ),
    )


def _autoencoder_figures() -> str:
    if not (work_folder() / "autoencoder" / "log.jsonl").exists():  # trained elsewhere, and given
        return "taken as it was"
    log = _log("autoencoder")
    begun = next(line for line in log if "plan" in line)
    quality = [line for line in log if "decibels" in line][-1]
    part = " of the decoder alone" if begun["decoder_only"] else ""
    return (
        f"{quality['step']:,} steps{part} at batch {begun['plan']['batch']} and a peak rate of "
        f"{begun['plan']['peak_rate']}, from {_origin(begun)}; {quality['decibels']:.1f} dB on the "
        "test pictures"
    )


def _origin(begun: dict[str, Any]) -> str:
    return f"the weights `{begun['start']}`" if begun["start"] else "nothing"


def _log(name: str) -> list[dict[str, Any]]:
    text = (work_folder() / name / "log.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=WEIGHTS, help="holds, or gets, sd/")
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
