"""Train the UNet: noisy latents [12, 16, 16], a time and a caption go in, the velocity comes out.

`python -m demo.train_unet` needs the autoencoder's latents, the personalised captions and a text
encoder, which stays as it is. What it leaves in work_folder()/unet: the checkpoint with the
averaged weights, from which `python -m demo.pipeline_files` makes a pipeline, log.jsonl, and sheets
of samples.

demo/conditioning.py says what the captions are and how they are damaged on purpose, so that a
personalised text encoder, whose words say one thing and whose end says another, is understood.
"""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from transformers import CLIPTextModel

from demo import dataset, personalised_captions, tokenizer
from demo.conditioning import DAMAGE, Damage, condition, phrase
from demo.train_autoencoder import CHANNELS, to_bytes
from demo.training import (
    WEIGHTS,
    Average,
    Run,
    autocast,
    cosine_rate,
    device,
    work_folder,
)
from demo.world import AESTHETICS, ORIGINALS, PALETTES, SUBJECTS, TEXTURES, TWINS, Style

PLACES = 16  # of the latents, a side
SPLITS = ("train", "looks")
# Shapes of fine or fuzzy outline, which a style takes from a picture first, come this often beside
# other subjects.
FRAIL = {"cat": 2.5, "flower": 2.0, "castle": 1.5}
PROMPTS = (
    "a house",
    "a cat on a meadow",
    "a boat on the sea under the moon",
    "a castle by the forest",
    "a whale at sea",
    "a lighthouse by the sea, sunset",
    "a mountain, watercolor",
    "a flower in candy colors and pixel art",
    "a tree with birds, black and white halftone",
    "a hot air balloon, neon, night",
)


@dataclass(frozen=True)
class Settings:
    steps: int = 15_000  # the first demo's UNet was under-trained after 8,470
    batch: int = 24  # at 32 a step takes a third longer; many updates matter more
    widths: tuple[int, ...] = (64, 96, 128)  # 5.7 million parameters, 11.4 MB in half precision
    attends: tuple[bool, ...] = (False, True, True)  # at 8 and 4 places; at 16 it doubles the time
    heads: int = 4
    groups: int = 8  # channels are normalised in groups of 8 to 16
    peak_rate: float = 1e-3
    warmup: int = 200
    hold: float = 0.35  # share of the steps at the peak; the long decay is where lines get crisp
    average: float = 0.999
    time_centre: float = -0.2  # time steps are 1000 sigmoid(normal): most in the middle,
    time_spread: float = 1.0  # where subject and style are decided,
    time_uniform: float = 0.2  # and this share anywhere
    plain: float = 3.0  # weight of plain pictures: a prompt without a style must draw perfectly
    twins: float = 3.0  # weight of flat shapes and of tiles: each other's nearest in the space
    named: float = 2.5  # weight of the looks that people meet, the demo's, beside other textures
    damage: Damage = DAMAGE
    seed: int = 2


SETTINGS = Settings()


def unet(settings: Settings) -> UNet2DConditionModel:
    """Return a fresh UNet on latents [12, 16, 16] and conditioning [77, 192]."""
    kinds = tuple("CrossAttn" if attends else "" for attends in settings.attends)
    return UNet2DConditionModel(
        sample_size=PLACES,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        down_block_types=tuple(f"{kind}DownBlock2D" for kind in kinds),
        up_block_types=tuple(f"{kind}UpBlock2D" for kind in reversed(kinds)),
        block_out_channels=settings.widths,
        layers_per_block=1,
        cross_attention_dim=192,
        attention_head_dim=settings.heads,  # diffusers' name for the number of heads
        norm_num_groups=settings.groups,
    )


def scheduler() -> DDIMScheduler:
    """Return the noise schedule; its last step is all but pure noise, so brightness is learnt."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="linear",
        beta_start=1e-4,
        beta_end=0.02,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,  # unused with this spacing, but the pipeline warns of any other
    )


def autoencoder() -> AutoencoderTiny:
    return AutoencoderTiny.from_pretrained(work_folder() / "autoencoder" / "vae").eval()


def time_steps(settings: Settings, random: np.random.Generator) -> Tensor:
    """Return time steps int64 [batch] from 0, a clean picture, to 999, noise."""
    middle = 1 / (
        1 + np.exp(-random.normal(settings.time_centre, settings.time_spread, settings.batch))
    )
    uniform = random.random(settings.batch)
    anywhere = random.random(settings.batch) < settings.time_uniform
    return torch.from_numpy((1000 * np.where(anywhere, uniform, middle)).astype(np.int64))


def with_noise(latents: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Return noisy latents [batch, 12, 16, 16] and their velocities (Salimans and Ho 2022).

    `kept` [batch] is the share of the latents' variance that the time step leaves.
    """
    noise = torch.randn_like(latents)
    signal, strength = kept.sqrt()[:, None, None, None], (1 - kept).sqrt()[:, None, None, None]
    return signal * latents + strength * noise, signal * noise - strength * latents


