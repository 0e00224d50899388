"""Nothing private leaks: every address of the project, tried with a private thing.

Each route must be classified here; a new one fails the test until somebody has thought about it.
"""

import re
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image as Picture

from accounts.models import Token, User, issue_token
from generation import sharing, sheets, withholding
from generation.models import Generation, Sheet, StandardSheet
from generation.prompts import queue_generation
from generation.provenance import personalised_png
from generation.sheets import queue_doses_by_seeds
from registry import aliases, blending, blobs, formats, publishing, takedowns
from registry.models import Aesthetic, JobState, Verification, Version
from tests import factories
from tests.addresses import ROUTES, addresses
from tests.answers import Answer
from tests.naming_calls import calls_naming

# Things of one person, hidden from all others. Tried with everything that is private.
OF_ONE = {
    "registry:aesthetic", "registry:edit", "registry:delete", "registry:images",
    "registry:upload", "registry:remove_image", "registry:build", "registry:build_status",
    "registry:cancel_build", "registry:publish", "registry:withdraw", "registry:version",
    "registry:thumbnail", "registry:move_alias", "registry:import_into",
    "registry:check", "registry:drop", "registry:put_back", "registry:difference",
    "registry:lineage", "registry:origins", "registry:state_origin", "registry:move_image",
    "registry:reproduced", "registry:verify", "registry:cancel_verification",
    "generation:drawing", "generation:status", "generation:cancel", "generation:picture",
    "generation:share", "generation:unshare", "generation:remove", "generation:put_back",
    "generation:of_look", "generation:newest_of_look",
    "generation:standard_of_look", "generation:standard_picture",
    "generation:sheet", "generation:sheet_status", "generation:cancel_sheet",
    "generation:share_sheet", "generation:unshare_sheet", "generation:remove_sheet",
    "generation:put_back_sheet",
    "accounts:revoke_token",
    "api:aesthetic", "api:images", "api:image", "api:builds", "api:versions", "api:version",
    "api:quality", "api:version_difference",
    "api:yank", "api:neighbours", "api:lineage", "api:manifest", "api:recipe", "api:file",
    "api:blob", "api:origin",
    "api:by_hash", "api:aliases", "api:alias", "api:alias_moves", "api:job", "api:generation",
    "api:generation_picture", "api:generation_share", "api:put_back_generation",
    "api:shared_generations", "api:sheet", "api:cancel_sheet", "api:put_back_sheet",
    "api:sheet_share", "api:shared_sheets", "api:standard_sheet", "api:standard_sheet_picture",
    "api:verify", "api:verification",
    "clients:model", "clients:model_revision", "clients:model_tree", "clients:resolve",
    "clients:manifest", "clients:blob", "clients:tags",
}  # fmt: skip

# Answers that list things: what is private must not be among them.
LISTS = {
    "registry:browse", "registry:owner", "registry:by_hash", "api:by_hashes",
    "registry:blend", "registry:notices",
    "generation:drawings", "generation:draw", "generation:removed",
    "generation:compare", "generation:sheets", "generation:new_sheet",
    "accounts:tokens", "api:aesthetics", "api:generations", "generation:dose", "api:dose",
    "api:agreement", "api:prompt_embeds", "api:sheets", "api:doses_sheet", "api:looks_sheet",
    "api:removed_sheets", "api:removed_generations", "api:notices",
}  # fmt: skip

# Those of them that answer a body alone; `calls_naming` has bodies for each.
ANSWER_BODIES = {
    "api:by_hashes", "api:dose", "api:agreement", "api:prompt_embeds", "api:doses_sheet",
    "api:looks_sheet", "generation:dose",
}  # fmt: skip

# The same for everybody, or about the visitor alone.
OF_ALL = {
    "hub:about", "hub:problem", "hub:live", "hub:ready", "hub:docs", "registry:create",
    "hub:favicon", "without_slash", "api:root", "api:openapi", "api:unknown", "generation:read",
    "api:picture_info", "clients:distribution", "clients:pull_token", "clients:no_repository",
    "registry:import", "api:imports", "api:blends", "registry:mark_notices_read",
    "api:mark_notices_read",
}  # fmt: skip

