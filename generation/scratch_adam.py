"""Adam on a text encoder: weights to throw away, in memory that is used again for each prompt.

A text encoder of CLIP ViT-L/14 has 123 million weights, and a prompt uses few of the 49,408 rows of
its token table. A row that is not in the prompt has no gradient, and under a fresh Adam never
moves; so only rows in use are trained, and 85 million other weights.

Each matrix moves as soon as its gradient is known, piece by piece: a piece's gradient is used while
the processor's cache holds it, and all are written to the same memory. Up to a prompt's first step
the tower's own weights are read; they are copied, and moments zeroed, where a piece moves first.
"""

import math
from collections.abc import Sequence
from functools import cached_property, partial
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection

from generation.climbing import Climber, norm_gradients, parts_of
from generation.onednn_products import quickest
from generation.small_products import product
from generation.text_towers import TextTower

BETAS, EPSILON = (0.9, 0.999), 1e-8  # as torch.optim.Adam has them, and with it the extension
PIECE = 2**18  # numbers of a weight that a thread moves at once on a processor: a megabyte


class _Moving:
    """Tensors that move together, and what Adam remembers of them."""

    def __init__(self, weights: list[Tensor], step: Tensor) -> None:
        """Prepare; `step` [] is always the number of the step that is taken next, from 1."""
        self._weights, self._steps = weights, [step] * len(weights)
        self._means = [torch.zeros_like(weight) for weight in weights]
        self._squares = [torch.zeros_like(weight) for weight in weights]
        self._rate, self._is_new = 0.0, True
        self._origins: Sequence[Tensor] = ()

    def start(self, rate: float, origins: Sequence[Tensor] = ()) -> None:
        """Forget both moments; begin at `origins` where they are given."""
        self._rate, self._origins, self._is_new = rate, origins, True

    def move(self, gradients: list[Tensor]) -> None:
        """Take one step up the gradients."""
        if self._is_new:
            self._begin()
        # All that torch.optim.adam.adam does in the end; its checks take seven times as long as
        # the call itself, and pieces are many.
        torch._fused_adam_(
            self._weights,
            gradients,
            self._means,
            self._squares,
            [],
            self._steps,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self._rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=True,
        )

    def _begin(self) -> None:
        if self._origins:
            torch._foreach_copy_(self._weights, self._origins)
        for tensor in (*self._means, *self._squares):
            tensor.zero_()
        self._origins, self._is_new = (), False


class _Shared:
    """What all weights have in common: the step's number, and where gradients are written."""

    def __init__(self, device: torch.device) -> None:
        self.step = torch.ones((), device=device)
        self._numbers = torch.empty(0)

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """Return left [n, k] @ right [k, m], which is there until the next."""
        shape = (len(left), right.shape[1])
        if self._numbers.numel() < math.prod(shape):
            self._numbers = left.new_empty(math.prod(shape))
        return product(left, right, self._numbers[: math.prod(shape)].view(shape))


class _Small:
    """Biases, norms and rows of tables: what is small, and moves at once when all is known."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._weights: list[Tensor] = []
        self._gradients: list[Tensor] = []

    def added(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return memory for one more weight and for its gradient."""
        self._weights.append(torch.zeros_like(like))
        self._gradients.append(torch.zeros_like(like))
        return self._weights[-1], self._gradients[-1]

    @cached_property
    def _moving(self) -> _Moving:
        return _Moving(self._weights, self._shared.step)

    def start(self, rate: float) -> None:
        """Forget what Adam remembers, once all are added, and count steps anew."""
        self._shared.step.fill_(1)
        self._moving.start(rate)

    def move(self) -> None:
        """Move after all else has, which ends the step."""
        self._moving.move(self._gradients)
        self._shared.step += 1


