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
from registry.outages import ModelsAway, is_unmounted, raised_as
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

    Raises ModelsAway where its files can't be had for now.

    What decides the vectors is compared, not the name: those of other weights, of another
    architecture or preprocessing are never mixed in.
    """
    loaded = _loaded_encoder()
    different = differences(loaded.description, space)
    if different:
        raise JobFailed(
            " ".join(
                f"This worker's encoder has the {each.what} {each.ours}, but the space "
                f"“{space.name}” was made with {each.theirs}."
                for each in different
            )
        )
    return loaded


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of an encoder in which it is not that of a space."""

    what: str  # such as "weights"
    ours: str
    theirs: str  # of the space


def differences(ours: encoder.Description, space: Space) -> list[Difference]:
    """Return in what an encoder differs from that of a space; of other weights they alone."""
    if ours.weights != space.weights:
        return [Difference("weights", ours.weights, space.weights)]
    found = []
    if ours.architecture != space.architecture:
        found.append(Difference("architecture", ours.architecture, space.architecture))
    if ours.width != space.width:
        found.append(Difference("width", str(ours.width), str(space.width)))
    here, there = preprocessing_of(ours), space.preprocessing
    found += [
        Difference(f"preprocessing “{name}”", str(here.get(name)), str(there.get(name)))
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    ]
    return found


def preprocessing_of(description: encoder.Description) -> dict[str, object]:
    """Return what is done to a picture, the encoder's part and ours, as a space has it."""
    return {**description.preprocessing, **PREPROCESSING}


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
    chosen = source()
    with raised_as(ModelsAway):
        if chosen.folder is not None and is_unmounted(chosen.folder):
            raise ModelsAway(f"{chosen.folder} is no folder here, or an empty one.")
        return encoder.Encoder.load(chosen)


def ensure_space(name: str) -> tuple[Space, bool]:
    """Register the space of the settings' encoder under `name`; return it and whether it is new.

    Raises ValueError when the encoder's vectors have another width than the hub's, or the name
    already stands for other weights, another architecture or preprocessing.
    """
    description = encoder.describe(source())
    if description.width != WIDTH:
        raise ValueError(
            f"The encoder {settings.ENCODER_MODEL} makes vectors of {description.width} numbers, "
            f"and the hub's have {WIDTH}. Set ENCODER_MODEL to one such as ViT-L-14."
        )
    space, created = Space.objects.get_or_create(
        name=name,
        defaults={
            "architecture": description.architecture,
            "weights": description.weights,
            "preprocessing": preprocessing_of(description),
            "width": description.width,
            "image_size": description.image_size,
        },
    )
    different = differences(description, space)
    if different:
        told = "; ".join(f"the {each.what} {each.theirs}, not {each.ours}" for each in different)
        raise ValueError(
            f"The space “{name}” stands for another encoder than {settings.ENCODER_MODEL}: {told}. "
            "Set HUB_SPACE to a new name."
        )
    return space, created
