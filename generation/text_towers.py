"""Read prompts with a text encoder: token ids go in, hidden states and features come out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call
from transformers import CLIPTextModelWithProjection

from generation.recipes import LAST, Layer, PersonalisationRefused

Weights = dict[str, Tensor]

# Checkpoints from before transformers 4.31 name this end-of-text token, and mean the highest id.
LEGACY_END_OF_TEXT = 2


@dataclass(frozen=True, slots=True)
class Reading:
    hidden: Tensor  # [batch, tokens, hidden], of the layer that was asked for
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

    def read(self, ids: Tensor, layer: Layer = LAST, changed: Weights | None = None) -> Reading:
        """Read token ids [batch, tokens] with `changed` weights in place of the encoder's own.

        Features are those of all layers, through the final norm; hidden states are those of
        `layer`. Raises PersonalisationRefused where there is none.
        """
        if layer == LAST:
            return self._read(ids, changed)
        with self._kept(layer.from_end) as kept:
            features = self._read(ids, changed).features
        hidden = kept[0]  # [batch, tokens, hidden]
        return Reading(self._normed(hidden, changed) if layer.is_normed else hidden, features)

    @contextmanager
    def _kept(self, from_end: int) -> Iterator[list[Tensor]]:
        """Give a list into which one layer puts what it says."""
        layers = self.encoder.text_model.encoder.layers
        refuse_beyond(from_end, len(layers))
        kept: list[Tensor] = []
        hook = layers[-from_end].register_forward_hook(lambda *said: kept.append(said[-1]))
        try:
            yield kept
        finally:
            hook.remove()

    def _normed(self, hidden: Tensor, changed: Weights | None) -> Tensor:
        weights = self.weights | (changed or {})
        norm = {name: weights[f"text_model.final_layer_norm.{name}"] for name in ("weight", "bias")}
        normed: Tensor = functional_call(self.encoder.text_model.final_layer_norm, norm, hidden)
        return normed

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


def refuse_beyond(from_end: int, layers: int) -> None:
    """Raise PersonalisationRefused for a layer that a text encoder of so many does not have."""
    if from_end > layers:
        raise PersonalisationRefused(
            "clip-skip-out-of-range",
            f"The clip skip is too large: it asks for layer {from_end} from the end, and a text "
            f"encoder of this checkpoint has {layers} layers.",
        )
