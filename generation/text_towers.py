"""Read prompts with a text encoder: token ids go in, hidden states and features come out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection

from generation.recipes import LAST, Layer, PersonalisationRefused

# Checkpoints from before transformers 4.31 name this end-of-text token, and mean the highest id.
LEGACY_END_OF_TEXT = 2


@dataclass(frozen=True, slots=True)
class Reading:
    hidden: Tensor  # [batch, tokens, hidden], of the layer that was asked for
    features: Tensor  # [batch, width], not normalised

    @classmethod
    def of_all(cls, readings: Sequence[Self]) -> Self:
        """Return readings of one layer, one below the other."""
        return cls(
            torch.cat([each.hidden for each in readings]),
            torch.cat([each.features for each in readings]),
        )

    def of(self, rows: slice) -> Self:
        """Return that of some of the prompts."""
        return type(self)(self.hidden[rows], self.features[rows])


@dataclass(frozen=True, slots=True)
class Norm:
    """The weights of a layer norm."""

    gain: Tensor  # [hidden]
    bias: Tensor  # same
    epsilon: float


class TextTower:
    """A text encoder in float32 whatever its dtype."""

    def __init__(self, encoder: CLIPTextModelWithProjection) -> None:
        self.encoder = encoder
        self.weights: dict[str, Tensor] = {
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

    def read(self, ids: Tensor, layer: Layer = LAST) -> Reading:
        """Read token ids [batch, tokens].

        Features are those of all layers, through the final norm; hidden states are those of
        `layer`. Raises PersonalisationRefused where there is none.
        """
        if layer == LAST:
            return self._read(ids)
        with self._kept(layer.from_end) as kept:
            features = self._read(ids).features
        hidden = kept[0]  # [batch, tokens, hidden]
        return Reading(self._normed(hidden) if layer.is_normed else hidden, features)

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

    def _normed(self, hidden: Tensor) -> Tensor:
        norm = self.norm("final_layer_norm")
        return F.layer_norm(hidden, hidden.shape[-1:], norm.gain, norm.bias, norm.epsilon)

    def _read(self, ids: Tensor) -> Reading:
        if self._is_frozen:
            output = self.encoder(input_ids=ids)
        else:
            output = functional_call(self.encoder, self.weights, kwargs={"input_ids": ids})
        return Reading(output.last_hidden_state, output.text_embeds)

    def refuse_other_layers(self) -> None:
        """Raise TypeError for a layer with weights of another kind than CLIP's text towers have."""
        for name, module in self.encoder.text_model.named_modules():
            has_weights = any(True for _ in module.parameters(recurse=False))
            if has_weights and type(module) not in {nn.Linear, nn.LayerNorm, nn.Embedding}:
                raise TypeError(f"{name} is a {type(module).__name__}, whose ascent is unknown.")

    @property
    def layer_names(self) -> list[str]:
        return [
            f"encoder.layers.{number}" for number in range(self.encoder.config.num_hidden_layers)
        ]

    @property
    def activation(self) -> nn.Module:
        """Return what lies between the two linear layers at the end of each layer."""
        return self.encoder.text_model.encoder.layers[0].mlp.activation_fn

    @property
    def tables(self) -> tuple[Tensor, Tensor]:
        """Return the rows of tokens [words, hidden] and of positions [tokens, hidden]."""
        tokens, positions = "embeddings.token_embedding", "embeddings.position_embedding"
        return self._weight(tokens), self._weight(positions)

    def linear(self, name: str) -> tuple[Tensor, Tensor]:
        """Return weight [out, in] and bias [out] of a linear layer."""
        return self._weight(name), self._bias(name)

    def norm(self, name: str) -> Norm:
        epsilon = self.encoder.text_model.get_submodule(name).eps
        return Norm(self._weight(name), self._bias(name), epsilon)

    def _weight(self, name: str) -> Tensor:
        return self.weights[f"text_model.{name}.weight"]

    def _bias(self, name: str) -> Tensor:
        return self.weights[f"text_model.{name}.bias"]

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