# What shows a drawing to everybody once it is shared.
OF_SHARED = {
    "generation:drawing", "generation:picture", "api:generation", "api:generation_picture",
}  # fmt: skip

# And what shows a sheet.
OF_SHARED_SHEET = {"generation:sheet", "api:sheet"}

# Others' code: allauth knows the visitor only; the admin's site asks for a staff member.
OF_OTHERS = ("account_", "admin:")

ASKED_TO_LOG_IN = 302
REFUSED = {401, 404, 405}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Hidden:
    """Something of ada that nobody else may know of, and what could stand in an address of it."""

    slug: str
    blanks: dict[str, list[str]]


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada")


def hidden_version(version: Version) -> Hidden:
    """Return all names of a version, and of its aesthetic, pictures and files."""
    members = version.members.select_related("image").order_by("cover_rank")
    cover, *_, other = [member.image.digest for member in members]
    file = version.files.all()[0]
    facts = [version.version_digest, version.vector_digest, version.recipe_digest]
    return Hidden(
        version.aesthetic.slug,
        {
            "owner": ["ada"],
            "slug": [version.aesthetic.slug],
            "ref": ["v1", "latest", "secret-alias", version.version_digest],
            "alias": ["secret-alias"],
            "revision": [
                *("v1", "main", "secret-alias"),
                *(version.version_digest, version.version_digest[7:47]),
            ],
            "other": ["v1", str(version.pk)],
            "name": [file.name, cover.removeprefix("sha256:"), other.removeprefix("sha256:")],
            "digest": [cover, other, file.digest, *facts, version.image_set_digest],
            "pk": [str(version.pk), *(str(each.pk) for each in version.verifications.all())],
        },
    )


@pytest.fixture(params=["draft", "private", "deleted"])
def hidden(request: pytest.FixtureRequest, ada: User) -> Hidden:
    """An aesthetic of ada with a build, in one of the three ways in which it can be hidden."""
    aesthetic = factories.aesthetic(ada, "secret-look", title="Secret look", tags=["secret-tag"])
    if request.param == "draft":
        return hidden_version(factories.built(aesthetic))
    version = factories.published(aesthetic)
    factories.verified(version)
    Verification.objects.create(version=version)
    aliases.move_alias(aesthetic, "secret-alias", to=version, by=ada)
    if request.param == "private":
        Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    else:
        publishing.delete(aesthetic)
    return hidden_version(version)


@pytest.fixture
def drawing(ada: User) -> Generation:
    """A finished drawing of ada, with a public look of somebody else."""
    version = factories.shelved(factories.aesthetic(factories.person("eve"), "public-look"))
    made = queue_generation(ada, version=version, prompt="a secret boat")
    picture = blobs.ensure_blob(factories.picture(1))
    Generation.objects.filter(pk=made.pk).update(
        state=JobState.SUCCEEDED,
        checkpoint=picture,
        plain=picture,
        personalised=picture,
        agreement=[0.1, 0.2],
        drift=0.5,
    )
    return Generation.objects.get(pk=made.pk)


@pytest.fixture
def token(ada: User) -> Token:
    made, _ = issue_token(ada, name="secret token", scopes=["read"])
    return made


@pytest.fixture
def visitors(db: None) -> list[Client]:
    """Nobody in particular; a stranger on the pages; a stranger with a token."""
    bob = factories.person("bob")
    stranger = Client()
    stranger.force_login(bob)
    return [Client(), stranger, Client(headers=factories.bearer(bob))]


def is_refused(client: Client, path: str, method: str) -> bool:
    """Tell whether the answer is what it would be if there were nothing there."""
    response = client.generic(method, path)
    if response.status_code == ASKED_TO_LOG_IN:
        return response["Location"].startswith("/accounts/login/")
    return response.status_code in REFUSED


