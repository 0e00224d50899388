"""Dose and agreement: asked, sent once, refused by their fields, shown by API and page."""

from typing import Any
from uuid import uuid4

import pytest
import torch
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings
from safetensors.torch import load

from accounts.models import User
from accounts.quotas import QuotaExceeded
from generation import tasks
from generation.keeping import keep, let_go, take
from generation.personalisation import Recipe, personalise
from generation.questions import Kind, answer_to, ask
from generation.worker_models import models_for
from hub.celery import app
from registry.jobs import OUR_FAULT
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import errors, problem
from tests.generation.asked_questions import NOW, PROMPT, answer_now, answered
from tests.generation.loaded_models import forget_models

pytestmark = pytest.mark.usefixtures("one_torch_thread", "broker")


def waiting() -> int:
    """Return how many messages are in the queue that questions are sent to."""
    with app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_declare("encode").message_count)


# --- The questions ------------------------------------------------------------------------------


def test_without_a_worker_the_asker_is_told_to_ask_again(version: Version) -> None:
    assert answer_now(ask(Kind.AGREEMENT, version=version, prompt=PROMPT)) is None


def test_a_question_that_waits_is_not_sent_twice(version: Version) -> None:
    before = waiting()
    for _ in range(3):
        answer_now(ask(Kind.AGREEMENT, version=version, prompt=PROMPT))
    assert waiting() == before + 1


def test_a_question_that_a_worker_is_at_is_not_sent_however_long_it_takes(
    version: Version,
) -> None:
    before, asked = waiting(), ask(Kind.AGREEMENT, version=version, prompt=PROMPT)
    assert take(asked.key, 60)
    assert answer_now(asked) is None
    assert waiting() == before
    let_go(asked.key)
    assert answer_now(asked) is None
    assert waiting() == before + 1


def test_where_the_cache_is_away_nobody_answers(version: Version, settings: Settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock"}
    }
    assert answer_now(ask(Kind.AGREEMENT, version=version, prompt=PROMPT)) is None


def test_a_look_that_was_deleted_meanwhile_is_not_answered_about(version: Version) -> None:
    asked = ask(Kind.AGREEMENT, version=version, prompt=PROMPT)
    gone = asked.aim.to_json() | {"version": str(uuid4())}
    tasks.answer(asked.key, asked.kind, gone, asked.prompt, asked.recipe)
    assert answer_now(asked) is None


