"""Texts of a picture's file that are longer than the link to the form."""

import pytest
from django.test import Client

from tests.generation.test_retracing import html, left_out, show, web_ui


@pytest.mark.django_db
def test_a_text_that_is_too_long_for_the_link_is_shown_whole_and_can_be_copied(
    client: Client,
) -> None:
    text = "夜" * 300
    said = f"Aesthetic embedding: x, Aesthetic text: {text}, Steps: 20"
    answer = show(client, web_ui(f"\n{said}"))
    assert "is turned to is too long for a link; copy it from here." in left_out(answer)
    assert f"to “{text}” by" in html(answer)
    assert f'data-copy="{text}"' in html(answer)