def test_every_route_is_classified() -> None:
    names = {name for name in ROUTES if not name.startswith(OF_OTHERS)}
    assert names == OF_ONE | LISTS | OF_ALL
    assert len(names) == len(OF_ONE) + len(LISTS) + len(OF_ALL)  # each is in one of them


def test_a_hidden_aesthetic_is_missing_at_every_address_and_nobody_changes_it(
    hidden: Hidden, visitors: list[Client]
) -> None:
    before = everything()
    for name in sorted(OF_ONE - {"accounts:revoke_token"}):
        refs = [
            *hidden.blanks["ref"],
            *hidden.blanks["pk"],
        ]  # a build has its own name to its owner
        for path in addresses(ROUTES[name], {**hidden.blanks, "ref": refs, "which": ["plain"]}):
            for client in visitors:
                for method in METHODS:
                    assert is_refused(client, path, method), (method, path)
    assert everything() == before


def everything() -> list[object]:
    return [
        *Aesthetic.objects.values(),
        *Version.objects.order_by("pk").values(),
        *Verification.objects.order_by("pk").values(),
    ]


def test_a_drawing_is_missing_for_others(drawing: Generation, visitors: list[Client]) -> None:
    assert_missing(drawing, visitors)


def test_a_drawing_that_was_taken_back_is_missing_again(
    drawing: Generation, visitors: list[Client]
) -> None:
    sharing.share(drawing)
    assert Generation.objects.unshare(drawing.pk)
    assert_missing(drawing, visitors)


def test_a_shared_drawing_that_was_removed_is_missing_again(
    drawing: Generation, visitors: list[Client]
) -> None:
    sharing.share(drawing)
    assert Generation.objects.remove(drawing.pk)
    assert_missing(drawing, visitors)


def test_what_a_keeper_took_back_is_missing_and_so_is_what_somebody_shared_who_left(
    drawing: Generation, sheet: Sheet, visitors: list[Client]
) -> None:
    sharing.share_sheet(sheet)
    User.objects.filter(pk=drawing.owner_id).update(is_active=False)
    assert_missing_sheet(sheet, visitors)
    assert_missing(drawing, visitors)
    User.objects.filter(pk=drawing.owner_id).update(is_active=True)
    assert withholding.withhold_sheet(sheet, reason="It shows somebody.")
    assert_missing_sheet(sheet, visitors)
    assert_missing(drawing, visitors)


@pytest.mark.parametrize("way", ["private", "deleted", "withdrawn", "taken down"])
def test_a_shared_drawing_is_missing_once_its_look_is_hidden(
    drawing: Generation, visitors: list[Client], way: str
) -> None:
    sharing.share(drawing)
    if way == "private":
        Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    elif way == "deleted":
        publishing.delete(drawing.aesthetic)
    elif way == "taken down":
        takedowns.take_down(drawing.version, reason="It was not eve's.")
    else:
        publishing.yank(drawing.version, reason="A picture was not mine.")
    assert_missing(drawing, visitors)
    for client in visitors:
        for path in ("/eve/public-look/drawings", "/eve/public-look/drawings/newest"):
            assert "secret boat" not in client.get(path).content.decode()


@pytest.mark.parametrize("way", ["private", "deleted"])
def test_who_drew_with_a_look_is_not_told_what_it_is_called_once_it_is_hidden(
    drawing: Generation, sheet: Sheet, ada: User, way: str
) -> None:
    """The name that they drew with stays theirs; the title of today is its owner's."""
    alone = queue_generation(ada, version=drawing.version, prompt="a boat of its own")
    removed = queue_generation(ada, version=drawing.version, prompt="a boat that sank")
    Generation.objects.remove(removed.pk)
    if way == "private":
        Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    else:
        publishing.delete(drawing.aesthetic)
    Aesthetic.objects.update(title="A secret of eve", card="A secret of eve", tags=["secret"])
    drawer = Client()
    drawer.force_login(ada)
    pks = [str(each.pk) for each in (drawing, alone, removed, sheet)]
    blanks = {"pk": pks, "which": ["plain"], "owner": ["eve"], "slug": ["public-look"]}
    blanks["ref"] = ["v1", "latest"]
    tried = [name for name in OF_ONE | LISTS if set(ROUTES[name].blanks) <= blanks.keys()]
    told = 0
    for client in (drawer, Client(headers=factories.bearer(ada))):
        for path in (path for name in tried for path in addresses(ROUTES[name], blanks)):
            content = client.get(path).content
            assert b"secret of eve" not in content, path
            told += b"eve/public-look" in content
    assert told >= 10
    assert "eve/public-look" in drawer.get("/drawings").content.decode()


