"""What the engine is tested with: prompts, directions and a dense, naive version of itself."""

import copy

import torch
from torch import Tensor
from transformers import CLIPTextModelWithProjection

from generation.personalisation import Personalised, Recipe
from generation.recipes import Layer

ONE_WORD = "boat"
REPEATED = "a cat, a cat and a cat by a tree"
FULL = "tree " * 75
PROMPTS = [ONE_WORD, REPEATED, FULL]
UNNORMED = Layer(from_end=2, is_normed=False)  # as SDXL reads


def direction(seed: int = 0) -> Tensor:
    vector = torch.randn(768, generator=torch.Generator().manual_seed(seed))
    return vector / vector.norm()  # [768]


def naively(
    text_encoder: CLIPTextModelWithProjection, input_ids: Tensor, aesthetic: Tensor, recipe: Recipe
) -> tuple[Tensor, Tensor]:
    """Do it as the paper's code does: copy the encoder, tune the copy, read the copy."""
    changed = copy.deepcopy(text_encoder).requires_grad_(requires_grad=True)
    changed.text_projection.requires_grad_(requires_grad=False)
    trained = [weight for weight in changed.parameters() if weight.requires_grad]
    aesthetic = aesthetic / aesthetic.norm()
    own = text_encoder(input_ids=input_ids).text_embeds[0].detach()
    target = aesthetic + recipe.anchor * own / own.norm()
    adam = torch.optim.Adam(trained, lr=recipe.rate)
    trace = []
    for step in range(recipe.steps + 1):
        output = changed(input_ids=input_ids)
        feature = output.text_embeds[0]
        cosine = feature @ target / target.norm() / feature.norm()
        trace.append((feature @ aesthetic / feature.norm()).item())
        if step == recipe.steps:
            break
        if recipe.optimiser == "adam":
            adam.zero_grad()
            (-cosine).backward()
            adam.step()
            continue
        gradients = torch.autograd.grad(cosine, trained)
        with torch.no_grad():
            for weight, gradient in zip(trained, gradients, strict=True):
                weight.add_(recipe.rate * gradient)
    return _hidden(changed, input_ids, recipe), torch.tensor(trace)


def _hidden(encoder: CLIPTextModelWithProjection, input_ids: Tensor, recipe: Recipe) -> Tensor:
    """Read as the web UI does: what a layer gives, counted from the end, through the last norm.

    Or as diffusers does for SDXL: one layer before, and as it is.
    """
    with torch.no_grad():
        output = encoder(input_ids=input_ids, output_hidden_states=True)
        if recipe.reads == UNNORMED:
            return output.hidden_states[-(recipe.clip_skip + 1)]
        return encoder.text_model.final_layer_norm(output.hidden_states[-recipe.clip_skip])


def assert_same(result: Personalised, hidden: Tensor, trace: Tensor) -> None:
    assert (result.agreement[0] - trace).abs().max() < 1e-5
    assert (result.conditioning - hidden).norm() / hidden.norm() < 1e-4
