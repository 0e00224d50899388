"""Train the autoencoder: pictures [128, 128, 3] go in, latents [12, 16, 16] and back come out.

`python -m demo.train_autoencoder` trains, measures the test split, and encodes the training
pictures for the UNet. What it leaves in work_folder():

    autoencoder/vae/          the AutoencoderTiny, with the scaling factor in its configuration
    autoencoder/pictures.png  test pictures above, decoded below
    autoencoder/log.jsonl     losses, and the test's signal-to-noise ratio
    latents/train.npy, looks.npy  float16 [n, 12, 16, 16], not scaled

A configuration holds one scaling factor for all channels, so a penalty keeps every channel at mean
0 and variance 1, and the channels uncorrelated. With `--decoder-only` the latents stay as they are,
and with them the UNet's training.
"""

import argparse
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from demo import dataset
from demo.palettes import DARK
from demo.training import Run, autocast, cosine_rate, device, work_folder
from demo.world import PALETTES, TEXTURES

CELL = 8  # pixels a side that become one place of the latents
CHANNELS = 12  # with 8 the tiles were lost and the colours under a hatching were grey


@dataclass(frozen=True)
class Settings:
    steps: int = 5_000  # about 20 minutes on one core
    batch: int = 8  # many updates matter more than large ones
    crop: int = 64  # pixels; a quarter of a picture shows as much texture as all of it
    width: int = 32  # channels in every layer; the layers at full size take most of the time
    encoder_blocks: tuple[int, ...] = (0, 1, 2, 2)  # from full size to an eighth
    decoder_blocks: tuple[int, ...] = (4, 4, 3, 1)  # from an eighth to full size
    peak_rate: float = 1.5e-3
    warmup: int = 100
    edges: float = 0.5  # weight of the differences between neighbours: crisp lines
    colour: float = 1.0  # weight of each cell's mean, which a texture must not hide
    fine: int = 4  # how often stained glass and dots in the dark come, the finest there are
    noise: float = 0.07  # on latents of deviation 1: what the UNet draws is never exact
    whiteness: float = 0.02  # weight of the penalty on the latents' means and covariances
    seed: int = 1


SETTINGS = Settings()


def autoencoder(settings: Settings) -> AutoencoderTiny:
    """Return a fresh autoencoder that starts near the identity and in the middle grey."""
    widths = (settings.width,) * len(settings.encoder_blocks)
    model = AutoencoderTiny(
        latent_channels=CHANNELS,
        encoder_block_out_channels=widths,
        decoder_block_out_channels=widths,
        num_encoder_blocks=settings.encoder_blocks,
        num_decoder_blocks=settings.decoder_blocks,
    )
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("conv.4.weight"):  # A residual block's last layer.
                weight.mul_(0.2)
        last = model.decoder.layers[-1]
        last.weight.mul_(0.3)
        last.bias.fill_(0.5)
    return model


@torch.no_grad()
def scale_latents(model: AutoencoderTiny, pictures: Tensor) -> None:
    """Set the encoder's last layer so that these pictures' latents have mean 0, deviation 1."""
    latents = model.encode(pictures).latents  # [batch, channels, height, width]
    last = model.encoder.layers[-1]
    deviation = latents.std((0, 2, 3))  # [channels]
    last.weight.div_(deviation[:, None, None, None])
    last.bias.copy_((last.bias - latents.mean((0, 2, 3))) / deviation)


def to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """Turn bytes [batch, height, width, 3] into values [batch, 3, height, width] from -1 to 1."""
    values = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    return values.contiguous(memory_format=torch.channels_last)


def to_bytes(values: Tensor) -> NDArray[np.uint8]:
    """Turn values [batch, 3, height, width] from -1 to 1 into bytes [batch, height, width, 3]."""
    levels = values.float().clamp(-1, 1).add(1).mul(127.5).round().byte()
    pictures: NDArray[np.uint8] = levels.permute(0, 2, 3, 1).cpu().numpy()
    return pictures


def drawn_from(labels: NDArray[np.int64], settings: Settings) -> NDArray[np.int64]:
    """Return the numbers of pictures with labels [pictures, 5], each as often as it comes, [n]."""
    palette, texture = labels[:, 3], labels[:, 4]
    is_dark = np.isin(palette, [PALETTES.index(name) for name in DARK])
    is_fine = (texture == TEXTURES.index("glass")) | is_dark & (texture == TEXTURES.index("dots"))
    return np.repeat(np.arange(len(labels)), np.where(is_fine, settings.fine, 1))


