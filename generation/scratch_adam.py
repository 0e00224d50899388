"""Adam on a text encoder: weights to throw away, in memory that is used again for each prompt.

A text encoder of CLIP ViT-L/14 has 123 million weights, and a prompt uses few of the 49,408 rows of
its token table. A row that is not in the prompt has no gradient, and under a fresh Adam never
moves; so only rows in use are trained, and 85 million other weights.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from transformers import CLIPTextModelWithProjection

from generation.onednn_products import TrainedProducts
from generation.text_towers import Climber, TextTower, Weights

GROUP = 1_000_000  # weights that are moved at once; 28 MB with gradient and moments
BETAS, EPSILON = (0.9, 0.999), 1e-8  # as torch.optim.Adam has them, and with it the extension
TABLES = ("embeddings.token_embedding", "embeddings.position_embedding")


class _RowsInUse:
    """The rows of one table that a prompt reads, changed; all others stay the table's."""

    def __init__(self, most: int, width: int, device: torch.device) -> None:
        self.rows = torch.zeros(most, width, device=device, requires_grad=True)
        self.used = torch.empty(0, dtype=torch.long)

    def take(self, table: Tensor, indices: Tensor) -> None:
        """Copy from the table [rows, width] those at `indices`, of any shape."""
        self.used = indices.unique()  # [n], sorted
        with torch.no_grad():
            self.rows[: len(self.used)] = table[self.used]

    def answer(self, _: nn.Module, given: tuple[Tensor], output: Tensor) -> Tensor:
        """Stand in for what the table answers, as a forward hook."""
        place = torch.searchsorted(self.used, given[0]).clamp(max=len(self.used) - 1)
        is_used = self.used[place] == given[0]  # [batch, tokens]
        return torch.where(is_used[..., None], self.rows[place], output)


class ScratchAdam:
    """The changed weights of one text encoder and Adam's moments of them."""

    def __init__(self, tower: TextTower) -> None:
        config, self.device = tower.encoder.config, tower.device
        most, width = config.max_position_embeddings, config.hidden_size
        self._tables = {name: _RowsInUse(most, width, tower.device) for name in TABLES}
        frozen = {"text_projection.weight"} | {f"text_model.{name}.weight" for name in TABLES}
        self._weights: Weights = {
            name: torch.empty_like(weight, requires_grad=True)
            for name, weight in tower.weights.items()
            if name not in frozen
        }
        rows = [table.rows for table in self._tables.values()]
        large = [weight for weight in self._weights.values() if weight.ndim > 1]
        small = [weight for weight in self._weights.values() if weight.ndim <= 1]
        # The large ones by themselves: where oneDNN multiplies, they are moved by `_take`.
        self._alone = {weight.data_ptr(): _Group([weight]) for weight in large}
        self._groups = [*self._alone.values(), *map(_Group, _grouped([*small, *rows]))]

    @contextmanager
    def attached(self, tower: TextTower, ids: Tensor, rate: float) -> Iterator[Climber]:
        """Start afresh from the tower's weights, for a prompt [1, tokens up to its end]."""
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(tower.weights[name])
        for group in self._groups:
            group.start(rate)
        positions = torch.arange(ids.shape[1], device=ids.device)
        with ExitStack() as stack:
            for (name, rows), indices in zip(self._tables.items(), (ids, positions), strict=True):
                rows.take(tower.weights[f"text_model.{name}.weight"], indices)
                table = tower.encoder.text_model.get_submodule(name)
                stack.callback(table.register_forward_hook(rows.answer).remove)
            stack.enter_context(TrainedProducts(self._take))
            yield Climber(partial(tower.read, changed=self._weights), Tensor.backward)

    def _take(self, weight: Tensor, gradient: Tensor) -> None:
        self._alone[weight.data_ptr()].move([gradient])


class _Group:
    """Weights that move as soon as the gradients of all of them are known.

    Those are still in the processor's cache then, and their memory serves the next group.
    """

    def __init__(self, weights: list[Tensor]) -> None:
        self._weights = weights
        self._means = [torch.zeros_like(weight) for weight in weights]
        self._squares = [torch.zeros_like(weight) for weight in weights]
        self._steps = [torch.zeros((), device=weight.device) for weight in weights]
        self._missing, self._rate = len(weights), 0.0
        for weight in weights:
            weight.register_post_accumulate_grad_hook(self._gradient_came)

    def start(self, rate: float) -> None:
        """Forget both moments and the number of steps."""
        self._missing, self._rate = len(self._weights), rate
        for tensor in (*self._means, *self._squares, *self._steps):
            tensor.zero_()
        for weight in self._weights:  # An interrupted step may have left some.
            weight.grad = None

    def move(self, gradients: list[Tensor]) -> None:
        """Take one step up the gradients."""
        with torch.no_grad():
            adam(
                self._weights,
                gradients,
                self._means,
                self._squares,
                [],
                self._steps,
                fused=True,
                amsgrad=False,
                beta1=BETAS[0],
                beta2=BETAS[1],
                lr=self._rate,
                weight_decay=0,
                eps=EPSILON,
                maximize=True,
            )

    def _gradient_came(self, weight: Tensor) -> None:
        if weight.grad is None:  # It went to `move`.
            return
        self._missing -= 1
        if not self._missing:
            self._missing = len(self._weights)
            self.move([each.grad for each in self._weights])
            for each in self._weights:
                each.grad = None


def _grouped(weights: list[Tensor]) -> list[list[Tensor]]:
    """Return neighbours together until they are worth a call of the optimiser."""
    groups: list[list[Tensor]] = [[]]
    for weight in weights:
        groups[-1].append(weight)
        if sum(each.numel() for each in groups[-1]) >= GROUP:
            groups.append([])
    return [group for group in groups if group]


_scratches: WeakKeyDictionary[CLIPTextModelWithProjection, ScratchAdam] = WeakKeyDictionary()


def scratch_of(tower: TextTower) -> ScratchAdam:
    """Return the scratch of a text encoder, which is kept as long as that lives where it is."""
    scratch = _scratches.get(tower.encoder)
    if scratch is None or scratch.device != tower.device:
        scratch = _scratches[tower.encoder] = ScratchAdam(tower)
    return scratch
