"""Load a Stable Diffusion checkpoint: a folder or Hub name and a projection in, `Models` out.

The checkpoint is of one of the kinds that checkpoint_kinds knows. Its own text encoder, the first
where there are two, is joined with the projection of the embedding space's encoder, since a
checkpoint has none.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from diffusers import DiffusionPipeline
from diffusers.utils import is_accelerate_available
from diffusers.utils import logging as diffusers_logging
from safetensors import SafetensorError
from torch import Tensor
from transformers import CLIPTextModelWithProjection
from transformers.utils import logging as transformers_logging

from generation.checkpoint_files import INDEX, decisive_files
from generation.checkpoint_kinds import KINDS, Kind
from generation.plain_readings import plain_reading
from generation.prompt_embeds import PromptEmbeds
from generation.prompt_tokens import PromptTokens
from registry.digests import canonical_json, digest_bytes, digest_file

LEAST_SIZE_STEP = 8  # pixels; diffusers' pipeline takes no finer sizes, whatever the autoencoder


class DiffusionRefused(Exception):
    """Something that can't be drawn; each reason is a class, with a `code` for machines."""

    code = "diffusion-refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CheckpointUnavailable(DiffusionRefused):
    code = "checkpoint-unavailable"


class CheckpointKindUnknown(DiffusionRefused):
    code = "checkpoint-kind-unknown"


class ProjectionMismatch(DiffusionRefused):
    code = "projection-mismatch"


@dataclass(frozen=True, slots=True)
class Models:
    """A loaded checkpoint; `load` makes one.

    `text_encoder` is the one that is personalised: the checkpoint's own with the space's
    projection, always in float32, so that plain and personalised conditioning are computed alike.
    `pipeline` is everything else, and `kind` what its kind does in its own way. Models of
    `load_text` can do all but draw: their pipeline has what reads prompts alone.
    """

    pipeline: DiffusionPipeline
    text_encoder: CLIPTextModelWithProjection
    kind: Kind

    @classmethod
    def load(cls, checkpoint: str, text_projection: Tensor, device: str = "cpu") -> Self:
        """Load a folder or Hub name with the `text_projection` [hidden, width] of a space.

        Raises CheckpointUnavailable, CheckpointKindUnknown, ProjectionMismatch.
        """
        return cls._joined(*_read(checkpoint, device, _nothing), text_projection, device)

    @classmethod
    def load_text(cls, checkpoint: str, text_projection: Tensor, device: str = "cpu") -> Self:
        """Load what reads prompts, and nothing that draws. Raises what `load` does."""
        return cls._joined(*_read(checkpoint, device, _without_drawing), text_projection, device)

    @classmethod
    def _joined(
        cls, kind: Kind, pipeline: DiffusionPipeline, text_projection: Tensor, device: str
    ) -> Self:
        text_encoder = _with_projection(pipeline, text_projection)
        pipeline.text_encoder = None  # Every prompt passes through `text_encoder`.
        return cls(pipeline.to(device), text_encoder.to(device), kind)

    def with_drawing(self, checkpoint: str, device: str = "cpu") -> Self:
        """Load what draws of the same checkpoint, beside what reads prompts here.

        Raises CheckpointUnavailable.
        """
        reading = {name: getattr(self.pipeline, name) for name in self.kind.components}
        _, pipeline = _read(checkpoint, device, lambda *_: reading)
        return replace(self, pipeline=pipeline.to(device))

    @property
    def size_step(self) -> int:
        """Return the number of pixels of which a picture's sides are multiples."""
        return max(LEAST_SIZE_STEP, int(self.pipeline.vae_scale_factor))

    def tokenize(self, prompt: str) -> PromptTokens:
        """Return a prompt's tokens for the personalised encoder, in as many rows as it needs."""
        return self.kind.tokenize(self.pipeline, prompt)

    def read(self, input_ids: Tensor, clip_skip: int = 1) -> Tensor:
        """Return hidden states [rows, 77, hidden] of token ids [rows, 77], as they condition.

        They are the personalised encoder's, kept for the next time and not to be changed;
        `clip_skip` is a recipe's. Raises PersonalisationRefused where there is no such layer.
        """
        layer = self.kind.reads.skipping(clip_skip)
        return plain_reading(self.text_encoder, input_ids, layer).hidden

    def conditioner(self, prompt: str, clip_skip: int = 1) -> Callable[[Tensor], PromptEmbeds]:
        """Return what makes the conditioning of a prompt, [1, rows * 77, all channels].

        It takes what the personalised encoder says, [rows, 77, hidden], and adds what stays as it
        is, whatever that encoder was made to say.
        """
        tokens = self.tokenize(prompt)
        beside = self.kind.beside(self.pipeline, prompt, clip_skip)

        def conditioned(hidden: Tensor) -> PromptEmbeds:
            own = PromptEmbeds(tokens.joined(hidden))
            return own if beside is None else own.beside(beside)

        return conditioned

    def condition(self, prompt: str, clip_skip: int = 1) -> PromptEmbeds:
        """Return the plain conditioning of a prompt."""
        hidden = self.read(self.tokenize(prompt).ids, clip_skip)
        return self.conditioner(prompt, clip_skip)(hidden)

    def negative(self, prompt: str, clip_skip: int = 1) -> PromptEmbeds:
        """Return the conditioning of a negative prompt; "" is none."""
        embeds = self.condition(prompt, self.kind.negative_clip_skip(clip_skip))
        return embeds.zeros() if self.kind.is_zero(self.pipeline, prompt) else embeds


