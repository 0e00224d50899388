"""Gradient ascent on a text encoder for a batch of prompts, each with a change of its own.

Under plain ascent a linear layer's change is a sum of outer products: of each row that went in and
of rate times the gradient of the row that came out, over all steps so far. Those rows are kept
instead of a changed matrix, so that all prompts share the weights, which never change, and nothing
is copied. What is small (gains and biases of norms, rows of tokens and positions) gets a dense
change for each prompt. This is exact, not an approximation.
"""

import math
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection

from generation.climbing import Climber, norm_gradients, parts_of
from generation.packed_weights import FrozenLinear, frozen_linear
from generation.small_products import add_product, times_transposed
from generation.text_towers import Norm, TextTower


class SpareMemory:
    """Memory of a processor that one ascent after another writes to.

    What is fresh from the system costs a page fault every four kilobytes.
    """

    def __init__(self) -> None:
        self._tensors: list[Tensor] = []
        self._given = 0

    def start(self) -> None:
        """Give all of it anew."""
        self._given = 0

    def empty(self, like: Tensor, *shape: int) -> Tensor:
        """Return a tensor that nothing else has until the next start."""
        if like.device.type != "cpu":  # There PyTorch keeps what has been freed.
            return like.new_empty(shape)
        place, numbers = self._given, math.prod(shape)
        self._given += 1
        if place == len(self._tensors):
            self._tensors.append(like.new_empty(numbers))
        elif len(self._tensors[place]) < numbers:
            self._tensors[place] = like.new_empty(numbers)
        return self._tensors[place][:numbers].view(shape)


class LowRankLinear:
    """A linear layer whose change is each prompt's own.

    Rows that went in, [batch, rows, in], and their moves, [batch, rows, out], are kept until they
    are as many numbers as their sum of products, [batch, in, out]; then that is kept instead, so
    that neither memory nor time goes on growing with the steps.
    """

    def __init__(self, frozen: FrozenLinear, steps: int, rate: float, spare: SpareMemory) -> None:
        self._frozen, self._steps, self._rate, self._spare = frozen, steps, rate, spare
        self._kept = 0
        self._rows = self._moves = torch.empty(0)
        self._sum: Tensor | None = None  # [batch, in, out]
        self._bias_sum = torch.empty(0)  # [batch, 1, out]

    def __call__(self, given: Tensor) -> Tensor:
        output = self._frozen(given)
        if self._sum is not None:
            output.baddbmm_(given, self._sum).add_(self._bias_sum)
        if self._kept:
            rows, moves = self._rows[:, : self._kept], self._moves[:, : self._kept]
            # The bias is a weight whose input is always 1.
            add_product(output, times_transposed(given, rows).add_(1), moves)
        return output

    def learn(self, given: Tensor, gradient: Tensor) -> Tensor:
        of_given = self._frozen.back(gradient)
        if self._sum is not None:
            of_given.baddbmm_(gradient, self._sum.mT)
        if self._kept:
            rows, moves = self._rows[:, : self._kept], self._moves[:, : self._kept]
            add_product(of_given, times_transposed(gradient, moves), rows)
        self._keep(given, gradient)
        return of_given

    def _keep(self, given: Tensor, gradient: Tensor) -> None:
        batch, tokens, width = given.shape
        if not len(self._rows):
            room = rows_kept(self._steps, tokens, width, gradient.shape[-1])
            self._rows = self._spare.empty(given, batch, room, width)
            self._moves = self._spare.empty(gradient, batch, room, gradient.shape[-1])
        if self._kept + tokens > self._rows.shape[1]:
            self._add_up()
        fresh = slice(self._kept, self._kept + tokens)
        self._rows[:, fresh] = given
        torch.mul(gradient, self._rate, out=self._moves[:, fresh])
        self._kept += tokens

    def _add_up(self) -> None:
        rows, moves = self._rows[:, : self._kept], self._moves[:, : self._kept]
        bias_sum = moves.sum(dim=1, keepdim=True)
        if self._sum is None:
            self._sum, self._bias_sum = rows.mT @ moves, bias_sum
        else:
            self._sum.baddbmm_(rows.mT, moves)
            self._bias_sum += bias_sum
        self._kept = 0


def rows_kept(steps: int, tokens: int, width: int, out: int) -> int:
    """Return for how many rows a layer has room: those of all steps, or as many as its sum has."""
    return min(steps * tokens, max(tokens, width * out // (width + out)))


class LowRankNorm:
    """A layer norm whose gain and bias are each prompt's own, [batch, 1, hidden]."""

    def __init__(self, norm: Norm, rate: float) -> None:
        self._rate, self._epsilon = rate, norm.epsilon
        self._gain, self._bias = norm.gain, norm.bias

    def __call__(self, given: Tensor) -> Tensor:
        normed = F.layer_norm(given, given.shape[-1:], eps=self._epsilon)
        return torch.addcmul(self._bias, normed, self._gain)

    def learn(self, given: Tensor, gradient: Tensor) -> Tensor:
        of_given, of_gain, of_bias = norm_gradients(given, gradient, self._gain, self._epsilon)
        self._gain = self._gain + self._rate * of_gain
        self._bias = self._bias + self._rate * of_bias
        return of_given


class LowRankTable:
    """The rows of tokens and positions, and how far those of each prompt have moved.

    A row that is read in several places has moved by the sum of their moves.
    """

    def __init__(self, tower: TextTower, said: Tensor, rate: float) -> None:
        """Prepare for prompts [batch, tokens]."""
        self._tokens, self._positions = tower.tables
        self._said, self._rate = said, rate
        self._moves: Tensor | None = None  # [batch, tokens, hidden]

    def __call__(self, ids: Tensor) -> Tensor:
        rows = self._tokens[ids] + self._positions[: ids.shape[1]]
        if self._moves is not None:
            same = ids[:, :, None] == self._said[:, None, :]  # [batch, tokens, said]
            rows += same.float() @ self._moves
            rows[:, : self._moves.shape[1]] += self._moves  # of the positions
        return rows

    def learn(self, gradient: Tensor) -> None:
        move = self._rate * gradient
        self._moves = move if self._moves is None else self._moves + move


_spare: WeakKeyDictionary[CLIPTextModelWithProjection, SpareMemory] = WeakKeyDictionary()


def low_rank_ascent(tower: TextTower, said: Tensor, steps: int, rate: float) -> Climber:
    """Return what takes at most `steps` steps of prompts [batch, tokens up to the longest's end].

    Raises TypeError for an encoder with layers of another kind than CLIP's text towers have.
    """

    spare = _spare.setdefault(tower.encoder, SpareMemory())
    spare.start()

    def linear(*names: str) -> LowRankLinear:
        weights, biases = zip(*(tower.linear(name) for name in names), strict=True)
        frozen = frozen_linear(tower.encoder, names[0], weights, biases)
        return LowRankLinear(frozen, steps, rate, spare)

    def norm(name: str) -> LowRankNorm:
        return LowRankNorm(tower.norm(name), rate)

    table = LowRankTable(tower, said, rate)
    return Climber(tower, parts_of(tower, table, linear, norm))


def memory_of(tower: TextTower, steps: int, tokens: int) -> int:
    """Return how many bytes the changes of one prompt of so many tokens take at most."""
    config = tower.encoder.config
    hidden, inner = config.hidden_size, config.intermediate_size
    numbers = 0
    for width, out in ((hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (inner, hidden)):
        room = rows_kept(steps, tokens, width, out)
        numbers += room * (width + out) + (width * out if room < steps * tokens else 0)
    return 4 * numbers * int(config.num_hidden_layers)
