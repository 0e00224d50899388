"""Read prompts with a text encoder: token ids go in, hidden states and features come out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from transformers import CLIPTextModelWithProjection

from generation.recipes import PersonalisationRefused

Weights = dict[str, Tensor]

# Checkpoints from before transformers 4.31 name this end-of-text token, and mean the highest id.
LEGACY_END_OF_TEXT = 2


@dataclass(frozen=True, slots=True)
class Reading:
    hidden: Tensor  # [batch, tokens, hidden], after the final layer norm
    features: Tensor  # [batch, width], not normalised


@dataclass(frozen=True, slots=True)
class Climber:
    """A text encoder whose weights move, away from those of the tower that it started from.

    `read` takes token ids [batch, tokens] and which layer the hidden states come from.
    """

    read: Callable[..., Reading]
    climb: Callable[[Tensor], None]  # one step up the gradient of what was read


class TextTower:
    """A text encoder in float32 whatever its dtype, and with other weights where some are given."""

    def __init__(self, encoder: CLIPTextModelWithProjection) -> None:
        self.encoder = encoder
        self.weights: Weights = {
            name: weight.detach().float() for name, weight in encoder.named_parameters()
        }
        # Then it can be called as it is; putting 196 weights in their places takes milliseconds.
        self._is_frozen = all(
            weight.dtype == torch.float32 and not weight.requires_grad
            for weight in encoder.parameters()
        )

    @property
    def device(self) -> torch.device:
        return self.weights["text_projection.weight"].device

    @property
    def width(self) -> int:
        return int(self.encoder.config.projection_dim)

    def read(self, ids: Tensor, clip_skip: int = 1, changed: Weights | None = None) -> Reading:
        """Read token ids [batch, tokens] with `changed` weights in place of the encoder's own.

        Features are those of all layers. Hidden states come from the layer that `clip_skip` counts
        from the end, through the final norm. Raises PersonalisationRefused where there is none.
        """
        whole = self._read(ids, changed)
        if clip_skip == 1:
            return whole
        with self._without_last(clip_skip - 1):
            return Reading(self._read(ids, changed).hidden, whole.features)

    @contextmanager
    def _without_last(self, count: int) -> Iterator[None]:
        """Let the last `count` layers pass on what they are given."""
        layers = self.encoder.text_model.encoder.layers
        if count >= len(layers):
            raise PersonalisationRefused(
                "clip-skip-out-of-range",
                f"The clip skip can't be {count + 1}; this text encoder has {len(layers)} layers.",
            )
        with ExitStack() as stack:
            for layer in layers[-count:]:
                stack.callback(layer.register_forward_hook(_pass_on).remove)
            yield

    def _read(self, ids: Tensor, changed: Weights | None) -> Reading:
        if changed is None and self._is_frozen:
            output = self.encoder(input_ids=ids)
        else:
            weights = self.weights | (changed or {})
            output = functional_call(self.encoder, weights, kwargs={"input_ids": ids})
        return Reading(output.last_hidden_state, output.text_embeds)

    def ends(self, ids: Tensor) -> Tensor:
        """Return where each prompt [batch, tokens] ends, as the encoder itself finds it, [batch].

        Raises PersonalisationRefused for a prompt without an end: its feature would be read at the
        start.
        """
        end = self.encoder.config.eos_token_id
        if end == LEGACY_END_OF_TEXT:
            return ids.argmax(dim=1)
        is_end = ids == end  # [batch, tokens]
        if not bool(is_end.any(dim=1).all()):
            raise PersonalisationRefused(
                "no-end-of-text",
                f"Prompt {int(is_end.any(dim=1).int().argmin())} has no end-of-text token {end}; "
                "tokenise it with the text encoder's own tokenizer.",
            )
        return is_end.int().argmax(dim=1)


def _pass_on(_: nn.Module, given: tuple[Tensor, ...], __: Tensor) -> Tensor:
    return given[0]
