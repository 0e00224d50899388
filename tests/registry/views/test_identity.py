"""Pages of identity: import, look a file up, move an alias, say what to take instead."""

import re
from uuid import uuid4

import numpy as np
import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from registry import formats
from registry.aliases import move_alias
from registry.models import Aesthetic, Alias, Version
from registry.models.aliases import MOVES_SHOWN
from registry.views.browse import ALIASES_SHOWN, VERSIONS_SHOWN
from tests import factories
from tests.registry.made_files import a_vector, saved

DATA = saved(torch.from_numpy(a_vector()).reshape(1, 768))
ONE = "/ada/sea-mist"


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def words(client: Client, path: str, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def a_file(data: bytes = DATA, name: str = "fantasy.pt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def form(**said: object) -> dict[str, object]:
    return {
        "file": a_file(),
        "space": factories.space().name,
        "title": "Fantasy",
        "slug": "",
        "licence": "CC-BY-4.0",
        "rating": "general",
        "visibility": "public",
        **said,
    }


def test_a_file_is_imported_and_published_on_pages_alone(as_ada: Client) -> None:
    factories.space()
    assert "Import a look" in words(as_ada, "/new/import")
    assert as_ada.post("/new/import", form()).url == "/ada/fantasy/images#build-panel"  # type: ignore[attr-defined]
    workspace = words(as_ada, "/ada/fantasy/images")
    assert "imported from a .pt file" in workspace
    assert "can&#x27;t be told" in workspace
    build = Version.objects.get()
    done = as_ada.post(f"/ada/fantasy/builds/{build.pk}/publish", follow=True)
    page = " ".join(done.content.decode().split())
    assert "Imported. Version 1, published" in page
    for wrong in ("Measured from", "measured from", "0 pictures", "Tightness"):
        assert wrong not in page
    assert "<li>imported</li>" in words(as_ada, "/")


def test_a_file_is_imported_into_a_look_that_is_there(as_ada: Client, version: Version) -> None:
    sent = {"file": a_file(), "space": factories.space().name}
    assert as_ada.post(f"{ONE}/import", sent).url == f"{ONE}/images#build-panel"  # type: ignore[attr-defined]
    assert version.aesthetic.versions.count() == 2


def test_it_is_said_where_the_vector_is_already(as_ada: Client, version: Version) -> None:
    data = formats.write_npy(np.array(version.vector, dtype=np.float32))
    answer = as_ada.post("/new/import", form(file=a_file(data)), follow=True)
    assert "The same vector is here already: ada/sea-mist@v1." in answer.content.decode()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"file": a_file(b"cos\nsystem\n", "evil.pt")}, "evil.pt: The file is none of"),
        ({"file": a_file(saved(torch.zeros(1, 1024)))}, "shape [1, 1024]"),
        ({"title": ""}, "This field is required."),
        ({"space": "nowhere"}, "Select a valid choice."),
        ({"space": "a\0b"}, "Select a valid choice."),
    ],
    ids=["unsafe", "foreign", "no title", "no space", "NUL for a space"],
)
def test_what_is_refused_is_said_at_its_field_and_nothing_is_made(
    as_ada: Client, said: dict[str, object], sentence: str
) -> None:
    factories.space()
    answer = as_ada.post("/new/import", form(**said))
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not Aesthetic.objects.exists()


def test_a_refusal_in_a_look_that_is_there_is_said_too(as_ada: Client, draft: Aesthetic) -> None:
    sent = {"file": a_file(b"x", "evil.pt"), "space": factories.space().name}
    assert "evil.pt: " in as_ada.post(f"{ONE}/import", sent, follow=True).content.decode()
    sent = {"space": factories.space().name}
    said = as_ada.post(f"{ONE}/import", sent, follow=True).content.decode()
    assert "Choose a file, and the space that it is of." in said


def test_strangers_import_nothing(client: Client, bob: User, draft: Aesthetic) -> None:
    assert client.get("/new/import").status_code == 302
    client.force_login(bob)
    assert client.post(f"{ONE}/import", {}).status_code == 404


def test_a_digest_is_looked_up(client: Client, version: Version) -> None:
    page = words(client, "/by-hash", hash=version.vector_digest)
    assert "That is the name of a vector." in page
    assert "ada/sea-mist@v1" in page
    assert "Nothing here has this name." in words(client, "/by-hash", hash="sha256:" + "0" * 64)
    assert "<script>x" not in words(client, "/by-hash", hash="<script>x")
    assert "/by-hash" in words(client, "/")


def test_a_dropped_file_is_found_by_bytes_vector_or_nearness(
    client: Client, version: Version
) -> None:
    vector = np.array(version.vector, dtype=np.float32)

    def answer(data: bytes, name: str = "what.pt") -> str:
        return " ".join(
            client.post("/by-hash", {"file": a_file(data, name)}).content.decode().split()
        )

    assert "what.pt is here." in answer(formats.write_pt(vector))
    assert "Not this file, but this vector." in answer(saved(torch.from_numpy(vector)))
    vector[3] += 1
    page = answer(saved(torch.from_numpy(vector)))
    assert "Neither what.pt nor its vector is here." in page
    assert "Sea Mist" in page
    page = answer(b"x", "<b>.pt")
    assert "&lt;b&gt;.pt can't be read." in page
    assert "has more than 262,144 bytes" in answer(bytes(300_000))


