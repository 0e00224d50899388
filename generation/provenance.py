"""What a drawn picture says of itself in its PNG: a generation in, text chunks out.

`parameters` is read by the web UIs; `aesthetic` is JSON with everything that draws it again.
"""

import json
from pathlib import PurePath
from typing import Any

from django.conf import settings

from generation import infotext, picture_facts
from generation.aims import Aim
from generation.doses import RECIPE
from generation.models import Generation
from generation.models.generations import PARAMETERS
from registry.digests import hex_of

SAMPLER_NAMES = {Generation.Sampler.CHECKPOINT: "Default", Generation.Sampler.DPM: "DPM++ 2M"}


def plain_png(generation: Generation, image: Any) -> bytes:
    """Return the plain picture as PNG: what the prompt alone draws."""
    texts = {picture_facts.PARAMETERS: infotext.parameters(_drawing(generation), None)}
    return infotext.png(image, texts, {})


def personalised_png(generation: Generation, image: Any) -> bytes:
    """Return the personalised picture as PNG, with the embedding that changed it."""
    version = generation.version
    applied = infotext.AppliedAesthetic(
        embedding=str(version),
        vector_sha256=hex_of(version.vector_digest),
        **{name: getattr(generation, name) for name in RECIPE if name != "clip_skip"},
        text=generation.aesthetic_text,
        text_negative=generation.aesthetic_text_negative,
        slerp_angle=generation.aesthetic_text_angle,
        others={str(version): weight for version, weight in Aim.of(generation).others},
    )
    texts = {picture_facts.PARAMETERS: infotext.parameters(_drawing(generation), applied)}
    ours = {picture_facts.AESTHETIC: json.dumps(everything(generation), sort_keys=True)}
    return infotext.png(image, texts, ours)


def everything(generation: Generation) -> dict[str, Any]:
    """Return all that decides the picture."""
    version = generation.version
    return {
        "generation": str(generation.pk),
        "aesthetic": str(version),
        "version_digest": version.version_digest,
        "vector_digest": version.vector_digest,
        "space": version.space.name,
        "checkpoint": generation.checkpoint,
        "text_encoders": generation.told_text_encoders,
        **{name: getattr(generation, name) for name in PARAMETERS},
        "others": [
            {
                "aesthetic": str(other),
                "version_digest": other.version_digest,
                "vector_digest": other.vector_digest,
                "weight": weight,
            }
            for other, weight in Aim.of(generation).others
        ],
    }


def _drawing(generation: Generation) -> infotext.Drawing:
    return infotext.Drawing(
        prompt=generation.prompt,
        negative_prompt=generation.negative_prompt,
        steps=generation.sampling_steps,
        sampler=SAMPLER_NAMES[Generation.Sampler(generation.sampler)],
        guidance=generation.guidance,
        seed=generation.seed,
        width=generation.width,
        height=generation.height,
        model=PurePath(settings.DIFFUSION_MODEL).name,
        model_sha256=hex_of(generation.checkpoint),
        clip_skip=generation.clip_skip,
    )