def assert_missing(drawing: Generation, visitors: list[Client]) -> None:
    """Try every address of a drawing in every way; nothing may answer, and nothing change."""
    blanks = blanks_of(drawing)
    before = list(Generation.objects.values())
    tried = [name for name in sorted(OF_ONE) if set(ROUTES[name].blanks) <= blanks.keys()]
    assert len(tried) >= 14
    for path in (path for name in tried for path in addresses(ROUTES[name], blanks)):
        for client in visitors:
            for method in METHODS:
                assert is_refused(client, path, method), (method, path)
    assert list(Generation.objects.values()) == before


def blanks_of(drawing: Generation) -> dict[str, list[str]]:
    return {
        "pk": [str(drawing.pk)],
        "which": ["plain", "personalised"],
        "digest": [drawing.plain],
    }


def test_a_shared_drawing_is_shown_to_everybody_and_changed_by_nobody_else(
    drawing: Generation, visitors: list[Client]
) -> None:
    """Or the walks above would prove nothing; what tells of its work stays its owner's."""
    sharing.share(drawing)
    before = list(Generation.objects.values())
    blanks = blanks_of(drawing)
    tried = [name for name in sorted(OF_ONE) if set(ROUTES[name].blanks) <= blanks.keys()]
    for name, client in product(tried, visitors):
        for path, method in product(addresses(ROUTES[name], blanks), METHODS):
            answer = client.generic(method, path)
            if name in OF_SHARED and method == "GET":
                assert answer.status_code == 200, (method, path)
            else:
                assert is_refused(client, path, method) or answer.status_code == 403, (method, path)
    assert list(Generation.objects.values()) == before


def test_a_sheet_is_missing_for_others(drawing: Generation, visitors: list[Client]) -> None:
    sheet = queue_doses_by_seeds(
        drawing.owner, version=drawing.version, prompt="a secret boat", steps=[0], seeds=[1]
    )
    assert_missing_sheet(sheet, visitors)
    for path in ("/sheets", "/api/v1/sheets"):
        assert all(str(sheet.pk) not in client.get(path).content.decode() for client in visitors)


def assert_missing_sheet(sheet: Sheet, visitors: list[Client]) -> None:
    names = [name for name in sorted(OF_ONE) if "sheet" in name and ROUTES[name].blanks == ("pk",)]
    assert len(names) == 11
    before = [*Sheet.objects.values(), *sheet.cells.values()]
    for name, client, method in product(names, visitors, METHODS):
        for path in addresses(ROUTES[name], {"pk": [str(sheet.pk)]}):
            assert is_refused(client, path, method), (method, path)
    assert [*Sheet.objects.values(), *sheet.cells.values()] == before
    for client, path in product(visitors, ("/eve/public-look/drawings", LOOKS_SHEETS)):
        assert str(sheet.pk) not in client.get(path).content.decode()


LOOKS_SHEETS = "/api/v1/aesthetics/eve/public-look/sheets"


@pytest.fixture
def sheet(drawing: Generation) -> Sheet:
    """A sheet of ada's with the finished drawing as its only cell."""
    made = Sheet.objects.create(
        owner=drawing.owner, kind="doses", rows=["a secret row"], columns=["seed 1"]
    )
    Generation.objects.filter(pk=drawing.pk).update(sheet=made, row=0, column=0)
    return made