def test_a_question_is_named_by_all_that_decides_its_answer(version: Version) -> None:
    first = ask(Kind.DOSE, version=version, prompt=PROMPT)
    assert first.key == ask(Kind.DOSE, version=version, prompt=f" {PROMPT}\n").key
    others = [
        ask(Kind.AGREEMENT, version=version, prompt=PROMPT),
        ask(Kind.DOSE, version=version, prompt="a boat"),
        ask(Kind.DOSE, version=version, prompt=PROMPT, anchor=0.25),
        ask(Kind.DOSE, version=version, prompt=PROMPT, steps=3),
    ]
    assert len({first.key, *(other.key for other in others)}) == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [("prompt", " "), ("prompt", "(a:200)"), ("steps", 51), ("rate", float("nan")), ("weight", 2)],
)
def test_what_no_drawing_could_have_is_refused_by_its_field(
    version: Version, field: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as refused:
        ask(Kind.DOSE, version=version, **{"prompt": PROMPT, field: value})
    assert list(refused.value.message_dict) == [field]


def test_an_embedding_of_another_space_is_not_asked_about(version: Version) -> None:
    version.space.name = "elsewhere"
    with pytest.raises(ValidationError, match="lives in the space “elsewhere”"):
        ask(Kind.DOSE, version=version, prompt=PROMPT)


# --- What it costs ------------------------------------------------------------------------------


def test_a_new_question_costs_a_share_of_the_day_and_what_was_answered_nothing(
    version: Version, ada: User, bob: User, settings: Settings
) -> None:
    settings.QUOTA_QUESTIONS = 1
    settings.QUOTA_CONDITIONINGS = 1
    first = ask(Kind.AGREEMENT, version=version, prompt=PROMPT)
    for _ in range(3):  # while it is awaited
        answer_to(first, person=ada, patience=NOW)
    second = ask(Kind.DOSE, version=version, prompt=PROMPT)
    with pytest.raises(QuotaExceeded, match="today's 1 questions about prompts"):
        answer_to(second, person=ada, patience=NOW)
    before = waiting()
    with pytest.raises(QuotaExceeded):  # nor the second time
        answer_to(second, person=ada, patience=NOW)
    assert waiting() == before  # it was not sent
    answer_to(ask(Kind.CONDITIONING, version=version, prompt=PROMPT), person=ada, patience=NOW)
    with pytest.raises(QuotaExceeded, match="today's 1 conditionings"):
        answer_to(ask(Kind.CONDITIONING, version=version, prompt="a"), person=ada, patience=NOW)
    answer_to(second, person=bob, patience=NOW)
    kept = {"agreement": [0.0], "drift": [0.0]}
    keep(second.key, kept, 60)
    assert answer_to(second, person=ada, patience=NOW) == kept


def test_a_share_that_is_used_up_is_told_by_api_and_page(
    client: Client, page: Client, ada: User, version: Version, settings: Settings
) -> None:
    settings.QUOTA_QUESTIONS = 0
    settings.QUOTA_CONDITIONINGS = 0
    asked = {"aesthetic": "ada/sea-mist", "prompt": PROMPT}
    for what, share in (
        ("agreement", "questions-about-prompts"),
        ("prompt-embeds", "conditionings"),
    ):
        answer = post(client, what, ada, **asked)
        assert problem(answer, 429, "quota-exceeded")["violated-policies"] == [share]
        assert int(answer["Retry-After"]) > 0
    assert "You have used today&#x27;s 0 questions" in shown(page, **asked)


# --- The API ------------------------------------------------------------------------------------


def post(client: Client, what: str, person: User, **asked: Any) -> Any:
    return client.post(
        f"/api/v1/{what}", asked, content_type="application/json", headers=factories.bearer(person)
    )


def test_the_api_says_later_and_then_the_same_to_all_who_ask(
    client: Client, ada: User, bob: User, measured: Version
) -> None:
    asked = {"aesthetic": "ada/nebulae", "prompt": PROMPT, "steps": 2}
    waiting = post(client, "dose", ada, **asked)
    assert (waiting.status_code, waiting["Retry-After"]) == (202, "1")
    expected = answered(ask(Kind.DOSE, version=measured, prompt=PROMPT, steps=2))
    for person in (ada, bob):
        answer = post(client, "dose", person, **asked)
        assert answer.status_code == 200, answer.content
        assert answer.json() == expected
    answered(ask(Kind.AGREEMENT, version=measured, prompt=PROMPT))
    told = post(client, "agreement", bob, aesthetic="ada/nebulae", prompt=PROMPT).json()
    assert told["agreement"] == pytest.approx(expected["agreement"][0], abs=1e-5)
    assert len(told["words"]) == 4
    assert told["remark"] == ""


def test_the_conditioning_is_given_to_those_who_draw_themselves(
    client: Client, ada: User, measured: Version
) -> None:
    asked: dict[str, Any] = {"aesthetic": "ada/nebulae", "prompt": PROMPT, "steps": 2, "rate": 1e-4}
    asked["anchor"] = 0
    assert post(client, "prompt-embeds", ada, **asked).status_code == 202
    parameters = {name: asked[name] for name in ("steps", "rate", "anchor")}
    answered(ask(Kind.CONDITIONING, version=measured, prompt=PROMPT, **parameters))
    answer = post(client, "prompt-embeds", ada, **asked)
    assert answer["Content-Type"] == "application/octet-stream"
    tensors = load(answer.content)
    models = models_for(measured.space)
    made = personalise(
        models.text_encoder,
        models.tokenize(PROMPT).ids,
        torch.tensor(measured.vector),
        Recipe(steps=2, rate=1e-4),
    )
    assert torch.equal(tensors["plain_prompt_embeds"], models.condition(PROMPT).hidden)
    torch.testing.assert_close(tensors["prompt_embeds"], made.conditioning, rtol=1e-4, atol=2e-4)


def test_what_is_wrong_on_our_side_is_not_called_the_askers_fault(
    client: Client, page: Client, ada: User, measured: Version, settings: Settings
) -> None:
    settings.DIFFUSION_MODEL = "/nowhere/at/all"
    forget_models()
    answered(ask(Kind.DOSE, version=measured, prompt=PROMPT, steps=40))
    answered(ask(Kind.AGREEMENT, version=measured, prompt=PROMPT))
    forget_models()
    asked = {"aesthetic": "ada/nebulae", "prompt": PROMPT}
    answer = post(client, "agreement", ada, **asked)
    assert problem(answer, 503, "no-answer")["detail"] == OUR_FAULT
    assert answer["Retry-After"] == "60"
    assert OUR_FAULT in shown(page, **asked)


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"prompt": PROMPT}, "/aesthetic"),
        ({"aesthetic": "ada/sea-mist"}, "/prompt"),
        ({"aesthetic": "ada/sea-mist", "prompt": PROMPT, "steps": 51}, "/steps"),
    ],
)
def test_the_api_names_what_is_wrong(
    client: Client, ada: User, version: Version, asked: dict[str, Any], pointer: str
) -> None:
    answer = post(client, "dose", ada, **asked)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_what_a_worker_refuses_points_at_what_it_is_about(
    client: Client, ada: User, measured: Version
) -> None:
    answered(ask(Kind.DOSE, version=measured, prompt=PROMPT, clip_skip=9))
    asked = {"aesthetic": "ada/nebulae", "prompt": PROMPT, "clip_skip": 9}
    assert errors(post(client, "dose", ada, **asked)) == {"/clip_skip": "clip-skip-out-of-range"}