class AdamLinear:
    """Linear layers that are given the same rows, as one; its weight [out, in] moves by itself."""

    def __init__(
        self, tower: TextTower, names: Sequence[str], small: _Small, shared: _Shared
    ) -> None:
        self._names, self._shared = names, shared
        # The tower's own, until the first step.
        self._own, biases = self._of(tower)
        self._lengths = [*map(len, self._own)]
        self._weight = torch.cat(self._own)
        numbers = self._weight.numel() // len(self._lengths)
        at_once = PIECE * torch.get_num_threads()
        # Of each layer; it stays, whatever number of threads comes later.
        self._count = max(1, numbers // at_once) if tower.device.type == "cpu" else 1
        pieces = self._pieces(self._split(self._weight))
        self._moving = [_Moving([piece], shared.step) for piece in pieces]
        self._bias, self._of_bias = small.added(torch.cat(biases))

    def start(self, tower: TextTower, rate: float) -> None:
        self._own, biases = self._of(tower)
        torch.cat(biases, out=self._bias)
        for moving, origin in zip(self._moving, self._pieces(self._own), strict=True):
            moving.start(rate, [origin])

    def __call__(self, given: Tensor) -> Tensor:
        if not self._own:
            return quickest(given, self._weight, self._bias)
        each = zip(self._own, self._split(self._bias), strict=True)
        return torch.cat([quickest(given, weight, bias) for weight, bias in each], dim=-1)

    def learn(self, given: Tensor, gradient: Tensor) -> Tensor:
        of_given = self._back(gradient)
        flat, rows = gradient.flatten(0, 1), given.flatten(0, 1)  # [tokens, out], [tokens, in]
        torch.sum(flat, 0, out=self._of_bias)
        for moving, part in zip(self._moving, self._pieces(self._split(flat.T)), strict=True):
            moving.move([self._shared.product(part, rows)])
        self._own = ()
        return of_given

    def _back(self, gradient: Tensor) -> Tensor:
        """Return the gradient of what was given, [batch, tokens, in]."""
        if not self._own:
            return quickest(gradient, self._weight.T)
        parts = zip(gradient.split(self._lengths, dim=-1), self._own, strict=True)
        first, *others = (quickest(part, weight.T) for part, weight in parts)
        return sum(others, start=first)

    def _of(self, tower: TextTower) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        weights, biases = zip(*map(tower.linear, self._names), strict=True)
        return weights, biases

    def _split(self, together: Tensor) -> tuple[Tensor, ...]:
        """Return what belongs to each layer of what lies one below the other."""
        parts: tuple[Tensor, ...] = together.split(self._lengths)
        return parts

    def _pieces(self, each: Sequence[Tensor]) -> list[Tensor]:
        """Return the rows that move together, of what belongs to each layer."""
        return [piece for rows in each for piece in rows.chunk(self._count)]


class AdamNorm:
    """A layer norm; gain and bias are [hidden]."""

    def __init__(self, tower: TextTower, name: str, small: _Small) -> None:
        norm = tower.norm(name)
        self._name, self._epsilon = name, norm.epsilon
        self._gain, self._of_gain = small.added(norm.gain)
        self._bias, self._of_bias = small.added(norm.bias)

    def start(self, tower: TextTower) -> None:
        norm = tower.norm(self._name)
        self._gain.copy_(norm.gain)
        self._bias.copy_(norm.bias)

    def __call__(self, given: Tensor) -> Tensor:
        return F.layer_norm(given, given.shape[-1:], self._gain, self._bias, self._epsilon)

    def learn(self, given: Tensor, gradient: Tensor) -> Tensor:
        of_given, of_gain, of_bias = norm_gradients(given, gradient, self._gain, self._epsilon)
        self._of_gain.copy_(of_gain[0, 0])
        self._of_bias.copy_(of_bias[0, 0])
        return of_given


class AdamTable:
    """The rows of tokens and positions that a prompt reads, changed; others stay the tower's."""

    def __init__(self, tower: TextTower, small: _Small) -> None:
        self._small = small
        self._tokens, self._positions = tower.tables
        self._used = self._places = torch.empty(0)
        self._token_rows, self._of_tokens = small.added(self._positions)  # of as many at most
        self._position_rows, self._of_positions = small.added(self._positions)

    def start(self, tower: TextTower, said: Tensor) -> None:
        """Copy what a prompt [1, tokens up to its end] reads."""
        self._tokens, self._positions = tower.tables
        self._used, self._places = said[0].unique(return_inverse=True)  # [words], [tokens]
        self._token_rows[: len(self._used)] = self._tokens[self._used]
        self._position_rows.copy_(self._positions)
        self._of_positions.zero_()  # An earlier prompt may have been longer.

    def __call__(self, ids: Tensor) -> Tensor:
        place = torch.searchsorted(self._used, ids).clamp(max=len(self._used) - 1)
        is_used = self._used[place] == ids  # [1, tokens]
        rows = torch.where(is_used[..., None], self._token_rows[place], self._tokens[ids])
        return rows + self._position_rows[: ids.shape[1]]

    def learn(self, gradient: Tensor) -> None:
        """Move by the gradient of what came out last, and with it all else that is small."""
        self._of_tokens.zero_().index_add_(0, self._places, gradient[0])
        self._of_positions[: gradient.shape[1]] = gradient[0]
        self._small.move()


class ScratchAdam:
    """The changed weights of one text encoder and Adam's moments of them."""

    def __init__(self, tower: TextTower) -> None:
        self.device = tower.device
        self._shared = _Shared(tower.device)
        self._small = _Small(self._shared)
        self._linears: list[AdamLinear] = []
        self._norms: list[AdamNorm] = []
        self._table = AdamTable(tower, self._small)
        self._parts = parts_of(
            tower, self._table, partial(self._linear, tower), partial(self._norm, tower)
        )

    def started(self, tower: TextTower, said: Tensor, rate: float) -> Climber:
        """Return what climbs from the tower's weights, for a prompt [1, tokens up to its end]."""
        for linear in self._linears:
            linear.start(tower, rate)
        for norm in self._norms:
            norm.start(tower)
        self._table.start(tower, said)
        self._small.start(rate)
        return Climber(tower, self._parts)

    def _linear(self, tower: TextTower, *names: str) -> AdamLinear:
        self._linears.append(AdamLinear(tower, names, self._small, self._shared))
        return self._linears[-1]

    def _norm(self, tower: TextTower, name: str) -> AdamNorm:
        self._norms.append(AdamNorm(tower, name, self._small))
        return self._norms[-1]


_scratches: WeakKeyDictionary[CLIPTextModelWithProjection, ScratchAdam] = WeakKeyDictionary()


def scratch_of(tower: TextTower) -> ScratchAdam:
    """Return the scratch of a text encoder, which is kept as long as that lives where it is.

    Raises TypeError for an encoder with layers of another kind than CLIP's text towers have.
    """
    scratch = _scratches.get(tower.encoder)
    if scratch is None or scratch.device != tower.device:
        scratch = _scratches[tower.encoder] = ScratchAdam(tower)
    return scratch
