"""A text tower whose weights climb: token ids go in, features come out, and gradients go back.

CLIP's text tower (Radford et al. 2021, arXiv:2103.00020, section 2.4), written out forwards and
backwards over parts that know how they answer and how they learn; scratch_adam and low_rank have
two kinds of them. Autograd would find the same gradients, but can't know that only one row of the
last layer is ever looked at, nor that query, key and value are one product, and between the small
products of a dozen rows its records take time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from generation.activations import Backwards, activation_of
from generation.onednn_products import VECTOR
from generation.recipes import LAST, Layer
from generation.text_towers import Reading, TextTower


class Part(Protocol):
    """A linear layer or a norm with weights that move."""

    def __call__(self, given: Tensor) -> Tensor:
        """Return [batch, tokens, out] of [batch, tokens, in]."""

    def learn(self, given: Tensor, gradient: Tensor) -> Tensor:
        """Move by the gradient of what came out of `given`; return that of `given` before that."""


class Table(Protocol):
    """The rows of tokens and positions."""

    def __call__(self, ids: Tensor) -> Tensor:
        """Return [batch, tokens, hidden] of token ids [batch, tokens]."""

    def learn(self, gradient: Tensor) -> None:
        """Move by the gradient of what came out last."""


@dataclass(frozen=True, slots=True)
class _Passed:
    """What a block was given and made of it: all that its gradients need."""

    given: Tensor  # [batch, tokens, hidden]
    first: Tensor  # same, normed
    heads: Tensor  # [3, batch, heads, tokens, hidden / heads], of query, key and value
    query: Tensor  # [batch, heads, rows, hidden / heads], of the rows that are wanted
    shares: Tensor  # [batch, heads, rows, tokens]
    attended: Tensor  # [batch, rows, hidden]
    between: Tensor  # same
    second: Tensor  # same, normed
    active: Tensor  # [batch, rows, inner]
    activation_back: Backwards


@dataclass(frozen=True, slots=True)
class Block:
    """A layer of the tower."""

    first_norm: Part
    attention: Part  # query, key and value, one after the other
    output: Part
    second_norm: Part
    up: Part
    down: Part


@dataclass(frozen=True, slots=True)
class Parts:
    """All of a text tower that moves."""

    table: Table
    blocks: Sequence[Block]
    norm: Part


def parts_of(
    tower: TextTower, table: Table, linear: Callable[..., Part], norm: Callable[[str], Part]
) -> Parts:
    """Make the parts of a tower: `linear` of the names of layers that become one, `norm` of one's.

    Raises TypeError for an encoder with layers of another kind than CLIP's text towers have.
    """
    tower.refuse_other_layers()
    blocks = [
        Block(
            first_norm=norm(f"{name}.layer_norm1"),
            attention=linear(*(f"{name}.self_attn.{each}_proj" for each in "qkv")),
            output=linear(f"{name}.self_attn.out_proj"),
            second_norm=norm(f"{name}.layer_norm2"),
            up=linear(f"{name}.mlp.fc1"),
            down=linear(f"{name}.mlp.fc2"),
        )
        for name in tower.layer_names
    ]
    return Parts(table, blocks, norm("final_layer_norm"))


def norm_gradients(
    given: Tensor, gradient: Tensor, gain: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of what a layer norm was given, of its gain and of its bias.

    They are [batch, tokens, hidden], and [batch, 1, hidden] for each prompt's own gain and bias.
    """
    shape = given.shape[-1:]
    normed, mean, deviation = torch.native_layer_norm(given, shape, None, None, epsilon)
    of_given, *_ = torch.ops.aten.native_layer_norm_backward(
        gradient * gain, given, shape, mean, deviation, None, None, [True, False, False]
    )
    return of_given, (gradient * normed).sum(1, keepdim=True), gradient.sum(1, keepdim=True)