def test_others_cannot_ask_about_a_private_look(
    client: Client, ada: User, bob: User, version: Version
) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    asked = {"aesthetic": "ada/sea-mist", "prompt": PROMPT}
    for what in ("dose", "agreement", "prompt-embeds"):
        assert post(client, what, bob, **asked).status_code == 404
        assert post(client, what, ada, **asked).status_code == 202
    assert client.post("/api/v1/dose", asked, content_type="application/json").status_code == 401


# --- The page -----------------------------------------------------------------------------------


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def shown(page: Client, **asked: Any) -> str:
    return " ".join(page.post("/draw/dose", asked).content.decode().split())


def test_the_page_says_what_is_missing_what_is_awaited_and_what_is_wrong(
    page: Client, version: Version
) -> None:
    assert "Say what to draw and choose a look" in shown(page)
    assert "Say what to draw and choose a look" in shown(page, prompt=PROMPT)
    assert "There is no published look “x/y”." in shown(page, prompt=PROMPT, aesthetic="x/y")
    waiting = shown(page, prompt=PROMPT, aesthetic="ada/sea-mist")
    assert "Measuring the dose…" in waiting
    assert 'hx-trigger="load delay:600ms"' in waiting
    wrong = shown(page, prompt="(a:200)", aesthetic="ada/sea-mist")
    assert "has an emphasis of 200" in wrong
    for field, value, label in (("rate", "x", "Rate"), ("others", "x/y 1", "Mix with")):
        asked = {"prompt": PROMPT, "aesthetic": "ada/sea-mist", field: value}
        assert f'<p class="dose__says">{label}: ' in shown(page, **asked)
    assert "hx-trigger" not in wrong


def test_the_page_says_why_no_word_of_a_long_prompt_is_named(
    page: Client, measured: Version
) -> None:
    prompt = "a " * 400
    asked = {"prompt": prompt, "aesthetic": "ada/nebulae", "steps": 1, "rate": 1e-4}
    dose = ask(Kind.DOSE, version=measured, prompt=prompt, steps=40, rate=1e-4)
    keep(dose.key, {"agreement": [0.1] * 41, "drift": [0.0] * 41}, 60)
    answered(ask(Kind.AGREEMENT, version=measured, prompt=prompt))
    assert "to leave out each of 400 words" in shown(page, **asked)


def test_the_page_says_why_the_dose_of_a_prompt_of_very_many_tokens_is_not_told(
    page: Client, measured: Version
) -> None:
    prompt = "𓀀" * 1000
    asked = {"prompt": prompt, "aesthetic": "ada/nebulae", "rate": 1e-4}
    answered(ask(Kind.DOSE, version=measured, prompt=prompt, steps=40, rate=1e-4))
    answered(ask(Kind.AGREEMENT, version=measured, prompt=prompt))
    assert '<p class="dose__says">The prompt is too long to be personalised' in shown(page, **asked)


def test_the_slider_stands_at_the_steps_that_are_chosen(page: Client, measured: Version) -> None:
    prompt = "a boat on the sea"
    asked = {"prompt": prompt, "aesthetic": "ada/nebulae", "rate": 1e-4}
    dose = answered(ask(Kind.DOSE, version=measured, prompt=prompt, steps=40, rate=1e-4))
    answered(ask(Kind.AGREEMENT, version=measured, prompt=prompt))
    said = shown(page, **asked, steps=7)
    assert 'max="40" value="7"' in said
    assert f"{dose['agreement'][7]:.2f}</output>" in said
    assert f"{dose['drift'][7]:.2f}</output>" in said
    assert said.count("<polyline") == 2
