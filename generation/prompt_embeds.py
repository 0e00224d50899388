"""What conditions a diffusion model, as diffusers names it: the hidden states of prompts, and more.

Checkpoints of some kinds are conditioned on one vector of the whole prompt as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class PromptEmbeds:
    """The conditioning of one or more prompts; all of a checkpoint's have `pooled`, or none."""

    hidden: Tensor  # [batch, tokens, hidden]
    pooled: Tensor | None = None  # [batch, width]

    def __len__(self) -> int:
        return len(self.hidden)

    @property
    def tokens(self) -> int:
        return int(self.hidden.shape[1])

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """Return one batch of all rows, which have equally many tokens."""
        pooled = [part.pooled for part in parts if part.pooled is not None]
        return cls(
            torch.cat([part.hidden for part in parts]), torch.cat(pooled) if pooled else None
        )

    def split(self, rows: int) -> list[Self]:
        """Return parts of so many rows, the last one of what is left."""
        hidden = self.hidden.split(rows)
        if self.pooled is None:
            return [type(self)(part) for part in hidden]
        parts = zip(hidden, self.pooled.split(rows), strict=True)
        return [type(self)(part, pooled) for part, pooled in parts]

    def repeated(self, rows: int) -> Self:
        """Return so many rows of the only one."""
        return self._each(lambda tensor: tensor.expand(rows, *tensor.shape[1:]))

    def to(self, where: torch.dtype | torch.device) -> Self:
        """Return them in another precision or on another device."""
        return self._each(lambda tensor: tensor.to(where))

    def beside(self, other: Self) -> Self:
        """Join the channels of another encoder's, [batch, tokens, both], and take its `pooled`."""
        hidden = torch.cat([self.hidden, other.hidden.to(self.hidden)], dim=-1)
        return type(self)(hidden, other.pooled)

    def zeros(self) -> Self:
        """Return what some checkpoints were trained to take for no prompt at all."""
        return self._each(torch.zeros_like)

    @property
    def is_zero(self) -> bool:
        return not bool(self.hidden.any())

    @property
    def is_finite(self) -> bool:
        pooled = self.pooled is None or bool(self.pooled.isfinite().all())
        return pooled and bool(self.hidden.isfinite().all())

    def filled(self, tokens: int, empty: Callable[[], Self]) -> Self:
        """Return them with the empty prompt, of which `empty` gives one row, after their end.

        No prompt at all goes on as no prompt at all.
        """
        missing = tokens - self.tokens
        if not missing:
            return self
        last = empty()
        filling = last.zeros() if self.is_zero else last
        more = filling.hidden.to(self.hidden).repeat(1, missing // filling.tokens, 1)
        hidden = torch.cat([self.hidden, more.expand(len(self), -1, -1)], dim=1)
        return type(self)(hidden, self.pooled)

    def arguments(self, prefix: str = "") -> dict[str, Tensor]:
        """Return them by the names by which diffusers' pipelines take them."""
        named = {f"{prefix}prompt_embeds": self.hidden}
        return (
            named if self.pooled is None else named | {f"{prefix}pooled_prompt_embeds": self.pooled}
        )

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        pooled = None if self.pooled is None else change(self.pooled)
        return type(self)(change(self.hidden), pooled)
