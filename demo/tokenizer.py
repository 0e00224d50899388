"""CLIP's own merges go in, a tokenizer of 4,096 tokens comes out, for open_clip and for diffusers.

Its tokens are CLIP's first: 512 symbols for bytes, the most frequent merges, the start and the end.
open_clip reads the merges alone and pads with zeros; Stable Diffusion pads with the end of the
text. The pooled feature is the same, since the text tower looks back only, but the hidden states
after the end are not: everything here trains and draws with Stable Diffusion's padding.
"""

import gzip
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from open_clip.tokenizer import bytes_to_unicode, default_bpe
from torch import Tensor
from transformers import CLIPTokenizer

TOKENS = 4096  # of CLIP's 49,408; the captions' words stay whole or fall into two or three pieces
CONTEXT = 77  # tokens that a text tower of CLIP reads
START, END = TOKENS - 2, TOKENS - 1
MERGES = "bpe_4k.txt.gz"  # a name that the hub's encoder looks for, bpe_*.txt.gz


def tokenize(texts: Sequence[str]) -> Tensor:
    """Return token ids int64 [n, 77] of n > 0 texts, padded with the end of the text.

    Raises ValueError for a text that is too long; nothing is cut.
    """
    encoded = _kept()(list(texts), padding="max_length", max_length=CONTEXT, truncation=False)
    for text, ids in zip(texts, encoded.input_ids, strict=True):
        if len(ids) > CONTEXT:
            raise ValueError(f"{text!r} has {len(ids)} tokens, more than {CONTEXT}; shorten it.")
    return torch.tensor(encoded.input_ids, dtype=torch.int64)  # [n, 77]


def build() -> Any:
    """Return a fresh tokenizer as transformers has it; `save_pretrained` writes its files.

    One that was used would write how it last padded as well.
    """
    _, *merges = _lines()
    symbols = list(bytes_to_unicode().values())
    words = [
        *symbols,
        *(f"{symbol}</w>" for symbol in symbols),
        *("".join(merge.split()) for merge in merges),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    return CLIPTokenizer(
        vocab={word: index for index, word in enumerate(words)},
        merges=[tuple(merge.split()) for merge in merges],
        model_max_length=CONTEXT,
    )


@lru_cache(maxsize=1)
def _kept() -> Any:
    return build()


def write_merges(folder: Path) -> None:
    """Write the file that open_clip's SimpleTokenizer reads; the same bytes every time."""
    # A line end after the last merge would be one merge more, and shift every special token.
    (folder / MERGES).write_bytes(gzip.compress("\n".join(_lines()).encode(), mtime=0))


def _lines() -> list[str]:
    """Return the version line of CLIP's merges and as many merges as leave 4,096 tokens."""
    with gzip.open(default_bpe(), "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    bytes_and_specials = 2 * 256 + 2
    return lines[: 1 + TOKENS - bytes_and_specials]
