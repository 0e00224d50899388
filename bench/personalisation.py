"""How fast prompts are personalised, beside the loop of the web UI extension and a dense ascent.

    python -m bench.personalisation [--prompts 8] [--rounds 3] [--threads 1]

The shapes are those of CLIP ViT-L/14's text encoder, its weights random: time does not depend on
them, and errors are of the same size. All ways take the same prompts, threads and steps; what
ours keeps for the next prompt (packed weights, Adam's memory) is made before the time is taken.
No way reads the prompt as it is: the web UI has done so when it calls the extension, and the hub
keeps what it has read. `unread` is ours where nobody has, beside the same references.

Prints a table and last one JSON line; errors are relative, of the conditioning against the dense
way's. Limits are the speedups of a way that does nothing but our products and fetches, each at the
best rate that this machine has just shown for as many rows (bench/machine_limits.py).
"""

import argparse
import copy
import json
import multiprocessing
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from bench.conditioning_cache import milliseconds_from_cache
from bench.machine_limits import Machine, adam_work, ascent_work
from bench.timing import in_turn, medians
from generation.personalisation import Recipe, personalise
from generation.plain_readings import plain_reading
from generation.text_towers import Reading

WORDS = 10  # between begin and end: prompts of 12 tokens
START, END = 49406, 49407
ADAM = Recipe("adam", steps=10, rate=1e-4)
ASCENT = Recipe("ascent", steps=10, rate=0.1)


def main() -> None:
    """Run all ways in turn, then each alone in a process of its own for its memory."""
    options = parse()
    torch.set_num_threads(options.threads)
    ways = named_ways(options.prompts)
    seconds, results = in_turn(ways, options.rounds)
    memory = {name: peak_memory(name, options) for name in ways}
    encoder, (ids, aesthetics) = text_encoder(), inputs(1)
    from_cache = milliseconds_from_cache(personalise(encoder, ids, aesthetics, ASCENT))
    print(f"{'from the cache':27} {from_cache:8.1f} ms a prompt")
    config, tokens, steps = encoder.config, WORDS + 2, ADAM.steps
    works = {
        "adam": adam_work(config, tokens, steps),
        "ascent": ascent_work(config, tokens, steps, 1),
        "ascent_batch": ascent_work(config, tokens, steps, options.prompts),
    }
    machine = Machine.measured(config, [*works.values()])
    for kind, rate in machine.arithmetic.items():
        print(f"{f'{kind} weights':26} {rate / 1e9:8.0f} GFLOP/s")
    print(f"{'memory':26} {machine.memory / 1e9:8.0f} GB/s")
    limits = {name: machine.seconds(work) for name, work in works.items()}
    report(medians(seconds), results, memory, from_cache, limits)


def named_ways(prompts: int) -> dict[str, Callable[[], Tensor]]:
    """Return the ways, each of which gives conditionings [prompts or 1, 77, 768]."""
    encoder, (ids, aesthetics) = text_encoder(), inputs(prompts)
    one, towards = ids[:1], aesthetics[:1]

    def ours(ids: Tensor, aesthetics: Tensor, recipe: Recipe, plain: Reading | None) -> Tensor:
        return personalise(encoder, ids, aesthetics, recipe, plain=plain).conditioning

    all_plain = plain_reading(encoder, ids, ASCENT.layer)
    plain = all_plain.of(slice(1))
    return {
        "adam, web UI's loop": partial(webui_adam, encoder, one, towards[0]),
        "adam, ours": partial(ours, one, towards, ADAM, plain),
        "adam, ours, unread": partial(ours, one, towards, ADAM, None),
        "ascent, dense": partial(dense_ascent, encoder, one, towards[0]),
        "ascent, ours": partial(ours, one, towards, ASCENT, plain),
        "ascent, ours, unread": partial(ours, one, towards, ASCENT, None),
        "ascent, ours, batch": partial(ours, ids, aesthetics, ASCENT, all_plain),
        "ascent, ours, batch, unread": partial(ours, ids, aesthetics, ASCENT, None),
    }


def text_encoder() -> CLIPTextModelWithProjection:
    """Return CLIP ViT-L/14's text encoder with random weights, 123 million.

    They are float32, but such as half precision holds, as OpenAI published them.
    """
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        projection_dim=768,
        bos_token_id=START,
        eos_token_id=END,
        pad_token_id=END,
    )
    encoder = CLIPTextModelWithProjection(config).eval().requires_grad_(requires_grad=False)
    return encoder.half().float()


