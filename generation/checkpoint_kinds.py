"""The kinds of checkpoint that are read: the pipeline's name in `model_index.json` in, `Kind` out.

A kind is all that one family of diffusion models does in its own way. It is chosen once, when a
checkpoint is loaded; nothing else asks which one it is.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

import torch
from diffusers import DiffusionPipeline, StableDiffusionPipeline, StableDiffusionXLPipeline
from torch import Tensor, nn

from generation import prompt_tokens
from generation.prompt_embeds import PromptEmbeds
from generation.prompt_tokens import PromptTokens
from generation.recipes import LAST, Layer
from generation.text_encoders import TextEncoders
from generation.text_towers import refuse_beyond


class Kind(Protocol):
    """How checkpoints of one kind read prompts, and how diffusers draws with them."""

    pipeline: ClassVar[type[DiffusionPipeline]]
    components: ClassVar[tuple[str, ...]]  # without which we can't read prompts
    text_encoders: ClassVar[TextEncoders]
    reads: ClassVar[Layer]  # of the personalised encoder
    reading_only: ClassVar[Mapping[str, bool]]  # told its pipeline where it has nothing that draws

    def tokenize(self, pipeline: Any, prompt: str, /) -> PromptTokens:
        """Return a prompt's tokens for the personalised encoder."""

    def beside(self, pipeline: Any, prompt: str, clip_skip: int, /) -> PromptEmbeds | None:
        """Return what conditions beside the personalised encoder, of one prompt."""

    def negative_clip_skip(self, clip_skip: int, /) -> int:
        """Return the clip skip that a negative prompt is read with."""

    def is_zero(self, pipeline: Any, negative_prompt: str, /) -> bool:
        """Say whether a negative prompt means zeros in place of what encoders make of it."""

    def assembled(self, loaded: Any, scheduler: Any) -> Any:
        """Return a pipeline around loaded models, not copied, with a scheduler of its own."""

    def decoded(self, pipeline: Any, latents: Tensor) -> Tensor:
        """Return pictures [batch, 3, height, width] of latents, as its pipeline decodes them."""


class StableDiffusion:
    """Stable Diffusion 1 and 2: one text encoder, read through its final norm."""

    pipeline: ClassVar = StableDiffusionPipeline
    components: ClassVar[tuple[str, ...]] = ("text_encoder", "tokenizer")
    text_encoders: ClassVar[TextEncoders] = TextEncoders.ONE
    reads: ClassVar[Layer] = LAST
    # Or it warns of pictures that nobody checks.
    reading_only: ClassVar[Mapping[str, bool]] = {"requires_safety_checker": False}

    def tokenize(self, pipeline: Any, prompt: str) -> PromptTokens:
        return prompt_tokens.tokenize(pipeline.tokenizer, prompt)

    def beside(self, _: Any, __: str, ___: int) -> None:
        return None

    def negative_clip_skip(self, clip_skip: int) -> int:
        return clip_skip  # as the web UIs read it; diffusers reads the last layer

    def is_zero(self, _: Any, __: str) -> bool:
        return False

    def assembled(self, loaded: Any, scheduler: Any) -> Any:
        return StableDiffusionPipeline(
            **{**loaded.components, "scheduler": scheduler},
            requires_safety_checker=loaded.config.requires_safety_checker,
        )

    def decoded(self, pipeline: Any, latents: Tensor) -> Tensor:
        decoded: Tensor = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample
        return decoded


class StableDiffusionXL:
    """SDXL (Podell et al. 2023): two text encoders, both read before their last layer, unnormed.

    Only the first is a CLIP that shares a space with pictures of ours; the second, which alone
    gives the pooled embedding, is left as it is. A clip skip counts from the layer but last, as in
    diffusers, whose `clip_skip` is ours less one, and never holds for the negative prompt.
    """

    pipeline: ClassVar = StableDiffusionXLPipeline
    components: ClassVar[tuple[str, ...]] = (
        "text_encoder",
        "tokenizer",
        "text_encoder_2",
        "tokenizer_2",
    )
    text_encoders: ClassVar[TextEncoders] = TextEncoders.FIRST_OF_TWO
    reads: ClassVar[Layer] = Layer(from_end=2, is_normed=False)
    reading_only: ClassVar[Mapping[str, bool]] = {}

    def tokenize(self, pipeline: Any, prompt: str) -> PromptTokens:
        return self._tokens(pipeline, prompt)[0]

    def beside(self, pipeline: Any, prompt: str, clip_skip: int) -> PromptEmbeds:
        """Read a prompt with the second encoder; the first of several rows gives what is pooled.

        So do the web UIs; and emphasis, which is one of tokens, does not touch it.
        """
        encoder, tokens = pipeline.text_encoder_2, self._tokens(pipeline, prompt)[1]
        layer = self.reads.skipping(clip_skip)
        refuse_beyond(layer.from_end, encoder.config.num_hidden_layers)
        with torch.no_grad():
            said = encoder(input_ids=tokens.ids.to(encoder.device), output_hidden_states=True)
        hidden = said.hidden_states[-layer.from_end]  # [rows, 77, hidden]
        return PromptEmbeds(tokens.joined(hidden.float()), said.text_embeds[:1].float())

    def negative_clip_skip(self, _: int) -> int:
        return 1

    def is_zero(self, pipeline: Any, negative_prompt: str) -> bool:
        return bool(pipeline.config.force_zeros_for_empty_prompt) and not negative_prompt

    def assembled(self, loaded: Any, scheduler: Any) -> Any:
        return StableDiffusionXLPipeline(
            **{**loaded.components, "scheduler": scheduler},
            force_zeros_for_empty_prompt=loaded.config.force_zeros_for_empty_prompt,
            add_watermarker=False,  # Else a picture depends on which packages are installed.
        )

    def decoded(self, pipeline: Any, latents: Tensor) -> Tensor:
        """Decode in float32 where half precision overflows, from latents with a mean of their own.

        diffusers/pipelines/stable_diffusion_xl/pipeline_stable_diffusion_xl.py, `__call__`.
        """
        vae, config = pipeline.vae, pipeline.vae.config
        latents = latents / config.scaling_factor
        if config.get("latents_mean") is not None and config.get("latents_std") is not None:
            channels = (1, len(config.latents_mean), 1, 1)
            mean, spread = (
                latents.new_tensor(each).view(channels)
                for each in (config.latents_mean, config.latents_std)
            )
            latents = latents * spread + mean
        with precision_kept(vae):
            if vae.dtype == torch.float16 and config.force_upcast:
                vae.to(torch.float32)
            decoded: Tensor = vae.decode(latents.to(vae.dtype)).sample
        return decoded

    def _tokens(self, pipeline: Any, prompt: str) -> list[PromptTokens]:
        """Return the tokens of both tokenizers in equally many rows."""
        tokenizers = pipeline.tokenizer, pipeline.tokenizer_2
        tokens = [prompt_tokens.tokenize(each, prompt) for each in tokenizers]
        rows = max(len(each.ids) for each in tokens)
        empty = [prompt_tokens.tokenize(each, "") for each in tokenizers]
        return [each.filled(rows, none) for each, none in zip(tokens, empty, strict=True)]


@contextmanager
def precision_kept(model: nn.Module) -> Iterator[None]:
    """Give a model back the precision that it has now, also where memory ends on the way."""
    before = model.dtype
    try:
        yield
    finally:
        if model.dtype != before:
            model.to(dtype=before)


READ: tuple[Kind, ...] = (StableDiffusion(), StableDiffusionXL())
KINDS = {kind.pipeline.__name__: kind for kind in READ}