def test_a_finished_sheet_is_missing_for_others(
    drawing: Generation, sheet: Sheet, visitors: list[Client]
) -> None:
    assert_missing_sheet(sheet, visitors)


def test_a_sheet_that_was_taken_back_is_missing_again(
    drawing: Generation, sheet: Sheet, visitors: list[Client]
) -> None:
    sharing.share_sheet(sheet)
    assert sharing.unshare_sheet(sheet)
    assert_missing_sheet(sheet, visitors)
    assert_missing(drawing, visitors)


def test_a_shared_sheet_that_was_removed_is_missing_again(
    drawing: Generation, sheet: Sheet, visitors: list[Client]
) -> None:
    sharing.share_sheet(sheet)
    assert sheets.remove(sheet)
    assert_missing_sheet(sheet, visitors)
    assert_missing(drawing, visitors)


@pytest.mark.parametrize("way", ["private", "deleted", "withdrawn"])
def test_a_shared_sheet_is_missing_once_its_look_is_hidden(
    drawing: Generation, sheet: Sheet, visitors: list[Client], way: str
) -> None:
    sharing.share_sheet(sheet)
    if way == "private":
        Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    elif way == "deleted":
        publishing.delete(drawing.aesthetic)
    else:
        publishing.yank(drawing.version, reason="A picture was not mine.")
    assert_missing_sheet(sheet, visitors)
    assert_missing(drawing, visitors)


def test_a_shared_sheet_is_shown_to_everybody_and_changed_by_nobody_else(
    drawing: Generation, sheet: Sheet, visitors: list[Client]
) -> None:
    """Or the walks above would prove nothing."""
    sharing.share_sheet(sheet)
    before = [*Sheet.objects.values(), *Generation.objects.values()]
    names = [name for name in sorted(OF_ONE) if "sheet" in name and ROUTES[name].blanks == ("pk",)]
    for name, client, method in product(names, visitors, METHODS):
        for path in addresses(ROUTES[name], {"pk": [str(sheet.pk)]}):
            answer = client.generic(method, path)
            if name in OF_SHARED_SHEET and method == "GET":
                assert answer.status_code == 200, (method, path)
            else:
                assert is_refused(client, path, method) or answer.status_code == 403, (method, path)
    assert [*Sheet.objects.values(), *Generation.objects.values()] == before
    for client, path in product(visitors, ("/eve/public-look/drawings", LOOKS_SHEETS)):
        assert str(sheet.pk) in client.get(path).content.decode()


def standard_sheet(of: Version) -> StandardSheet:
    """A finished standard sheet, as a worker leaves it."""
    digest = blobs.ensure_blob(factories.picture(2))
    cell = {"prompt": "a boat", "seed": 1, "steps": 0, "digest": digest}
    return StandardSheet.objects.create(
        version=of, checkpoint=digest, state=JobState.SUCCEEDED, cells=[cell], picture=digest
    )


def test_the_standard_sheet_of_a_hidden_look_is_missing_like_the_look(
    hidden: Hidden, visitors: list[Client]
) -> None:
    made = standard_sheet(Version.objects.get(pk=hidden.blanks["pk"][0]))
    blanks = {**hidden.blanks, "digest": [made.picture]}
    there = [name for name in sorted(OF_ONE) if "standard" in name]
    assert len(there) == 4
    for name, client in product(there, visitors):
        for path in addresses(ROUTES[name], blanks):
            answer = client.get(path)
            assert answer.status_code == 404, path
            nowhere = client.get(path.replace(hidden.slug, "nothing"))
            assert said(answer, path) == said(nowhere, path.replace(hidden.slug, "nothing"))


def said(answer: Answer, path: str = "") -> str:
    """Return what is said, but for the address itself and the form's token."""
    text = answer.content.decode().replace(path, "")
    return re.sub(r"csrf[^>]*>|X-CSRFToken[^}]*}", "", text)