def test_an_alias_is_set_on_the_page_and_its_history_is_everybodys(
    as_ada: Client, client: Client, version: Version
) -> None:
    second = factories.shelved(version.aesthetic)
    for target in (version, second):
        as_ada.post(f"{ONE}/aliases", {"name": "stable", "version": target.pk})
    page = words(client, ONE)
    assert "<code>@stable</code> is v2" in page
    assert "v1 → v2" in page
    assert "by ada" in page
    assert "Set or move an alias" not in page


def test_what_is_wrong_with_an_alias_stands_beside_it_and_what_was_typed_stays(
    as_ada: Client, version: Version
) -> None:
    factories.shelved(version.aesthetic)  # newer, and so the first of the list
    said = as_ada.post(f"{ONE}/aliases", {"name": "Main", "version": version.pk}).content.decode()
    assert "“Main” can&#x27;t be an alias" in said
    assert 'name="name" value="Main"' in said
    assert re.search(rf'value="{version.pk}"\s+selected', said)
    said = as_ada.post(f"{ONE}/aliases", {"name": "x", "version": uuid4()}).content.decode()
    assert "This version is not offered, or no longer." in said
    assert 'name="name" value="x"' in said
    assert not Alias.objects.exists()


def test_of_many_names_and_moves_the_page_shows_some_and_leads_to_the_rest(
    as_ada: Client, client: Client, version: Version
) -> None:
    versions = [version, factories.shelved(version.aesthetic)]
    for number in range(MOVES_SHOWN):
        to = versions[number % 2]
        move_alias(version.aesthetic, "stable", to=to, by=version.aesthetic.owner)
    assert "newest 20 moves" in words(client, ONE)
    assert "/api/v1/aesthetics/ada/sea-mist/aliases/stable/moves" in words(client, ONE)
    assert "The first 20 names" not in words(client, ONE)
    for number in range(ALIASES_SHOWN):
        move_alias(version.aesthetic, f"a{number}", to=version, by=version.aesthetic.owner)
    page = words(client, ONE)
    assert "The first 20 names" in page
    assert "@stable" not in page


def test_many_versions_are_pages_and_are_read_without_their_vectors(
    as_ada: Client, client: Client, version: Version
) -> None:
    for _ in range(VERSIONS_SHOWN + 3):
        factories.shelved(version.aesthetic)
    with CaptureQueriesContext(connection) as queries:
        page = words(client, ONE)
    with_vectors = [q["sql"] for q in queries.captured_queries if '"vector"' in q["sql"]]
    assert all("LIMIT" in sql for sql in with_vectors)
    assert not any(f"LIMIT {VERSIONS_SHOWN}" in sql for sql in with_vectors)
    assert ">v24</a>" in page
    assert ">v5</a>" in page
    assert ">v4</a>" not in page
    assert "Page 1 of 2" in page
    older = words(client, ONE, page="2")
    assert ">v4</a>" in older
    assert ">v5</a>" not in older
    assert "<option" not in page
    assert words(as_ada, ONE).count("<option") == VERSIONS_SHOWN + 4  # to move an alias to


@pytest.mark.parametrize(
    ("form", "page"), [("/aliases", ONE), ("/versions/v1/withdraw", f"{ONE}/versions/v1")]
)
def test_further_pages_of_versions_are_there_where_a_form_was_refused_too(
    as_ada: Client, version: Version, form: str, page: str
) -> None:
    for _ in range(VERSIONS_SHOWN):
        factories.shelved(version.aesthetic)
    refused = as_ada.post(f"{ONE}{form}", {"name": "Main", "reason": ""}).content.decode()
    (link,) = re.findall(r'rel="next"\s+href="([^"]*)"', refused)
    assert link == f"{page}?page=2"
    assert ">v1</a>" in words(as_ada, link)


def test_nobody_else_moves_an_alias(bob: User, version: Version) -> None:
    client = Client()
    client.force_login(bob)
    answer = client.post(f"{ONE}/aliases", {"name": "stable", "version": version.pk})
    assert answer.status_code == 403
    assert not version.aesthetic.aliases.exists()


def test_a_withdrawn_version_leads_to_what_to_take_instead(
    as_ada: Client, client: Client, version: Version
) -> None:
    factories.shelved(version.aesthetic)
    path = f"{ONE}/versions/v1/withdraw"
    said = as_ada.post(path, {"reason": "Grey.", "superseded_by": "no/thing"}, follow=True)
    assert "There is no version “no/thing”." in said.content.decode()
    assert 'value="Grey."' in said.content.decode()  # what was typed is still there
    said = as_ada.post(path, {"reason": "Grey.", "superseded_by": "ada/sea-mist@v1"}, follow=True)
    assert "be superseded by ada/sea-mist@v1" in said.content.decode()
    assert 'value="Grey."' in said.content.decode()
    as_ada.post(path, {"reason": "Grey.", "superseded_by": "ada/sea-mist@v2"})
    page = words(client, f"{ONE}/versions/v1")
    assert 'Take <a href="/ada/sea-mist/versions/v2">ada/sea-mist@v2</a> instead.' in page


def test_a_taken_down_version_is_marked_beside_the_others(client: Client, version: Version) -> None:
    Version.objects.filter(pk=version.pk).update(
        taken_down_at=version.published_at, takedown_reason="Not his."
    )
    factories.shelved(version.aesthetic)
    page = words(client, ONE)
    assert "Version 2" in page
    assert "taken down" in page
