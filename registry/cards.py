"""The Markdown of a card to safe HTML: SPEC section 5, text.

What a card costs is bound to its text. Two things are written once in Markdown and stand many times
in its HTML: the head of a table, whose short rows are filled up with empty cells, and the address
of a link that others name. A card with more of them than anybody writes is refused.
"""

from functools import cache
from itertools import takewhile

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.token import Token

TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul", "del",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto"}

MOST_CELLS = 5_000  # of all tables; as many as "| 1 " has in a card of 20,000 characters
MOST_ADDRESSES = 100_000  # characters of the addresses of all links, as they stand in the HTML

CELLS = "cells"  # where markdown-it keeps, for each text, how many there are so far


class CardRefused(Exception):
    """A card that would cost much more than its text; the text says why, in a sentence."""


def to_html(card: str) -> SafeString:
    """Return the card as HTML: no raw HTML, no pictures, no scripts, links that leave safely.

    One that `check` refuses, and that was stored before it did, is shown as it was typed.
    """
    try:
        html = _markdown().renderer.render(_parsed(card), _markdown().options, {})
    except CardRefused:
        html = f"<pre>{escape(card)}</pre>"
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer ugc",
    )
    return mark_safe(clean)  # noqa: S308 (nh3 has just cleaned it)


def check(card: str) -> None:
    """Raise CardRefused for a card whose HTML would be much more than its text."""
    _parsed(card)


def _parsed(card: str) -> list[Token]:
    tokens = _markdown().parse(card, {CELLS: 0})
    inline = (child for token in tokens for child in token.children or ())
    addresses = sum(len(str(value)) for child in inline for value in child.attrs.values())
    if addresses > MOST_ADDRESSES:
        raise CardRefused(
            f"The addresses of the links have {addresses:,} characters in all, and"
            f" {MOST_ADDRESSES:,} are the most; use fewer links, or shorter ones."
        )
    return tokens


def _counted_table(state: StateBlock, start: int, end: int, silent: int) -> bool:
    """Count a table's cells before they are made, those that fill up its rows too.

    `silent` asks whether a table begins here, and for nothing more.
    """
    is_table = table(state, start, end, silent=True)
    if silent or not is_table:
        return is_table
    rows = takewhile(lambda line: not state.isEmpty(line), range(start + 2, end))
    # The line below the head has no empty columns but before the first and after the last bar.
    rule = state.src[state.bMarks[start + 1] + state.tShift[start + 1] : state.eMarks[start + 1]]
    columns = rule.strip().strip("|").count("|") + 1
    state.env[CELLS] += columns * (1 + len(list(rows)))
    if state.env[CELLS] > MOST_CELLS:
        raise CardRefused(
            f"The tables have more than {MOST_CELLS:,} cells in all, with the empty ones that fill"
            " up short rows; make them smaller."
        )
    return table(state, start, end, silent=False)


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.block.ruler.at("table", _counted_table, {"alt": ["paragraph", "reference"]})
    return markdown