def crops(
    pictures: NDArray[np.uint8],
    numbers: NDArray[np.int64],
    settings: Settings,
    random: np.random.Generator,
) -> NDArray[np.uint8]:
    """Cut squares [batch, crop, crop, 3] at multiples of a cell: textures are drawn on cells."""
    side, size = settings.crop, pictures.shape[1]
    chosen = random.choice(numbers, size=settings.batch)
    corners = CELL * random.integers((size - side) // CELL + 1, size=(settings.batch, 2))
    return np.stack(
        [
            pictures[index, y : y + side, x : x + side]
            for index, (y, x) in zip(chosen, corners, strict=True)
        ]
    )


def difference(drawn: Tensor, true: Tensor, settings: Settings) -> Tensor:
    """Return how far apart pictures [batch, 3, height, width] are: in pixels, edges and cells."""
    error = drawn - true
    across = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    cells = F.avg_pool2d(error, CELL).abs().mean()
    pixels = error.abs().mean() + error.square().mean()
    return pixels + settings.edges * across + settings.colour * cells


def unwhiteness(latents: Tensor) -> Tensor:
    """Return how far the channels of [batch, channels, height, width] are from white noise's."""
    values = latents.transpose(0, 1).flatten(1)  # [channels, batch * height * width]
    identity = torch.eye(len(values), device=values.device)
    covariance = (torch.cov(values) - identity).square().sum() / len(values)
    return covariance + values.mean(1).square().mean()


def train(settings: Settings, start: Path | None, *, decoder_only: bool = False) -> AutoencoderTiny:
    on, run = device(), Run("autoencoder", seed=settings.seed, steps=settings.steps)
    split = dataset.load("train")
    numbers = drawn_from(split.labels, settings)
    torch.manual_seed(settings.seed)
    model = autoencoder(settings).to(on, memory_format=torch.channels_last)
    print(f"{sum(weight.numel() for weight in model.parameters()) / 1e6:.2f} M parameters")
    if start is None:
        scale_latents(model, to_tensor(split.pictures[:64]).to(on))
    else:
        earlier = AutoencoderTiny.from_pretrained(start, dtype=torch.float32)
        print("fresh:", model.load_state_dict(earlier.state_dict(), strict=False).missing_keys)
        model.register_to_config(scaling_factor=earlier.config.scaling_factor)
    run.begin(asdict(settings), start, decoder_only=decoder_only)
    model.encoder.requires_grad_(requires_grad=not decoder_only)
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(learning, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    for step in run.remaining({"autoencoder": model}, optimiser):
        rate = cosine_rate(
            step, steps=settings.steps, peak=settings.peak_rate, warmup=settings.warmup
        )
        for group in optimiser.param_groups:
            group["lr"] = rate
        true = to_tensor(crops(split.pictures, numbers, settings, run.random(step))).to(on)
        with autocast(on):
            latents = model.encode(true).latents.float()  # [batch, channels, crop / 8, crop / 8]
            drawn = model.decode(latents + settings.noise * torch.randn_like(latents)).sample
        distance = difference(drawn.float(), true, settings)
        penalty = unwhiteness(latents)
        optimiser.zero_grad()
        (distance + settings.whiteness * penalty).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        run.log(step, 100, distance=distance.item(), penalty=penalty.item(), rate=rate)
        if (step + 1) % 500 == 0 or step + 1 == settings.steps:
            run.save(step + 1, {"autoencoder": model}, optimiser)
    measure(model, run)
    return model


@torch.no_grad()
def measure(model: AutoencoderTiny, run: Run) -> None:
    """Log the test's signal-to-noise ratio in decibels, and draw the first pictures, decoded."""
    pictures = np.array(dataset.load("test").pictures[:256])  # a copy in memory
    drawn = np.concatenate(
        [
            to_bytes(model.decode(model.encode(part.to(device())).latents).sample)
            for part in to_tensor(pictures).split(32)
        ]
    )
    error = (drawn.astype(np.float64) - pictures) ** 2  # [n, height, width, 3]
    run.note(run.steps, decibels=10 * math.log10(255**2 / error.mean()))
    rows = [np.concatenate(rows, axis=1) for rows in (pictures[:10], drawn[:10])]
    Image.fromarray(np.concatenate(rows)).save(run.folder / "pictures.png")


@torch.no_grad()
def encode(model: AutoencoderTiny, name: str) -> NDArray[np.float16]:
    """Write the latents of a split's pictures, float16 [n, 12, 16, 16], and return them."""
    pictures, on = dataset.load(name).pictures, device()
    path, places = work_folder() / "latents" / f"{name}.npy", pictures.shape[1] // CELL
    path.parent.mkdir(parents=True, exist_ok=True)
    latents = np.lib.format.open_memmap(
        path, mode="w+", dtype=np.float16, shape=(len(pictures), CHANNELS, places, places)
    )
    for start in range(0, len(pictures), 64):
        part = to_tensor(np.array(pictures[start : start + 64])).to(on)
        with autocast(on):
            latents[start : start + 64] = model.encode(part).latents.half().cpu().numpy()
    latents.flush()
    return latents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=SETTINGS.steps)
    parser.add_argument("--peak-rate", type=float, default=SETTINGS.peak_rate)
    parser.add_argument("--seed", type=int, default=SETTINGS.seed, help="another for going on")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="an autoencoder's folder to start from")
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--encode-only", action="store_true", help="take the one of --start as it is")
    kept.add_argument(
        "--decoder-only", action="store_true", help="take the encoder of --start as it is"
    )
    arguments = parser.parse_args()
    if arguments.start is None and (arguments.encode_only or arguments.decoder_only):
        parser.error("--encode-only and --decoder-only need --start")
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)  # Adam's tiny squares are slow otherwise.
    if arguments.encode_only:
        model = AutoencoderTiny.from_pretrained(arguments.start, dtype=torch.float32).eval()
    else:
        settings = Settings(
            steps=arguments.steps, peak_rate=arguments.peak_rate, seed=arguments.seed
        )
        model = train(settings, arguments.start, decoder_only=arguments.decoder_only).eval()
    if not arguments.decoder_only:  # Else latents and their scale are those of --start.
        encode(model, "looks")
        latents = encode(model, "train").astype(np.float32)
        print("deviations of the channels", latents.std((0, 2, 3)).round(3).tolist())
        print("means of the channels", latents.mean((0, 2, 3)).round(3).tolist())
        model.register_to_config(scaling_factor=float(1 / latents.std()))
    model.save_pretrained(work_folder() / "autoencoder" / "vae")


if __name__ == "__main__":
    main()
