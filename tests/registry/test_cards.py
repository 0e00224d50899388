"""The Markdown of cards: what it becomes, and that no card costs much more than its text."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from registry import cards, formats
from registry.models import Aesthetic
from tests import factories
from tests.answers import errors
from tests.registry.made_files import a_vector

SHORT_ROWS = "\n".join(["|a" * 181, "|-" * 181, *["a"] * 355])
TABLES = "\n\n".join([SHORT_ROWS] * 13)  # in the HTML 835,000 cells
LINKS = f"[a]: https://example.org/{'b' * 10_000}\n\n{'[a]' * 3_000}"  # in the HTML 30 MB
COSTLY = {"tables": TABLES, "links": LINKS}


def test_the_costly_cards_are_no_longer_than_a_card_may_be() -> None:
    assert all(len(card) < 20_000 for card in COSTLY.values())


def test_tables_are_tables_and_short_rows_are_filled_up() -> None:
    html = cards.to_html("| a | b |\n|---|---|\n| 1 |\n| 2 | 3 | 4 |\n\n> |c|\n> |-|\n> |5|\n")
    assert html.count("<table>") == 2
    assert (html.count("<th>"), html.count("<td>")) == (3, 5)


def test_a_large_table_that_is_filled_in_fits() -> None:
    rows = ["| 1 " * 20] * 240
    card = "\n".join(["| a " * 20, "|---" * 20, *rows])
    assert len(card) > 19_000
    cards.check(card)
    assert cards.to_html(card).count("<td>") == 20 * 240


def test_many_small_tables_fit() -> None:
    card = "\n\n".join(["|a|b|\n|-|-|\n|1|2|"] * 800)
    cards.check(card)
    assert cards.to_html(card).count("<table>") == 800


@pytest.mark.parametrize("where", ["", "> ", "- "])
def test_the_cells_of_all_tables_are_counted_wherever_they_stand(where: str) -> None:
    indent = where.replace("-", " ")
    table = where + f"\n{indent}".join(["|a" * 30, "|-" * 30, *["a"] * 99])  # 3,000 cells
    cards.check(table)
    with pytest.raises(cards.CardRefused, match="more than 5,000 cells"):
        cards.check(f"{table}\n\ntext\n\n{table}")


def test_a_few_links_to_one_long_address_fit() -> None:
    cards.check(f"[a]: https://example.org/{'b' * 500}\n\n{'[a] ' * 100}")


@pytest.mark.parametrize("card", COSTLY.values(), ids=COSTLY)
def test_a_costly_card_is_refused_in_a_sentence(draft: Aesthetic, card: str) -> None:
    draft.card = card
    with pytest.raises(ValidationError) as caught:
        draft.full_clean()
    (sentence,) = caught.value.message_dict["card"]
    assert "are the most" in sentence or "make them smaller" in sentence


def test_a_card_that_is_too_long_is_refused_whoever_sends_it(
    client: Client, draft: Aesthetic
) -> None:
    draft.card = "a" * 20_000
    draft.full_clean()
    draft.card += "a"
    with pytest.raises(ValidationError, match="at most 20,000 characters; this has 20,001"):
        draft.full_clean()
    body = {
        "file": factories.upload("x.npy", formats.write_npy(a_vector())),
        "space": factories.space().name,
        "slug": "fantasy",
        "title": "Fantasy",
        "card": draft.card,
    }
    answer = client.post("/api/v1/imports", body, headers=factories.bearer(draft.owner))
    assert errors(answer) == {"/card": "max_length"}


def test_the_api_refuses_it_at_its_field(client: Client, draft: Aesthetic) -> None:
    answer = client.patch(
        f"/api/v1/aesthetics/{draft.ref}",
        {"card": TABLES},
        "application/json",
        headers=factories.bearer(draft.owner),
    )
    assert errors(answer) == {"/card": "costly-card"}


@pytest.mark.parametrize("card", COSTLY.values(), ids=COSTLY)
def test_one_that_was_stored_before_is_shown_as_it_was_typed(
    client: Client, draft: Aesthetic, card: str
) -> None:
    factories.shelved(draft)
    Aesthetic.objects.filter(pk=draft.pk).update(card=f"<b>&\n\n{card}")
    page = client.get(f"/{draft.ref}").content.decode()
    assert f"<pre>&lt;b&gt;&amp;\n\n{card[:1_000]}" in page
    assert len(page) < 100_000
