"""Prompts of any length, with emphasis: words go in, rows for a text encoder come out.

A text encoder of CLIP reads 75 tokens between begin and end. A longer prompt is read as several
rows, each on its own, whose conditionings stand one after another, as the web UIs do it. Nothing
is ever cut.
"""

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from generation.emphasis import spans


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """One prompt in rows of 77 tokens; `weights` are 1 but where the prompt has emphasis."""

    ids: Tensor  # int64 [rows, 77]
    weights: Tensor  # float32 [rows, 77]

    def joined(self, hidden: Tensor) -> Tensor:
        """Return conditioning [1, rows * 77, hidden] of what the encoder says, [rows, 77, hidden].

        Emphasis multiplies the hidden states of its tokens, and each row then gets back the length
        that it had. (The web UIs give back the mean instead, which for some encoders is all but 0.)
        """
        weights = self.weights.to(hidden)[..., None]  # [rows, 77, 1]
        if bool((weights != 1).any()):
            weighted = weights * hidden
            lengths = torch.linalg.vector_norm(hidden, dim=(1, 2), keepdim=True)  # [rows, 1, 1]
            changed = torch.linalg.vector_norm(weighted, dim=(1, 2), keepdim=True)
            hidden = weighted * (lengths / changed)
        return hidden.flatten(0, 1)[None]

    def filled(self, rows: int, empty: Self) -> Self:
        """Return so many rows, those that are missing like the one of an empty prompt."""
        missing = rows - len(self.ids)
        return type(self)(
            torch.cat([self.ids, empty.ids.expand(missing, -1)]),
            torch.cat([self.weights, empty.weights.expand(missing, -1)]),
        )


def tokenize(tokenizer: Any, prompt: str) -> PromptTokens:
    """Cut a prompt into rows for a CLIPTokenizer, padded as its checkpoint was trained.

    A prompt that spells a special token, such as the end of text, means those letters and does not
    end there; only a word that pads, the "!" of OpenCLIP's, is that token, as it is in diffusers.
    Raises EmphasisRefused.
    """
    ids, weights = [], []
    for span in spans(prompt):
        said = _said(tokenizer, span.text)
        ids += said
        weights += [span.weight] * len(said)
    length = tokenizer.model_max_length
    begin, end, padding = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    rows = [slice(start, start + length - 2) for start in range(0, max(1, len(ids)), length - 2)]
    return PromptTokens(
        torch.tensor([_filled([begin, *ids[row], end], length, padding) for row in rows]),
        torch.tensor([_filled([1.0, *weights[row]], length, 1.0) for row in rows]),
    )


def _said(tokenizer: Any, text: str) -> list[int]:
    """Return the token ids of a text, none of them begin or end."""
    padding = tokenizer.pad_token
    is_word = padding not in {tokenizer.bos_token, tokenizer.eos_token}
    first, *others = text.split(padding) if is_word else [text]
    ids = _spelt(tokenizer, first)
    for part in others:
        ids += [tokenizer.pad_token_id, *_spelt(tokenizer, part)]
    return ids


def _spelt(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(
        text, add_special_tokens=False, split_special_tokens=True, verbose=False
    ).input_ids
    return ids


def _filled(values: list[Any], length: int, filling: Any) -> list[Any]:
    return values + [filling] * (length - len(values))
