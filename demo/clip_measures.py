"""A CLIP model goes in, what it can do on test scenes it never saw comes out as numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from demo import captions, clip_pixels
from demo.clip_features import pooled_pictures, text_features
from demo.clip_losses import means
from demo.dataset import Split
from demo.tokenizer import tokenize
from demo.training import device
from demo.world import PALETTES, TEXTURES, Scene, Style

SCENES = 500  # test pictures; enough that shares are known to two percent
PIECE = 125  # pictures at a time
RIDGE = 1.0  # of the linear probe, on features of unit length times 10
SEED = 7


def measure(model: Any, heads: Mapping[str, Any], world: Split) -> dict[str, float]:
    """Return named numbers, 0 to 1 except for the cosines, over the first test pictures.

    r1, r10: a full caption's own picture is the first, or in the first ten, among all.
    match, gap: cosine of picture and caption that belong together; distance of the two means.
    set_style, set_full: cosine of a style's mean with words for the style alone, and with a caption
    that names a scene as well; set_first: the share of styles whose mean is nearest to its words.
    probe_palette, probe_texture: a linear map from half of the features, tried on the other half.
    head_*: the attribute heads that the training throws away.
    """
    model.eval()
    with torch.no_grad():
        measured = _measured(model, heads, world)
    model.train()
    return {name: round(value, 4) for name, value in measured.items()}


def _measured(model: Any, heads: Mapping[str, Any], world: Split) -> dict[str, float]:
    count = min(SCENES, len(world))
    random = np.random.default_rng(SEED)
    texts = [captions.full(world.scene(i), world.style(i), random) for i in range(count)]
    labels = torch.from_numpy(world.labels[:count])  # [n, 5]
    pooled, features = _pictures(model, world, count)
    words = F.normalize(_texts(model, texts), dim=-1)  # [n, 768]
    measured = _single(F.normalize(features, dim=-1), words)
    measured |= _sets(model, features, words, labels)
    for name, column, kinds in (("palette", 3, len(PALETTES)), ("texture", 4, len(TEXTURES))):
        measured[f"probe_{name}"] = _probe(features, labels[:, column], kinds)
    for column, (name, head) in enumerate(heads.items()):
        measured[f"head_{name}"] = _share(head(pooled).argmax(dim=1) == labels[:, column])
    return measured


def _pictures(model: Any, world: Split, count: int) -> tuple[Tensor, Tensor]:
    pieces = []
    for start in range(0, count, PIECE):
        pixels = clip_pixels.plain(world.pictures[start : min(start + PIECE, count)])
        pieces.append(pooled_pictures(model, pixels.to(device())))
    pooled = torch.cat(pieces)  # [n, 192]
    return pooled.cpu(), model.visual_projection(pooled).cpu()


def _texts(model: Any, texts: list[str]) -> Tensor:
    return text_features(model, tokenize(texts).to(device())).cpu()


def _single(pictures: Tensor, words: Tensor) -> dict[str, float]:
    likeness = words @ pictures.T  # [n texts, n pictures]
    own = likeness.diagonal()
    rank = (likeness > own[:, None]).sum(dim=1)  # [n]
    return {
        "r1": _share(rank < 1),
        "r10": _share(rank < 10),
        "match": float(own.mean()),
        "mismatch": float(likeness.mean()),
        "gap": float((pictures.mean(dim=0) - words.mean(dim=0)).norm()),
    }


def _sets(model: Any, features: Tensor, words: Tensor, labels: Tensor) -> dict[str, float]:
    styles, set_of, sizes = torch.unique(
        labels[:, 3:], dim=0, return_inverse=True, return_counts=True
    )
    large = torch.nonzero(sizes > 1)[:, 0]
    members = (set_of[None] == large[:, None]).float()  # [sets, n]
    means_of_sets = means(features, members)
    random = np.random.default_rng(SEED)
    looks = [Style(PALETTES[palette], TEXTURES[texture]) for palette, texture in styles[large]]
    named = [captions.style_only(look, random) for look in looks]
    looks_words = F.normalize(_texts(model, named), dim=-1)  # [sets, 768]
    scene = [captions.full(Scene("house"), look, random) for look in looks]
    scene_words = F.normalize(_texts(model, scene), dim=-1)
    likeness = means_of_sets @ looks_words.T  # [sets, sets]
    right = torch.arange(len(large))
    return {
        "set_style": float(likeness.diagonal().mean()),
        "set_other": float(likeness.mean()),
        "set_full": float((means_of_sets * scene_words).sum(dim=1).mean()),
        "set_first": _share(likeness.argmax(dim=1) == right),
        "single_style": float(
            (members @ F.normalize(features, dim=-1) * looks_words).sum() / members.sum()
        ),
    }


def _probe(features: Tensor, labels: Tensor, kinds: int) -> float:
    """Return how often ridge regression, fitted to even rows, names the kind of the odd ones."""
    unit = F.normalize(features, dim=-1) * 10
    known, asked = unit[::2], unit[1::2]
    answers = F.one_hot(labels[::2], kinds).float() - 1 / kinds
    # As many pictures as features, so solve for the pictures' weights (the dual form).
    weights = torch.linalg.solve(known @ known.T + RIDGE * torch.eye(len(known)), answers)
    return _share((asked @ known.T @ weights).argmax(dim=1) == labels[1::2])


def _share(right: Tensor) -> float:
    return float(right.float().mean())