def test_a_standard_sheet_shows_its_own_pictures_alone(
    drawing: Generation, visitors: list[Client]
) -> None:
    """Not what else is stored; and that it shows them is why the walk above proves anything."""
    made = standard_sheet(drawing.version)
    start = "/api/v1/aesthetics/eve/public-look/versions/v1/standard-sheet"
    for client in visitors:
        assert client.get(start).status_code == 200
        assert client.get(f"{start}/pictures/{made.picture}").status_code == 200
        assert client.get(f"{start}/pictures/{drawing.plain}").status_code == 404


def test_a_token_is_missing_for_others(token: Token, visitors: list[Client]) -> None:
    for path in addresses(ROUTES["accounts:revoke_token"], {"pk": [str(token.pk)]}):
        for client in visitors:
            assert is_refused(client, path, "POST")
    token.refresh_from_db()
    assert not token.is_revoked


def test_what_a_verification_found_of_pictures_is_its_owners(
    ada: User, visitors: list[Client]
) -> None:
    """Of a look that everybody sees; nor does anybody else see the work, ask for it or end it."""
    version = factories.published(factories.aesthetic(ada, "public-look"))
    found = factories.verified(version, verdict="deviates", deviates_at="image")
    images = [member.image for member in version.members.select_related("image")]
    for image in images:
        found.remeasurements.create(image=image, is_equal=False)
    waiting = Verification.objects.create(version=version)
    blanks = {**hidden_version(version).blanks, "ref": ["v1"]}
    digests = [image.digest for image in images]
    before = everything()
    for name in ("registry:version", "registry:reproduced", "api:verify", "api:verification"):
        for path, client in product(addresses(ROUTES[name], blanks), visitors):
            content = client.get(path).content.decode()
            assert not [secret for secret in (*digests, "are gone") if secret in content], path
            assert str(waiting.pk) not in content.replace(path, "")
    for name in ("registry:verify", "registry:cancel_verification", "api:verify", "api:job"):
        for path, client in product(addresses(ROUTES[name], blanks), visitors):
            for method in ("POST", "DELETE"):
                answer = client.generic(method, path)
                refused = is_refused(client, path, method)
                assert refused or answer.status_code == 403, (method, path)
    assert everything() == before


def test_no_list_and_no_search_shows_what_is_hidden(
    hidden: Hidden, drawing: Generation, token: Token, visitors: list[Client]
) -> None:
    secrets = ["ecret look", hidden.slug, "secret-tag", "secret boat", "secret token"]
    secrets.append("secret-alias")
    queries: tuple[dict[str, str], ...] = (
        {},
        {"q": "look"},
        {"owner": "ada"},
        {"sort": "title"},
        {"tag": "x"},
    )
    walked = LISTS - ANSWER_BODIES
    for path in (path for name in walked for path in addresses(ROUTES[name], hidden.blanks)):
        answers = {}
        for client, query in product(visitors, queries):
            answer = client.get(path, query)
            answers[answer.status_code] = answer
            content = answer.content.decode()
            assert not [secret for secret in secrets if secret in content], (path, query)
        assert 200 in answers, path  # or there was nothing that could have told
        assert 405 not in answers, path


def test_no_call_that_names_what_is_hidden_is_answered_otherwise_than_one_that_names_nothing(
    hidden: Hidden, drawing: Generation, visitors: list[Client]
) -> None:
    digest = hidden.blanks["ref"][-1]
    ref = f"ada/{hidden.slug}"
    refs = [ref, f"{ref}@v1", f"{ref}@secret-alias", f"{ref}@{digest}", "Secret look", digest]
    before = [kind.objects.count() for kind in (Generation, Sheet, Version)]
    for client, named in product(visitors, refs):
        for asked, instead in zip(calls_naming(named), calls_naming(absent(named)), strict=True):
            answer, nothing = asked.send(client), instead.send(client)
            assert answer.status_code == nothing.status_code, asked
            assert absent(said(answer)) == absent(said(nothing)), asked
    assert [kind.objects.count() for kind in (Generation, Sheet, Version)] == before


