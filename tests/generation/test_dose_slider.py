"""How far the slider of the dose goes."""

import pytest
from django.test import Client

from accounts.models import User
from generation.keeping import keep
from generation.questions import Kind, ask
from registry.models import Version
from tests.generation.asked_questions import PROMPT

pytestmark = pytest.mark.usefixtures("broker")


def test_the_end_of_the_slider_does_not_come_down_with_the_chosen_step(
    client: Client, ada: User, version: Version
) -> None:
    """Answers are kept for these two ends alone: any other would be a question that waits."""
    for most in (40, 50):
        curves = {"agreement": [0.1] * (most + 1), "drift": [0.0] * (most + 1)}
        keep(ask(Kind.DOSE, version=version, prompt=PROMPT, steps=most, rate=1e-4).key, curves, 60)
    words = {"agreement": 0.1, "words": []}
    keep(ask(Kind.AGREEMENT, version=version, prompt=PROMPT).key, words, 60)
    client.force_login(ada)
    asked = {"prompt": PROMPT, "aesthetic": "ada/sea-mist", "rate": 1e-4}
    for steps, most in ((20, 40), (40, 40), (41, 50), (49, 50), (50, 50)):
        answer = client.post("/draw/dose", {**asked, "steps": steps})
        said = " ".join(answer.content.decode().split())
        assert f'max="{most}" value="{steps}"' in said
