"""All addresses of the project: their names, and what stands in them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

CONVERTERS = ("str", "uuid", "int", "path")


@dataclass(frozen=True, slots=True)
class Route:
    """One address: its name, and the names of its blanks."""

    name: str
    pattern: str
    blanks: tuple[str, ...]


def routes(
    patterns: list[URLPattern | URLResolver], space: str = "", start: str = "/"
) -> Iterator[Route]:
    for entry in patterns:
        path = start + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{entry.namespace}:" if entry.namespace else ""
            yield from routes(entry.url_patterns, space + inner, path)
        else:
            yield Route(f"{space}{entry.name}", path, tuple(entry.pattern.converters))


def addresses(route: Route, blanks: dict[str, list[str]]) -> Iterator[str]:
    """Fill the blanks of an address in every way."""
    pages = [route.pattern]
    for name in route.blanks:
        pages = [
            page.replace(f"<{converter}:{name}>", value)
            for page in pages
            for converter in CONVERTERS
            if f"<{converter}:{name}>" in page
            for value in blanks[name]
        ]
    yield from pages


ROUTES = {route.name: route for route in routes(get_resolver().url_patterns)}
