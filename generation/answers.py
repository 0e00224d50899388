"""What a text encoder says of a prompt and a look: answers to questions. Worker side."""

import logging
from typing import Any

import torch
from torch.nn import functional as F

from generation.aiming import direction_of
from generation.aims import Aim
from generation.conditionings import ensure_kept
from generation.emphasis import EmphasisRefused, words_of
from generation.keeping import KEPT_AT, REFUSAL_KEPT, keep, kept, let_go, take
from generation.personalisation import PersonalisationRefused, Recipe, personalise
from generation.plain_readings import plain_reading
from generation.text_towers import TextTower
from generation.worker_models import text_models_for
from registry.devices import on_device
from registry.jobs import OUR_FAULT
from registry.leases import JobFailed

logger = logging.getLogger(__name__)

KEPT = 3600  # seconds
BATCH = 16  # rows read at once

# Rows that are read to tell what each word does: half a minute of CLIP ViT-L/14 on one core. A
# prompt of a single row, of 75 tokens at most, never comes near it.
MOST_ROWS = 150

# Steps of personalisation, of all rows together: the four rows of a thousand characters of ordinary
# words at the most steps. Each costs as much as several rows that are read, and Adam takes them one
# by one.
MOST_ROW_STEPS = 200

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
        with on_device():
            return KINDS[kind](aim, prompt, recipe)
    except (PersonalisationRefused, EmphasisRefused) as error:
        return {"refused": error.detail, "code": error.code}
    except JobFailed as error:
        return {"failed": str(error)}
    except Exception:
        logger.exception("%s, about %s, could not be answered.", key, kind)
        return {"failed": OUR_FAULT}


def dose(aim: Aim, prompt: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """Return agreement and drift before the first and after every step, each of steps + 1.

    Of a prompt of several rows they are the rows' means, as of a drawing. Raises
    PersonalisationRefused for too many rows and steps, which a drawing may take.
    """
    models = text_models_for(aim.version.space)
    asked = Recipe(**recipe, reads=models.kind.reads)
    ids = models.tokenize(prompt).ids  # [rows, 77]
    _refuse_too_much(len(ids), asked.steps)
    made = personalise(
        models.text_encoder,
        ids,
        direction_of(aim, models),
        asked,
        plain=plain_reading(models.text_encoder, ids, asked.layer),
        with_drifts=True,
    )
    return {"agreement": _rounded(made.agreement.mean(0)), "drift": _rounded(made.drifts.mean(0))}


def agreement(aim: Aim, prompt: str, _: dict[str, Any]) -> dict[str, Any]:
    """Return the agreement of the prompt, and what it would be without each of its words.

    Of a prompt that is too long for this only the whole is told, and the remark says why.
    """
    rows, words = len(text_models_for(aim.version.space).tokenize(prompt).ids), words_of(prompt)
    remark = _why_whole(len(words), rows)
    told = [] if remark else words
    whole, *parts = _agreements(aim, [prompt, *(word.without for word in told)])
    return {
        "agreement": whole,
        "words": [
            {"word": word.written, "without": part} for word, part in zip(told, parts, strict=True)
        ],
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
    """Say where the plain and the personalised conditioning are kept, as a safetensors file.

    Raises what `dose` does.
    """
    asked = Recipe(**recipe)
    _refuse_too_much(len(text_models_for(aim.version.space).tokenize(prompt).ids), asked.steps)
    return {KEPT_AT: ensure_kept(aim, prompt, asked)}


def _refuse_too_much(rows: int, steps: int) -> None:
    """Raise PersonalisationRefused for what would keep all others' questions waiting."""
    if rows * steps > MOST_ROW_STEPS:
        raise PersonalisationRefused(
            "too-many-steps",
            f"The prompt is too long to be personalised without being drawn: the text encoder "
            f"reads it in {rows} rows, with {steps} steps for each, {rows * steps:,} in all, and "
            f"{MOST_ROW_STEPS} are the most. Use a shorter prompt or fewer steps; a drawing may "
            "have as many as it wants.",
        )


KINDS = {"dose": dose, "agreement": agreement, "conditioning": conditioning}


def _agreements(aim: Aim, prompts: list[str]) -> list[float]:
    """Return the cosine of each prompt and the aim, the mean of a prompt's rows."""
    models = text_models_for(aim.version.space)
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
