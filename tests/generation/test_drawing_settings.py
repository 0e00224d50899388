"""What a drawing's page says of its settings, and what of them the form can't draw again."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from generation.models import Generation


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_drawing_shows_what_it_was_drawn_by_and_how_large(
    page: Client, finished: Generation
) -> None:
    path = finished.get_absolute_url()
    shown = html(page.get(path))
    assert "Adam, as the paper&#x27;s code does it" in shown
    assert "the checkpoint&#x27;s own, 20 steps, guidance 4" in shown
    assert "128 × 128 pixels" in shown  # noqa: RUF001 (a sign of multiplication)
    Generation.objects.update(optimiser="ascent", sampler="dpm++", width=256, height=64)
    shown = html(page.get(path))
    assert "plain gradient ascent, as in the paper" in shown
    assert "DPM-Solver++, 20 steps, guidance 4" in shown
    assert "256 × 64 pixels" in shown  # noqa: RUF001 (a sign of multiplication)


def test_the_form_says_that_it_draws_another_size_than_the_earlier_drawing(
    page: Client, finished: Generation
) -> None:
    path = f"/draw?from={finished.pk}"
    assert "which only the API draws" not in html(page.get(path))
    Generation.objects.update(width=256)
    said = (
        "The form draws 128 by 128 pixels, and the earlier drawing has 256 by 128, which only the "
        "API draws."
    )
    assert said in html(page.get(path))
    assert said in html(page.post(path, {"prompt": ""}))  # the form is on the page again
    assert "which only the API draws" not in html(page.get("/draw"))