def checkpoint_digest(checkpoint: str) -> str:
    """Name what decides a checkpoint's pictures: its components' weights, settings and words.

    It is the digest of the canonical JSON object from file names to file digests, so that it does
    not depend on where the checkpoint lies. Raises CheckpointUnavailable.
    """
    folder = _folder(checkpoint)
    files = decisive_files(folder)
    return digest_bytes(canonical_json({name: digest_file(file) for name, file in files.items()}))


def _folder(checkpoint: str) -> Path:
    """Return the checkpoint's folder, downloaded where it is a name on the Hub."""
    folder = Path(checkpoint)
    if (folder / INDEX).is_file():
        return folder
    if folder.is_dir():
        raise CheckpointUnavailable(
            f"The folder {checkpoint} has no {INDEX}; set DIFFUSION_MODEL to one that diffusers "
            "saved."
        )
    try:
        with _without_progress_bars():
            # The index first, since a checkpoint that can't be read may be of many gigabytes.
            kind = _kind_of(checkpoint, DiffusionPipeline.load_config(checkpoint))
            return Path(kind.pipeline.download(checkpoint, use_safetensors=True))
    except (OSError, ValueError) as error:
        raise CheckpointUnavailable(
            f"{checkpoint} is no folder here and could not be downloaded: {error} Set "
            "DIFFUSION_MODEL to a folder that diffusers saved, or to a model on the Hugging Face "
            "Hub that this machine can reach."
        ) from error


def _kind_of(checkpoint: str, index: Mapping[str, Any]) -> Kind:
    """Return the kind that the contents of `model_index.json` name."""
    name = index.get("_class_name")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise CheckpointKindUnknown(
            f"{checkpoint} is a checkpoint for {name}. Those for {' and '.join(KINDS)} are read; "
            "set DIFFUSION_MODEL to one of them."
        )
    if missing := [each for each in kind.components if not (index.get(each) or [None])[0]]:
        raise CheckpointUnavailable(
            f"{checkpoint} lacks {' and '.join(missing)}, without which no prompt can be read."
        )
    return kind


def _nothing(_: Kind, __: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _without_drawing(kind: Kind, index: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lets diffusers leave out the components without which prompts can be read."""
    components = {name for name, said in index.items() if isinstance(said, list)}
    return {**kind.reading_only, **dict.fromkeys(components.difference(kind.components))}


def _read(
    checkpoint: str,
    device: str,
    given: Callable[[Kind, Mapping[str, Any]], Mapping[str, Any]],
) -> tuple[Kind, DiffusionPipeline]:
    """Read a checkpoint but for the components that are `given` for its kind and index."""
    precision = torch.float16 if torch.device(device).type == "cuda" else torch.float32
    folder = _folder(checkpoint)
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        kind = _kind_of(checkpoint, index)
        with _without_progress_bars():
            return kind, kind.pipeline.from_pretrained(
                folder,
                **given(kind, index),
                dtype={"default": precision, "text_encoder": torch.float32},
                local_files_only=True,
                use_safetensors=True,  # Never a pickle.
                low_cpu_mem_usage=is_accelerate_available(),  # Its default, without a warning.
            )
    except (torch.OutOfMemoryError, torch.AcceleratorError):  # RuntimeErrors as well
        raise
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointUnavailable(
            f"{checkpoint} is not a Stable Diffusion checkpoint in safetensors: {error}"
        ) from error


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """Keep a worker's log free of progress bars; both libraries switch them process-wide."""
    switches = [
        library
        for library in (diffusers_logging, transformers_logging)
        if library.is_progress_bar_enabled()
    ]
    for library in switches:
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library in switches:
            library.enable_progress_bar()


def _with_projection(pipeline: Any, projection: Tensor) -> CLIPTextModelWithProjection:
    """Join the checkpoint's text encoder, not copied, with `projection` [hidden, width]."""
    encoder, (hidden, width) = pipeline.text_encoder, projection.shape
    if encoder.config.hidden_size != hidden:
        raise ProjectionMismatch(
            f"The checkpoint's text encoder is {encoder.config.hidden_size} wide and the space's "
            f"projection starts from {hidden}; they belong to different models."
        )
    encoder.config.projection_dim = width
    # Old checkpoints name another token than the one that their tokenizer ends with.
    encoder.config.eos_token_id = encoder.eos_token_id = pipeline.tokenizer.eos_token_id
    with torch.device("meta"):  # No weights are made only to be thrown away.
        joined = CLIPTextModelWithProjection(encoder.config)
        joined.text_projection = torch.nn.Linear(hidden, width, bias=False)
    joined.text_model = encoder
    joined.text_projection.weight = torch.nn.Parameter(projection.detach().float().T.contiguous())
    return joined.eval().requires_grad_(requires_grad=False)