def absent(text: str) -> str:
    """Put names that nothing ever had in the place of those of hidden things."""
    text = text.replace("secret-look", "absent-look").replace("Secret look", "Absent look")
    return re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", text)


def test_each_of_these_calls_is_answered_for_a_look_that_everybody_sees(
    drawing: Generation, visitors: list[Client], broker: str
) -> None:
    """Or the walk above would prove nothing."""
    eve = drawing.version.aesthetic.owner
    other = factories.shelved(factories.aesthetic(eve, "secret-look", title="Secret look"))
    _, stranger, program = visitors
    told = set()
    for named in ("eve/secret-look", other.version_digest):
        for asked, instead in zip(calls_naming(named), calls_naming(absent(named)), strict=True):
            client = program if asked.is_of_api else stranger
            answer, nothing = asked.send(client), instead.send(client)
            if absent(said(answer)) != absent(said(nothing)):
                told.add(repr(asked).replace(named, "…"))
    assert told == {repr(asked) for asked in calls_naming("…")}
    assert {asked.route for asked in calls_naming("…")} >= ANSWER_BODIES


def test_no_hash_and_no_file_leads_to_what_is_hidden(
    hidden: Hidden, visitors: list[Client]
) -> None:
    version = Version.objects.get(pk=hidden.blanks["pk"][0])
    data = formats.write_npy(np.array(version.vector, dtype=np.float32))
    asked = {"digests": [*hidden.blanks["digest"], *hidden.blanks["name"]]}
    for client in visitors:
        answer = client.post("/api/v1/by-hash", asked, "application/json")
        assert set(answer.json()["items"]) == {None}
        for digest in asked["digests"]:
            page = client.get("/by-hash", {"hash": digest}).content.decode()
            assert "Nothing here has this name." in page
        found = client.post("/api/v1/by-hash", {"file": factories.upload("x.npy", data)}).json()
        assert (found["file"], found["vector"], found["nearest"]) == (None, None, [])
        page = client.post("/by-hash", {"file": factories.upload("x.npy", data)}).content.decode()
        assert "Neither x.npy nor its vector is here." in page
        assert hidden.slug not in page


def test_nothing_hidden_is_near_to_what_is_public(
    hidden: Hidden, drawing: Generation, visitors: list[Client]
) -> None:
    for path in ("/eve/public-look", "/api/v1/aesthetics/eve/public-look/versions/v1/neighbours"):
        for client in visitors:
            response = client.get(path)
            assert response.status_code == 200
            assert hidden.slug not in response.content.decode()


def test_a_hidden_look_cannot_be_drawn_with(hidden: Hidden, visitors: list[Client]) -> None:
    """Nor does the page of a drawing show its title."""
    _, stranger, program = visitors
    ref = f"ada/{hidden.slug}"
    page = stranger.get("/draw", {"aesthetic": ref}).content.decode()
    assert "Secret look" not in page
    asked = stranger.post("/draw", {"aesthetic": ref, "prompt": "a boat"})
    assert asked.status_code == 200
    answer = program.post(
        "/api/v1/generations", {"aesthetic": ref, "prompt": "a boat"}, "application/json"
    )
    assert answer.status_code in {404, 422}
    assert not Generation.objects.exists()


def test_a_picture_drawn_in_a_hidden_look_does_not_lead_to_it(
    hidden: Hidden, visitors: list[Client]
) -> None:
    """Whoever was sent such a picture may read what it says itself, and no more."""
    version = Version.objects.get(pk=hidden.blanks["pk"][0])
    made = Generation(version=version, prompt="a boat", seed=1, width=128, height=128)
    made.checkpoint = version.vector_digest
    made.steps, made.rate, made.weight, made.sampling_steps, made.guidance = 2, 0.1, 1.0, 2, 4.0
    data = personalised_png(made, Picture.new("RGB", (8, 8)))
    for client in visitors:
        page = client.post("/drawings/read", {"file": factories.upload("boat.png", data)})
        assert "Secret look" not in page.content.decode()
        assert "The look is not in this hub." in " ".join(page.content.decode().split())
        answer = client.post("/api/v1/picture-info", {"file": factories.upload("boat.png", data)})
        assert answer.json()["look"]["version"] is None
        assert answer.json()["drawing"] is None


