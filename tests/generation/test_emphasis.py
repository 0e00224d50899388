"""Emphasis is read as the web UIs read it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.emphasis import EmphasisRefused, spans


def read(prompt: str) -> list[tuple[str, float]]:
    return [(span.text, round(span.weight, 6)) for span in spans(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", [("", 1.0)]),
        ("a cat", [("a cat", 1.0)]),
        ("a (red) cat", [("a ", 1.0), ("red", 1.1), (" cat", 1.0)]),
        ("a ((red)) cat", [("a ", 1.0), ("red", 1.21), (" cat", 1.0)]),
        ("a (red:1.5) cat", [("a ", 1.0), ("red", 1.5), (" cat", 1.0)]),
        ("(red: .5 )", [("red", 0.5)]),
        ("(red:-1)", [("red", -1.0)]),
        ("[far] hills", [("far", 0.909091), (" hills", 1.0)]),
        ("((a:2) b:3)", [("a", 6.0), (" b", 3.0)]),
        ("[(a:2)]", [("a", 1.818182)]),
        (r"a \(red\) cat", [("a (red) cat", 1.0)]),
        (r"\\ \x", [("\\ \\x", 1.0)]),
        ("at 10:30", [("at 10:30", 1.0)]),
        ("noon:1.5) sun", [("noon:1.5) sun", 1.0)]),
        ("a cat)", [("a cat)", 1.0)]),
        ("a [cat)", [("a ", 1.0), ("cat)", 0.909091)]),
        ("a (red cat", [("a ", 1.0), ("red cat", 1.1)]),
        ("(a)(b)", [("ab", 1.1)]),
    ],
)
def test_a_prompt_is_cut_where_its_emphasis_changes(
    prompt: str, expected: list[tuple[str, float]]
) -> None:
    assert read(prompt) == expected


@given(st.text(alphabet="ab ():[]\\.1", max_size=40))
def test_no_prompt_is_too_odd_and_no_word_is_lost(prompt: str) -> None:
    found = spans(prompt)
    assert len(found) >= 1
    said = "".join(span.text for span in found)
    assert [letter for letter in said if letter in "ab"] == [
        letter for letter in prompt if letter in "ab"
    ]
    assert all(one.weight != two.weight for one, two in pairwise(found))


@given(st.text(max_size=60))
def test_escaping_keeps_a_prompt_as_it_is(prompt: str) -> None:
    escaped = "".join(f"\\{letter}" if letter in "()[]\\" else letter for letter in prompt)
    assert read(escaped) == [(prompt, 1.0)]


@pytest.mark.parametrize("prompt", ["(cat:101)", f"((cat:{'9' * 310}):0)"])
def test_a_weight_that_no_encoder_can_read_is_refused(prompt: str) -> None:
    with pytest.raises(EmphasisRefused, match="cat"):
        spans(prompt)