def inputs(prompts: int) -> tuple[Tensor, Tensor]:
    """Return token ids [prompts, 77] and aesthetics [prompts, 768], the same at each call."""
    random = torch.Generator().manual_seed(1)
    ids = torch.full((prompts, 77), END)
    ids[:, 0] = START
    ids[:, 1 : 1 + WORDS] = torch.randint(0, START, (prompts, WORDS), generator=random)
    return ids, torch.randn(prompts, 768, generator=random)


def webui_adam(encoder: CLIPTextModelWithProjection, ids: Tensor, aesthetic: Tensor) -> Tensor:
    """Do as the extension does: copy the encoder, tune all of the copy on all tokens, read it."""
    changed = copy.deepcopy(encoder).requires_grad_(requires_grad=True)
    changed.text_projection.requires_grad_(requires_grad=False)
    optimiser = torch.optim.Adam(changed.text_model.parameters(), lr=ADAM.rate)
    for _ in range(ADAM.steps):
        feature = changed(input_ids=ids).text_embeds
        optimiser.zero_grad()
        (-F.cosine_similarity(feature, aesthetic[None])).sum().backward()
        optimiser.step()
    with torch.no_grad():
        hidden: Tensor = changed(input_ids=ids).last_hidden_state
    return hidden


def dense_ascent(encoder: CLIPTextModelWithProjection, ids: Tensor, aesthetic: Tensor) -> Tensor:
    """Do as the paper says, in the plainest way: gradients of all weights, on all tokens."""
    changed = copy.deepcopy(encoder).requires_grad_(requires_grad=True)
    changed.text_projection.requires_grad_(requires_grad=False)
    trained = [*changed.text_model.parameters()]
    for _ in range(ASCENT.steps):
        feature = changed(input_ids=ids).text_embeds
        cosine = F.cosine_similarity(feature, aesthetic[None]).sum()
        gradients = torch.autograd.grad(cosine, trained)
        with torch.no_grad():
            for weight, gradient in zip(trained, gradients, strict=True):
                weight.add_(gradient, alpha=ASCENT.rate)
    with torch.no_grad():
        hidden: Tensor = changed(input_ids=ids).last_hidden_state
    return hidden


def peak_memory(name: str, options: argparse.Namespace) -> float:
    """Return the MiB that a way adds to a process which has the encoder, at its highest."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_memory, (name, options.prompts, options.threads))


def _peak_memory(name: str, prompts: int, threads: int) -> float:
    torch.set_num_threads(threads)
    way = named_ways(prompts)[name]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # Linux: forget the peak so far
    before = _highest()
    way()
    return _highest() - before


def _highest() -> float:
    """Return the most memory that this process has had since its peak was forgotten, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def report(
    seconds: dict[str, float],
    results: dict[str, Tensor],
    memory: dict[str, float],
    from_cache: float,
    limits: dict[str, float],
) -> None:
    """Print the table and the JSON line; `limits` are the least seconds a prompt."""
    each = {name: time / len(results[name]) for name, time in seconds.items()}
    for name, time in each.items():
        print(f"{name:27} {1000 * time:8.0f} ms a prompt {memory[name]:8.0f} MiB more")

    def error(name: str, reference: str) -> float:
        expected, found = results[reference], results[name][:1]
        return float((found - expected).norm() / expected.norm())

    adam, ascent = each["adam, web UI's loop"], each["ascent, dense"]
    line = {
        "adam_speedup": round(adam / each["adam, ours"], 2),
        "ascent_speedup": round(ascent / each["ascent, ours"], 2),
        "ascent_batch_speedup": round(ascent / each["ascent, ours, batch"], 2),
        "adam_speedup_unread": round(adam / each["adam, ours, unread"], 2),
        "ascent_speedup_unread": round(ascent / each["ascent, ours, unread"], 2),
        "ascent_batch_speedup_unread": round(ascent / each["ascent, ours, batch, unread"], 2),
        "adam_limit": round(adam / limits["adam"], 2),
        "ascent_limit": round(ascent / limits["ascent"], 2),
        "ascent_batch_limit": round(ascent / limits["ascent_batch"], 2),
        "adam_error": error("adam, ours", "adam, web UI's loop"),
        "ascent_error": error("ascent, ours", "ascent, dense"),
        "ascent_batch_error": error("ascent, ours, batch", "ascent, dense"),
        "cache_milliseconds": round(from_cache, 2),
        "prompts": len(results["ascent, ours, batch"]),
    }
    print(json.dumps(line))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=8, help="of the batch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
