"""What a text encoder says of a prompt and a look: answers to questions. Worker side."""

import logging
from typing import Any

import torch
from torch.nn import functional as F

from generation.aiming import direction_of
from generation.aims import Aim
from generation.conditionings import ensure_kept
from generation.emphasis import EmphasisRefused
from generation.keeping import KEPT_AT, REFUSAL_KEPT, keep, kept, let_go, take
from generation.personalisation import PersonalisationRefused, Recipe, personalise
from generation.text_towers import TextTower
from generation.worker_models import models_for
from registry.jobs import OUR_FAULT
from registry.leases import JobFailed

logger = logging.getLogger(__name__)

KEPT = 3600  # seconds
BATCH = 16  # rows read at once

# Rows that are read to tell what each word does: half a minute of CLIP ViT-L/14 on one core. A
# prompt of a single row, of 75 tokens at most, never comes near it.
MOST_ROWS = 150

# Longer than nearly all take, the loading of the models too. A question whose worker was killed is
# asked again after it.
HELD = 120  # seconds


def answer(
    key: str, kind: str, said_aim: dict[str, Any], prompt: str, recipe: dict[str, Any]
) -> None:
    """Keep the answer under `key`, unless it is there or another worker is at it."""
    if not take(key, HELD):
        return
    try:
        if kept(key) is None and (said := _said(key, kind, said_aim, prompt, recipe)) is not None:
            keep(key, said, REFUSAL_KEPT if {"refused", "failed"} & said.keys() else KEPT)
    finally:
        let_go(key)


def _said(
    key: str, kind: str, said_aim: dict[str, Any], prompt: str, recipe: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the answer, or None about what is gone since.

    Where there is none a sentence says why: under "refused" what the asker can mend, under "failed"
    what only the hub can. As in a job every exception is caught, and the log has the trace.
    """
    try:
        aim = Aim.from_json(said_aim)
        if aim is None:
            return None
        return KINDS[kind](aim, prompt, recipe)
    except (PersonalisationRefused, EmphasisRefused) as error:
        return {"refused": error.detail}
    except JobFailed as error:
        return {"failed": str(error)}
    except Exception:
        logger.exception("%s, about %s, could not be answered.", key, kind)
        return {"failed": OUR_FAULT}


def dose(aim: Aim, prompt: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """Return agreement and drift before the first and after every step, each of steps + 1.

    Of a prompt of several rows they are the rows' means, as of a drawing.
    """
    models = models_for(aim.version.space)
    made = personalise(
        models.text_encoder,
        models.tokenize(prompt).ids,
        direction_of(aim, models),
        Recipe(**recipe, reads=models.kind.reads),
        with_drifts=True,
    )
    return {"agreement": _rounded(made.agreement.mean(0)), "drift": _rounded(made.drifts.mean(0))}


def agreement(aim: Aim, prompt: str, _: dict[str, Any]) -> dict[str, Any]:
    """Return the agreement of the prompt, and what it would be without each of its words.

    Of a prompt that is too long for this only the whole is told, and the remark says why.
    """
    rows = len(models_for(aim.version.space).tokenize(prompt).ids)
    remark = _why_whole(len(prompt.split()), rows)
    words = [] if remark else prompt.split()
    without = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
    whole, *parts = _agreements(aim, [prompt, *without])
    return {
        "agreement": whole,
        "words": [{"word": word, "without": part} for word, part in zip(words, parts, strict=True)],
        "remark": remark,
    }


def _why_whole(words: int, rows: int) -> str:
    """Say why the words of a prompt are not left out one by one; nothing where they are."""
    if words * rows <= MOST_ROWS:
        return ""
    return (
        f"The prompt is too long to tell what each of its words does: to leave out each of {words} "
        f"words, the text encoder would have to read {words * rows:,} rows, and {MOST_ROWS} are "
        "the most."
    )


def conditioning(aim: Aim, prompt: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """Say where the plain and the personalised conditioning are kept, as a safetensors file."""
    return {KEPT_AT: ensure_kept(aim, prompt, Recipe(**recipe))}


KINDS = {"dose": dose, "agreement": agreement, "conditioning": conditioning}


def _agreements(aim: Aim, prompts: list[str]) -> list[float]:
    """Return the cosine of each prompt and the aim, the mean of a prompt's rows."""
    models = models_for(aim.version.space)
    tower, direction = TextTower(models.text_encoder), direction_of(aim, models)  # [width]
    tokens = [models.tokenize(prompt).ids for prompt in prompts]
    ids = torch.cat(tokens).to(tower.device)  # [all rows, 77]
    said = ids[:, : int(tower.ends(ids).max()) + 1]
    with torch.no_grad():
        features = torch.cat([tower.read(part).features for part in said.split(BATCH)])
    cosines = F.cosine_similarity(features, direction.to(features)[None], dim=1)  # [all rows]
    rows = cosines.split([len(each) for each in tokens])
    return [round(float(each.mean()), 6) for each in rows]


def _rounded(values: torch.Tensor) -> list[float]:
    return [round(value, 6) for value in values.tolist()]