class Climber:
    """A text tower that starts as another one and moves away from it.

    `features` has to come before each `climb`. Gradients must be switched off.
    """

    def __init__(self, tower: TextTower, parts: Parts) -> None:
        self._tower, self._parts = tower, parts
        self._projection = tower.weights["text_projection.weight"]  # [width, hidden]
        self._heads = tower.encoder.config.num_attention_heads
        self._activation = activation_of(tower.activation)
        self._passed: list[_Passed] = []
        self._ends = self._end_rows = torch.empty(0)

    def read(self, ids: Tensor, layer: Layer = LAST) -> Reading:
        """Read token ids [batch, tokens]; see TextTower.read."""
        rows, kept = self._parts.table(ids), []  # [batch, tokens, hidden]
        mask = _mask(torch.arange(ids.shape[1], device=ids.device)[None], ids.shape[1])
        for block in self._parts.blocks:
            rows, _ = self._forward(block, rows, mask)
            kept.append(rows)
        normed = self._parts.norm(rows)
        hidden = normed
        if layer != LAST:
            hidden = kept[-layer.from_end]
            hidden = self._parts.norm(hidden) if layer.is_normed else hidden
        return Reading(hidden, _at(normed, self._tower.ends(ids))[:, 0] @ self._projection.T)

    def features(self, ids: Tensor) -> Tensor:
        """Return the features [batch, width] of ids [batch, tokens], and keep what `climb` needs.

        No token may be left out before the end of a prompt; those after it change nothing.
        """
        *blocks, last = self._parts.blocks
        self._ends, self._passed = self._tower.ends(ids), []  # [batch]
        rows, tokens = self._parts.table(ids), ids.shape[1]
        mask = _mask(torch.arange(tokens, device=ids.device)[None], tokens)
        for block in blocks:
            rows, passed = self._forward(block, rows, mask)
            self._passed.append(passed)
        mask = _mask(self._ends[:, None], tokens)
        # Only the row at each prompt's end: [batch, 1, hidden].
        self._end_rows, passed = self._forward(last, rows, mask, self._ends)
        self._passed.append(passed)
        return self._parts.norm(self._end_rows)[:, 0] @ self._projection.T

    def climb(self, gradient: Tensor) -> None:
        """Take one step: all parts learn from the gradient of the features, [batch, width]."""
        of_rows = (gradient @ self._projection)[:, None]  # [batch, 1, hidden]
        of_rows = self._parts.norm.learn(self._end_rows, of_rows)
        *blocks, last = zip(self._parts.blocks, self._passed, strict=True)
        of_rows = self._backward(*last, of_rows, self._ends)
        for block, passed in reversed(blocks):
            of_rows = self._backward(block, passed, of_rows)
        self._parts.table.learn(of_rows)

    def _forward(
        self,
        block: Block,
        given: Tensor,
        mask: Tensor,
        ends: Tensor | None = None,
    ) -> tuple[Tensor, _Passed]:
        """Return what a block makes of rows, of all of them or of the one at each prompt's end."""
        first = block.first_norm(given)
        split = block.attention(first).unflatten(-1, (3, self._heads, -1))
        heads = split.permute(2, 0, 3, 1, 4).contiguous()  # [3, batch, heads, tokens, width]
        query, key, value = heads
        rows = given
        if ends is not None:
            query = _at(query.transpose(1, 2), ends).transpose(1, 2)  # [batch, heads, 1, width]
            rows = _at(given, ends)
        scores = (query * query.shape[-1] ** -0.5) @ key.mT  # [batch, heads, rows, tokens]
        shares = _softmax(scores.add_(mask))
        attended = (shares @ value).transpose(1, 2).flatten(2)  # [batch, rows, hidden]
        between = rows + block.output(attended)
        second = block.second_norm(between)
        active, back = self._activation(block.up(second))
        passed = _Passed(
            given, first, heads, query, shares, attended, between, second, active, back
        )
        return block.down(active).add_(between), passed

    def _backward(
        self, block: Block, passed: _Passed, gradient: Tensor, ends: Tensor | None = None
    ) -> Tensor:
        """Return the gradient of what a block was given, and let its parts learn."""
        of_active = block.down.learn(passed.active, gradient)
        of_inner = passed.activation_back(of_active)
        of_second = block.up.learn(passed.second, of_inner)
        of_between = gradient + block.second_norm.learn(passed.between, of_second)
        of_attended = block.output.learn(passed.attended, of_between)
        of_heads = _attention_gradient(passed, of_attended, ends)
        of_first = block.attention.learn(passed.first, of_heads)
        of_given = block.first_norm.learn(passed.given, of_first)  # [batch, tokens, hidden]
        if ends is None:
            return of_given.add_(of_between)
        of_given[torch.arange(len(ends), device=ends.device), ends] += of_between[:, 0]
        return of_given


def _attention_gradient(passed: _Passed, gradient: Tensor, ends: Tensor | None) -> Tensor:
    """Return the gradient of query, key and value [batch, tokens, 3 * hidden].

    `gradient` [batch, rows, hidden] is that of what was attended: of all rows, or of those at
    `ends`.
    """
    _, key, value = passed.heads  # [batch, heads, tokens, width]
    query, shares = passed.query, passed.shares
    of_output = gradient.unflatten(-1, (key.shape[1], -1)).transpose(1, 2)
    of_shares = of_output @ value.mT  # [batch, heads, rows, tokens]
    of_scores = shares * (of_shares - (of_shares * shares).sum(-1, keepdim=True))
    of_scores *= key.shape[-1] ** -0.5
    of_query = of_scores @ key  # [batch, heads, rows, width]
    of_all = torch.zeros_like(passed.heads)
    if ends is None:
        of_all[0] = of_query
    else:
        of_all[0, torch.arange(len(ends), device=ends.device), :, ends] = of_query[:, :, 0]
    torch.matmul(of_scores.mT, query, out=of_all[1])
    torch.matmul(shares.mT, of_output, out=of_all[2])
    return of_all.permute(1, 3, 0, 2, 4).flatten(2)


def _softmax(scores: Tensor) -> Tensor:
    """Return the softmax of the last dimension, and overwrite the scores."""
    if scores.shape[-1] >= VECTOR:
        return scores.softmax(-1)
    # PyTorch takes row by row, and five times as long for one that is shorter than a vector.
    scores = scores.sub_(scores.amax(-1, keepdim=True)).exp_()
    return scores.div_(scores.sum(-1, keepdim=True))


def _mask(rows: Tensor, tokens: int) -> Tensor:
    """Return what hides from each row what comes later: [batch or 1, 1, rows, tokens]."""
    later = torch.arange(tokens, device=rows.device) > rows[:, None, :, None]
    return torch.zeros(later.shape, device=rows.device).masked_fill_(later, -torch.inf)


def _at(rows: Tensor, places: Tensor) -> Tensor:
    """Return one row of each prompt: [batch, 1, ...] of [batch, tokens, ...]."""
    return rows[torch.arange(len(places), device=places.device), places][:, None]