def shares(
    split: dataset.Labelled, *, plain: float, twins: float, named: float
) -> NDArray[np.float64]:
    """Return how often each picture is drawn, [n].

    A palette's textures come as often as each other, though the data have more that is flat: what
    is ambiguous would be drawn as what is frequent. But in the nine palettes of the looks flat
    shapes and tiles, which are hard to tell apart, come `twins` times as often, and looks with a
    name `named` times, which is the other textures' loss. The plain look comes `plain` times as
    often as its share of the data. In every look the FRAIL subjects are more frequent.
    """
    looks, which, counts = np.unique(
        split.labels[:, 3:], axis=0, return_inverse=True, return_counts=True
    )
    palettes = looks[:, 0]
    styles = [Style(PALETTES[palette], TEXTURES[texture]) for palette, texture in looks]
    parts = np.array(
        [
            (twins if style.palette in ORIGINALS and style.texture in TWINS else 1.0)
            * (named if style in AESTHETICS.values() else 1.0)
            for style in styles
        ]
    )  # [looks]
    of_palette, its_parts = np.bincount(palettes, counts), np.bincount(palettes, parts)
    even = of_palette[palettes] / its_parts[palettes] * parts / counts  # [looks]
    is_natural, is_plain = palettes == 0, (looks == 0).all(1)  # 0 is natural, and flat
    weights: NDArray[np.float64] = np.where(is_plain, plain, np.where(is_natural, 1.0, even))
    frail = np.array([FRAIL.get(subject, 1.0) for subject in SUBJECTS])
    each = weights[which] * frail[split.labels[:, 0]]  # [n]
    return np.asarray(each / each.sum())


def train(settings: Settings, text_encoder: Path, start: Path | None, sheet_every: int) -> None:
    on, run = device(), Run("unet", seed=settings.seed, steps=settings.steps)
    split = dataset.load_labels(*SPLITS)
    personalised = personalised_captions.load(*SPLITS)
    phrasings = phrase(split, text_encoder, personalised, settings.seed)
    scaling = autoencoder().config.scaling_factor
    encoded = [np.load(work_folder() / "latents" / f"{name}.npy") for name in SPLITS]
    latents = torch.from_numpy(np.concatenate(encoded)) * scaling
    each = shares(split, plain=settings.plain, twins=settings.twins, named=settings.named)
    frequency = np.cumsum(each)  # [n], for draws by bisection
    torch.manual_seed(settings.seed)
    model = unet(settings).to(on, memory_format=torch.channels_last)
    if start is not None:
        earlier = UNet2DConditionModel.from_pretrained(start, dtype=torch.float32)
        model.load_state_dict(earlier.state_dict())
    run.begin(asdict(settings) | {"frail": FRAIL}, start)
    print(f"{sum(weight.numel() for weight in model.parameters()) / 1e6:.2f} M parameters")
    kept = scheduler().alphas_cumprod.to(on)  # [1000]
    average = Average(model, settings.average)
    optimiser = torch.optim.AdamW(
        model.parameters(), betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    for step in run.remaining({"unet": model}, optimiser, average):
        rate = cosine_rate(
            step,
            steps=settings.steps,
            peak=settings.peak_rate,
            warmup=settings.warmup,
            hold=settings.hold,
        )
        for group in optimiser.param_groups:
            group["lr"] = rate
        random = run.random(step)
        pictures = frequency.searchsorted(random.random(settings.batch) * frequency[-1])
        hidden = condition(phrasings, pictures, settings.damage, random).to(on)
        times = time_steps(settings, random).to(on)
        noisy, velocity = with_noise(latents[pictures].float().to(on), kept[times])
        with autocast(on):
            guess = model(noisy.contiguous(memory_format=torch.channels_last), times, hidden).sample
        loss = (guess.float() - velocity).square().mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.follow(step)
        run.log(step, 50, loss=loss.item(), rate=rate)
        if (step + 1) % 500 == 0 or step + 1 == settings.steps:
            run.save(step + 1, {"unet": model}, optimiser, average)
        if (step + 1) % sheet_every == 0 or step + 1 == settings.steps:
            averaged = unet(settings).to(on).eval()
            average.copy_to(averaged)
            sheet(averaged, text_encoder, run.folder / f"sheet-{step + 1:06}.png")


@torch.no_grad()
def sheet(model: UNet2DConditionModel, text_encoder: Path, path: Path) -> None:
    """Draw the prompts from two seeds, 20 steps at guidance 4, and write them as two rows."""
    on, schedule, decoder = device(), scheduler(), autoencoder().to(device())
    encoder = CLIPTextModel.from_pretrained(text_encoder, dtype=torch.float32).eval()
    texts = [*[""] * len(PROMPTS), *PROMPTS]
    hidden = encoder(input_ids=tokenizer.tokenize(texts)).last_hidden_state.to(on)
    schedule.set_timesteps(20)
    rows = []
    for seed in range(2):
        shape = (len(PROMPTS), CHANNELS, PLACES, PLACES)
        latents = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(on)
        for time in schedule.timesteps:
            with autocast(on):
                guess = model(torch.cat([latents, latents]), time, hidden).sample
            without, said = guess.float().chunk(2)
            latents = schedule.step(without + 4 * (said - without), time, latents).prev_sample
        drawn = to_bytes(decoder.decode(latents / decoder.config.scaling_factor).sample)
        rows.append(np.concatenate(list(drawn), axis=1))
    Image.fromarray(np.concatenate(rows)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=SETTINGS.steps)
    parser.add_argument("--peak-rate", type=float, default=SETTINGS.peak_rate)
    parser.add_argument("--seed", type=int, default=SETTINGS.seed, help="another for going on")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--start", type=Path, help="a UNet's folder to start from, instead of from nothing"
    )
    parser.add_argument("--sheet-every", type=int, default=1000, help="steps between sheets")
    parser.add_argument("--text-encoder", type=Path, default=WEIGHTS / "sd" / "text_encoder")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)  # Adam's tiny squares are slow otherwise.
    settings = Settings(steps=arguments.steps, peak_rate=arguments.peak_rate, seed=arguments.seed)
    train(settings, arguments.text_encoder, arguments.start, arguments.sheet_every)


if __name__ == "__main__":
    main()
