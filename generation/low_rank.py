"""Gradient ascent on a text encoder for a batch of prompts, each with a change of its own.

Under plain ascent a linear layer's change is a sum of outer products: of each row that went in and
of rate times the gradient of the row that came out, over all steps so far. Those rows are kept
instead of a changed matrix, so that all prompts share the weights, which never change, and nothing
is copied. What is small (gains and biases of norms, rows of tokens and positions) gets a dense
change for each prompt. This is exact, not an approximation.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generation.packed_weights import PackedProducts
from generation.text_towers import Climber, TextTower


class Change(Protocol):
    """What ascent has added so far to one layer, for each prompt of the batch."""

    def applied(self, given: Tensor, output: Tensor) -> Tensor:
        """Return what the changed layer makes of `given`; the unchanged one makes `output`."""

    def add(self, given: Tensor, move: Tensor) -> None:
        """Go on by `move`: rate times the gradient of what came out when `given` went in."""


class LinearChange:
    """Rows that went in, [batch, steps * tokens, in], and their moves, [batch, same, out]."""

    def __init__(self, steps: int) -> None:
        self.steps, self.kept = steps, 0
        self.rows = self.moves = torch.empty(0)

    def applied(self, given: Tensor, output: Tensor) -> Tensor:
        if not self.kept:
            return output
        rows, moves = self.rows[:, : self.kept], self.moves[:, : self.kept]
        # The bias is a weight whose input is always 1.
        return output + (given @ rows.mT + 1) @ moves

    def add(self, given: Tensor, move: Tensor) -> None:
        batch, tokens, _ = given.shape
        if not self.kept:
            self.rows = given.new_empty(batch, self.steps * tokens, given.shape[-1])
            self.moves = move.new_empty(batch, self.steps * tokens, move.shape[-1])
        fresh = slice(self.kept, self.kept + tokens)
        self.rows[:, fresh], self.moves[:, fresh] = given, move
        self.kept += tokens


class NormChange:
    """The change of a layer norm's gain and bias, [batch, 1, hidden] each."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        self.shape, self.epsilon = norm.normalized_shape, norm.eps
        self.gain = self.bias = torch.zeros((), device=norm.weight.device)  # until the first step

    def applied(self, given: Tensor, output: Tensor) -> Tensor:
        return output + self._normalised(given) * self.gain + self.bias

    def add(self, given: Tensor, move: Tensor) -> None:
        self.gain = self.gain + (move * self._normalised(given)).sum(1, keepdim=True)
        self.bias = self.bias + move.sum(1, keepdim=True)

    def _normalised(self, given: Tensor) -> Tensor:
        return F.layer_norm(given, self.shape, eps=self.epsilon)


class TableChange:
    """Moves [batch, tokens, hidden] of a table's rows at `indices` [batch or 1, tokens].

    A row that is read in several places has moved by the sum of their moves.
    """

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.indices = self.moves = torch.empty(0)

    def applied(self, given: Tensor, output: Tensor) -> Tensor:
        if not len(self.moves):
            return output.expand(self.batch, -1, -1)  # Positions are read once for all prompts.
        same = given[:, :, None] == self.indices[:, None, :]  # [batch or 1, given, tokens]
        return output + same.float() @ self.moves

    def add(self, given: Tensor, move: Tensor) -> None:
        self.indices = given
        self.moves = self.moves + move if len(self.moves) else move


class LowRankAscent:
    """The changes of all layers of a text tower, whose weights stay as they are.

    Raises TypeError for a layer with weights of another kind than CLIP's text towers have.
    """

    def __init__(self, tower: TextTower, batch: int, steps: int, rate: float) -> None:
        """Prepare at most `steps` steps of `batch` prompts."""
        kinds: dict[type[nn.Module], Callable[..., Change]] = {
            nn.Linear: lambda _: LinearChange(steps),
            nn.LayerNorm: NormChange,
            nn.Embedding: lambda _: TableChange(batch),
        }
        self._tower, self._rate = tower, rate
        self._changes: dict[nn.Module, Change] = {}
        self._tape: list[tuple[Change, Tensor, Tensor]] = []
        for name, module in tower.encoder.text_model.named_modules():
            if any(True for _ in module.parameters(recurse=False)):
                if type(module) not in kinds:
                    kind = type(module).__name__
                    raise TypeError(f"{name} is a {kind}, whose ascent is unknown.")
                self._changes[module] = kinds[type(module)](module)

    @contextmanager
    def attached(self) -> Iterator[Climber]:
        """Let the tower's layers answer as changed, to whoever calls them meanwhile."""
        with ExitStack() as stack:
            for module in self._changes:
                stack.callback(module.register_forward_hook(self._answer).remove)
            stack.enter_context(PackedProducts(self._tower.encoder))
            yield Climber(self._tower.read, self._climb)

    def _climb(self, objective: Tensor) -> None:
        tape, self._tape = self._tape, []
        gradients = torch.autograd.grad(objective, [output for *_, output in tape])
        for (change, given, _), gradient in zip(tape, gradients, strict=True):
            change.add(given, self._rate * gradient)

    def _answer(self, module: nn.Module, given: tuple[Tensor], output: Tensor) -> Tensor:
        change = self._changes[module]
        changed = change.applied(given[0], output)
        if torch.is_grad_enabled():
            if not changed.requires_grad:  # Where the tower starts: no weight needs a gradient.
                changed = changed.detach().requires_grad_()
            self._tape.append((change, given[0].detach(), changed))
        return changed
