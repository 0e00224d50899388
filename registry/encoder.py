"""Embed pictures and words: uint8 pixels or strings go in, un-normalised float32 vectors come out.

The encoder is a CLIP model read by open_clip, from a folder ("local-dir:PATH") or by name and tag
("ViT-L-14", "openai"). What decides its vectors is a `Description`, which can be had without
building the model.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import open_clip
import torch
from safetensors import SafetensorError

from registry.encoder_source import (
    Description,
    EncoderUnavailable,
    Files,
    Source,
    describe,
    description_of,
    find,
)

__all__ = ["Description", "Encoder", "EncoderUnavailable", "Source", "WordsTooLong", "describe"]

CONTEXT = 77  # tokens, of CLIP's text towers where a configuration does not say
WORDS = 49_408  # in CLIP's own tokenizer

Features = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


class WordsTooLong(ValueError):
    """A text has more tokens than the encoder reads; it is never cut in silence."""

    code = "words-too-long"

    def __init__(self, tokens: int, limit: int) -> None:
        self.detail = f"The text has {tokens} tokens and the encoder reads {limit}; shorten it."
        super().__init__(self.detail)


class Encoder:
    """A loaded CLIP encoder in float32; `load` makes one."""

    def __init__(self, description: Description, model: Any, tokenizer: Any, device: str) -> None:
        self.description = description
        self._model = model
        self._tokenizer = tokenizer
        self._device = device

    @classmethod
    def load(cls, source: Source) -> Self:
        """Load the encoder of `source` on its device. Raises EncoderUnavailable."""
        files = find(source)
        return cls(description_of(files), _build(files), _tokenizer(files), source.device)

    @property
    def text_projection(self) -> torch.Tensor:
        """Return the map from the text tower's hidden states to the shared space."""
        projection: torch.Tensor = self._model.text_projection
        return projection.detach().clone()  # [hidden, width]

    def encode_pictures(self, pictures: Sequence[Pixels]) -> Features:
        """Return the un-normalised features [n, width] of n pixel arrays uint8 [size, size, 3].

        Raises ValueError for arrays of another shape or type.
        """
        size = self.description.image_size
        for picture in pictures:
            if picture.shape != (size, size, 3) or picture.dtype != np.uint8:
                raise ValueError(
                    f"Pixels are {picture.dtype} {list(picture.shape)}; the encoder reads uint8 "
                    f"[{size}, {size}, 3]."
                )
        if not pictures:
            return self._no_features()
        with torch.inference_mode():
            pixels = torch.from_numpy(np.stack(pictures)).to(self._device)  # [n, size, size, 3]
            # Laid out as open_clip's own transform does: the layout decides the last bits.
            inputs = pixels.permute(0, 3, 1, 2).contiguous().float() / 255  # [n, 3, size, size]
            inputs = (inputs - self._channels("mean")) / self._channels("std")
            return _array(self._model.encode_image(inputs))  # [n, width]

    def encode_words(self, words: Sequence[str]) -> Features:
        """Return the un-normalised features [n, width] of n texts. Raises WordsTooLong."""
        limit = self._tokenizer.context_length - 2  # The start and the end take one each.
        for text in words:
            if (tokens := len(self._tokenizer.encode(text))) > limit:
                raise WordsTooLong(tokens, limit)
        if not words:
            return self._no_features()
        with torch.inference_mode():
            token_ids = self._tokenizer(list(words)).to(self._device)  # [n, context]
            return _array(self._model.encode_text(token_ids))  # [n, width]

    def _channels(self, name: str) -> torch.Tensor:
        values = self.description.preprocessing[name]
        return torch.tensor(values, device=self._device).view(3, 1, 1)

    def _no_features(self) -> Features:
        return np.empty((0, self.description.width), dtype=np.float32)


def _array(features: torch.Tensor) -> Features:
    values: Features = features.cpu().numpy()
    return values


def _build(files: Files) -> Any:
    """Build the model from exactly the file that was hashed."""
    try:
        model = open_clip.create_model(
            files.source.model,
            # A folder has one file of weights, and open_clip takes it; a name takes ours.
            pretrained=None if files.source.folder else str(files.weights),
            precision="fp32",
            device=files.source.device,
            force_quick_gelu=bool(files.model.get("quick_gelu")),
        )
    except (torch.OutOfMemoryError, torch.AcceleratorError):  # of which the file is not guilty
        raise
    except (RuntimeError, TypeError, SafetensorError) as error:
        raise EncoderUnavailable(
            "invalid-weights",
            f"{files.source.model} could not be built from {files.weights.name}: {error}",
        ) from error
    # Its parameters stay trainable, as open_clip leaves them: PyTorch takes another path through
    # frozen attention, and the features would differ from open_clip's in the last bits.
    return model.eval()


def _tokenizer(files: Files) -> Any:
    text = {"context_length": CONTEXT, "vocab_size": WORDS} | files.model["text_cfg"]
    if files.merges is None:
        tokenizer = open_clip.get_tokenizer(files.source.model)
    else:
        tokenizer = open_clip.SimpleTokenizer(
            bpe_path=str(files.merges), context_length=text["context_length"]
        )
    if tokenizer.vocab_size != text["vocab_size"]:
        raise EncoderUnavailable(
            "mismatched-merges",
            f"The tokenizer of {files.source.model} has {tokenizer.vocab_size} words and its text "
            f"tower {text['vocab_size']}; put the model's own bpe_*.txt.gz into its folder.",
        )
    return tokenizer
