"""The encoder of this worker process: loaded once, checked against its space. Worker side."""

import platform
from dataclasses import dataclass
from functools import cache

import torch
from django.conf import settings
from django.utils.crypto import salted_hmac

from registry import encoder
from registry.digests import WIDTH
from registry.leases import JobFailed
from registry.models.spaces import Space
from registry.pictures import PREPROCESSING


def source() -> encoder.Source:
    """Return which encoder the settings name."""
    return encoder.Source(
        model=settings.ENCODER_MODEL,
        pretrained=settings.ENCODER_PRETRAINED,
        device=settings.DEVICE,
    )


def encoder_for(space: Space) -> encoder.Encoder:
    """Return this process's encoder; raise JobFailed when it is not the one of `space`.

    The weights decide, not the name: vectors of other weights are never mixed in.
    """
    loaded = _loaded_encoder()
    if loaded.description.weights != space.weights:
        raise JobFailed(
            f"This worker's encoder has the weights {loaded.description.weights}, but the space "
            f"“{space.name}” was made with {space.weights}."
        )
    return loaded


@dataclass(frozen=True, slots=True)
class Measurer:
    """Who measured, and with what; everybody may read it."""

    worker: str
    device: str
    torch: str
    encoder: str  # digest of the weights


def this_measurer(loaded: encoder.Encoder) -> Measurer:
    """Return this machine as a measurer.

    Its name is keyed with the hub's secret: the same for the same machine, and of no use to those
    who would guess the machine's own.
    """
    name = salted_hmac("registry.measurer", platform.node()).hexdigest()[:8]
    device = settings.DEVICE
    if torch.device(device).type == "cuda":
        kind = torch.cuda.get_device_name(device)
    else:
        kind = torch.backends.cpu.get_cpu_capability()  # such as AVX2: it decides the last bits
    return Measurer(
        worker=f"worker-{name}",
        device=f"{device} ({kind})",
        torch=str(torch.__version__),
        encoder=loaded.description.weights,
    )


@cache
def _loaded_encoder() -> encoder.Encoder:
    if settings.TORCH_THREADS:
        torch.set_num_threads(settings.TORCH_THREADS)
    return encoder.Encoder.load(source())


def ensure_space(name: str) -> tuple[Space, bool]:
    """Register the space of the settings' encoder under `name`; return it and whether it is new.

    Raises ValueError when the encoder's vectors have another width than the hub's, or the name
    already stands for other weights or another preprocessing.
    """
    description = encoder.describe(source())
    if description.width != WIDTH:
        raise ValueError(
            f"The encoder {settings.ENCODER_MODEL} makes vectors of {description.width} numbers, "
            f"and the hub's have {WIDTH}. Set ENCODER_MODEL to one such as ViT-L-14."
        )
    preprocessing = {**description.preprocessing, **PREPROCESSING}
    space, created = Space.objects.get_or_create(
        name=name,
        defaults={
            "architecture": description.architecture,
            "weights": description.weights,
            "preprocessing": preprocessing,
            "width": description.width,
            "image_size": description.image_size,
        },
    )
    if (space.weights, space.preprocessing) != (description.weights, preprocessing):
        raise ValueError(
            f"The space “{name}” stands for the weights {space.weights}, and the encoder "
            f"{settings.ENCODER_MODEL} has {description.weights}. Set HUB_SPACE to a new name."
        )
    return space, created