def test_the_admin_is_for_its_keepers(hidden: Hidden, visitors: list[Client]) -> None:
    paths = [
        "/admin/",
        "/admin/registry/aesthetic/",
        "/admin/registry/version/",
        f"/admin/registry/version/{hidden.blanks['pk'][0]}/change/",
        "/admin/accounts/user/",
        "/admin/accounts/token/",
        "/admin/generation/generation/",
        "/admin/generation/sheet/",
    ]
    for path in paths:
        for client in visitors:
            response = client.get(path)
            assert response.status_code == ASKED_TO_LOG_IN
            assert response["Location"].startswith("/admin/login/")


def test_its_owner_finds_it(ada: User) -> None:
    """Or all of the above would prove nothing."""
    aesthetic = factories.aesthetic(ada, "secret-look", title="Secret look")
    found = hidden_version(factories.published(aesthetic))
    version = Version.objects.get(pk=found.blanks["pk"][0])
    aliases.move_alias(aesthetic, "secret-alias", to=version, by=ada)
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    client = Client()
    client.force_login(ada)
    for name in (
        "registry:aesthetic", "registry:images", "registry:version", "registry:check",
        "registry:difference", "api:manifest", "api:quality", "api:version_difference", "api:alias",
    ):  # fmt: skip
        for path in addresses(ROUTES[name], found.blanks):
            assert client.get(path).status_code == 200
    assert "Secret look" in client.get("/ada").content.decode()


def test_nothing_hidden_is_blended_and_no_family_tells_of_it(
    hidden: Hidden, visitors: list[Client]
) -> None:
    """A public parent shows no hidden child, neither its owner's draft nor what became private."""
    eve = factories.person("eve")
    looks = [factories.shelved(factories.aesthetic(eve, slug)) for slug in ("one", "two")]
    version = Version.objects.select_related("aesthetic__owner").get(pk=hidden.blanks["pk"][0])
    if version.aesthetic.deleted_at is None:
        order = blending.Order("weighted-mean", [(look, None) for look in looks])
        child = blending.blend_into(version.aesthetic, blending.examine(order)).version
        if version.is_published:
            Version.objects.filter(pk=child.pk).update(number=7, published_at=timezone.now())
    for client in visitors:
        for path in ("/eve/one", "/eve/one/versions/v1/lineage"):
            page = client.get(path).content.decode()
            assert hidden.slug not in page
            assert ("Nothing yet." in page) if path.endswith("lineage") else "Made of" not in page
        path = "/api/v1/aesthetics/eve/one/versions/v1/lineage?direction=children&depth=8"
        answer = client.get(path)
        assert answer.json() == {"items": [], "next": None, "previous": None}


def test_a_hidden_look_is_not_blended_by_name_nor_by_digest(
    hidden: Hidden, visitors: list[Client]
) -> None:
    public = factories.shelved(factories.aesthetic(factories.person("eve"), "public-look"))
    _, stranger, program = visitors
    for ref in (f"ada/{hidden.slug}", f"ada/{hidden.slug}@v1", hidden.blanks["ref"][3]):
        looks = f"eve/public-look\n{ref}"
        page = stranger.get("/new/blend", {"looks": looks, "operation": "difference"})
        assert "is no published look" in page.content.decode()
        assert "Secret look" not in page.content.decode()
        chosen = [{"version": str(public)}, {"version": ref}]
        asked = {"operation": "difference", "slug": "mine", "title": "Mine", "looks": chosen}
        answer = program.post("/api/v1/blends", asked, "application/json")
        assert answer.status_code == 422
        assert "There is no version" in answer.content.decode()
    assert not Aesthetic.objects.filter(slug="mine").exists()
