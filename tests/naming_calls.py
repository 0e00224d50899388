"""Calls that name a look otherwise than in their path: in a body, or in a query."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests.addresses import ROUTES
from tests.answers import Answer

PUBLIC = "eve/public-look"  # what a look is mixed or blended with


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the address `route`; the API gets its body as JSON, a page as a form."""

    route: str
    body: dict[str, Any]
    method: str = "POST"
    query: str = ""

    @property
    def is_of_api(self) -> bool:
        return self.route.startswith("api:")

    def send(self, client: Client) -> Answer:
        path = ROUTES[self.route].pattern + self.query
        if self.method == "GET":
            return client.get(path, self.body)
        if self.is_of_api:
            return client.post(path, self.body, "application/json")
        return client.post(path, self.body)


def calls_naming(ref: str) -> list[Call]:
    """Return every such call, with the look `ref` alone and beside another wherever both can be."""
    return [*_of_api(ref), *_of_pages(ref)]


def _of_api(ref: str) -> list[Call]:
    mixed = {"aesthetic": PUBLIC, "others": [{"aesthetic": ref, "weight": 0.5}]}
    looks = [{"version": PUBLIC}, {"version": ref}]
    named = [{**each, "prompt": "a boat"} for each in ({"aesthetic": ref}, mixed)]
    asking = ("api:generations", "api:dose", "api:agreement", "api:prompt_embeds")
    return [
        *(Call(route, body) for route in asking for body in named),
        *(Call("api:doses_sheet", {**body, "steps": [0], "seeds": [1]}) for body in named),
        Call("api:looks_sheet", {"aesthetics": [PUBLIC, ref], "prompts": ["a boat"]}),
        Call("api:by_hashes", {"digests": [ref]}),
        Call("api:blends", {"operation": "difference", "looks": looks}, query="?dry_run=true"),
    ]


def _of_pages(ref: str) -> list[Call]:
    mixed = {"aesthetic": PUBLIC, "others": f"{ref} 0.5"}
    named = [{**each, "prompt": "a boat"} for each in ({"aesthetic": ref}, mixed)]
    doses = {**named[0], "steps": "0", "pictures": "1"}
    looks = {"aesthetics": f"{PUBLIC}\n{ref}", "prompts": "a boat"}
    blend = {"looks": f"{PUBLIC}\n{ref}", "operation": "difference"}
    return [
        *(Call(route, body) for route in ("generation:draw", "generation:dose") for body in named),
        Call("generation:draw", {"aesthetic": ref}, "GET"),
        Call("generation:new_sheet", doses, query="?kind=doses"),
        Call("generation:new_sheet", looks, query="?kind=looks"),
        Call("generation:compare", {"look": [PUBLIC, ref]}, "GET"),
        Call("registry:by_hash", {"hash": ref}, "GET"),
        Call("registry:blend", blend),
        Call("registry:blend", blend, "GET"),
    ]
