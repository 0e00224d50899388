"""Refusals and failures: problem details under /api, pages elsewhere."""

import ast
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.refusals import Refusal
from generation.prompts import queue_generation
from hub.errors import ProblemDetails, tell
from hub.problems import PROBLEMS
from registry import blobs
from tests import factories
from tests.answers import problem

LIST = "/api/v1/aesthetics"
ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "generation", "hub", "registry")


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v1/edit",
        "/api/v1/images",
        "/api/v1/builds/x",
        "/api/v1/aesthetics/",
        "/api/v1",
        "/api/v2/aesthetics",
        "/api/x",
        "/api/v1/jobs/5",
        "/api/v1/aesthetics/ada",
    ],
)
@pytest.mark.django_db
def test_an_address_of_the_api_that_does_not_exist_is_a_problem(client: Client, path: str) -> None:
    body = problem(client.get(path), 404, "not-found")
    assert body["instance"] == path


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.django_db
def test_so_it_is_for_calls_that_would_change_something(method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    problem(getattr(client, method)("/api/v1/builds"), 404, "not-found")


def test_a_visit_to_where_forms_are_sent_is_told_so_on_a_page(client: Client, ada: User) -> None:
    client.force_login(ada)
    for path in ("/ada/sea-mist/delete", "/account/notices/read"):
        response = client.get(path)
        assert response.status_code == 405
        assert response["Allow"] == "POST"
        assert "Content-Security-Policy" in response
        assert "This address only takes what a form sends." in response.content.decode()


def test_a_form_answers_head_as_it_answers_a_visit(client: Client, ada: User) -> None:
    """RFC 9110, section 9.1: those who look whether links still lead somewhere ask so."""
    client.force_login(ada)
    version = factories.published(factories.aesthetic(ada))
    drawing = queue_generation(ada, version=version, prompt="a boat")
    forms = ["/new", "/new/import", "/new/blend", "/by-hash", "/draw", "/drawings/read"]
    forms += ["/sheets/new", "/ada/sea-mist/edit", "/ada/sea-mist/images/origins"]
    for path in (*forms, f"/drawings/{drawing.pk}/remove"):
        assert client.get(path).status_code == 200, path
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
    drawing.refresh_from_db()
    assert drawing.hidden_at is None


@pytest.mark.parametrize("path", ["/x/y", "/x/y/z", "/problems/x", "/apix/y"])
@pytest.mark.django_db
def test_any_other_address_that_does_not_exist_is_a_page(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "There is nothing at this address." in response.content.decode()


def test_a_failure_of_ours_is_a_problem_that_tells_nothing(ada: User, media_folder: Path) -> None:
    version = factories.published(factories.aesthetic(ada), 2)
    file = version.files.get(name__endswith=".npy")
    (media_folder / blobs.path_of(file.digest)).unlink()
    client = Client(raise_request_exception=False)
    body = problem(client.get(file.url), 500, "internal")
    assert body["detail"] == "It is in our log. Trying again later may help."
    assert "blobs" not in str(body)


def test_a_failure_of_ours_is_a_page_for_people(ada: User, media_folder: Path) -> None:
    version = factories.published(factories.aesthetic(ada), 2)
    digest = version.members.get(cover_rank=1).image.digest
    (media_folder / blobs.thumbnail_path(digest)).unlink()
    client = Client(raise_request_exception=False)
    name = digest.removeprefix("sha256:")
    response = client.get(f"/ada/sea-mist/thumbnails/{name}.webp")
    assert response.status_code == 500
    assert "Something broke on our side." in response.content.decode()


@pytest.mark.parametrize(("kind", "called"), [("FILES", "files"), ("FIELDS", "ticked pictures")])
def test_a_form_that_holds_too_much_is_told_what_a_form_may_hold(
    ada: User, settings: Settings, kind: str, called: str
) -> None:
    client = Client()
    client.force_login(ada)
    name = f"DATA_UPLOAD_MAX_NUMBER_{kind}"
    most = getattr(settings, name)
    setattr(settings, name, 1)
    response = client.post("/new", {"x": ["1", "2"], "files": [factories.upload()] * 2})
    assert response.status_code == 400
    assert f"{most:,} {called}" in " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[",
        '{"a":',
        "\x00",
        '{"a": NaN}',
        "\ufeff{}",
        "[" * 100_000,
        '{"a": 1, "a": 2}',
        '{"b": {"a": 1, "a": 1}}',
    ],
)
def test_a_body_that_cannot_be_read_is_malformed(client: Client, ada: User, body: str) -> None:
    headers = factories.bearer(ada)
    response = client.post(LIST, body, content_type="application/json", headers=headers)
    problem(response, 400, "malformed")


@pytest.mark.parametrize("body", ["[]", "null", "5", '"text"', "[{}]", '{"title": "\\ud800"}'])
def test_a_body_that_says_nothing_usable_is_invalid(client: Client, ada: User, body: str) -> None:
    headers = factories.bearer(ada)
    response = client.post(LIST, body, content_type="application/json", headers=headers)
    problem(response, 422, "invalid")


def test_a_body_of_another_type_is_not_read(client: Client, ada: User) -> None:
    response = client.post(LIST, "slug=x", "text/plain", headers=factories.bearer(ada))
    problem(response, 415, "unsupported-media-type")


@pytest.mark.django_db
def test_only_json_is_spoken(client: Client) -> None:
    problem(client.get(LIST, headers={"Accept": "text/html"}), 406, "not-acceptable")


@pytest.mark.django_db
def test_a_method_that_an_address_lacks_is_named_with_those_it_has(client: Client) -> None:
    response = client.get("/api/v1/aesthetics/ada/sea-mist/builds")
    problem(response, 405, "method-not-allowed")
    assert response["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(
    "path",
    ["/a%00b", "/ada/x%00", "/?q=%00", "/?tag=a%00", f"{LIST}?q=%00", f"{LIST}/a%00/b"],
)
@pytest.mark.django_db
def test_a_nul_character_in_an_address_is_refused(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 400
    if path.startswith("/api/"):
        said = problem(response, 400, "malformed")["detail"]
        assert said == "An address has no NUL characters."


@pytest.mark.parametrize("path", ["/new", f"{LIST}?q=a"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": r'sessionid="aaaaaaaa\000"'},  # cookies spell a NUL so
        {"Content-Type": "text/plain; charset=utf-7"},  # where +AAA- is one
    ],
    ids=["cookie", "utf-7"],
)
@pytest.mark.django_db
def test_what_would_become_a_nul_character_is_refused(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    response = client.get(path, headers=headers)
    assert response.status_code == 400
    if path.startswith("/api/"):
        said = problem(response, 400, "malformed")["detail"]
        assert said in {"A cookie has no NUL characters.", "Send text as UTF-8."}


@pytest.mark.django_db
def test_text_that_says_it_is_utf_8_is_read(client: Client) -> None:
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    assert client.get(f"{LIST}?q=a", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", LIST, "/ada"])
@pytest.mark.parametrize("query", ["%ff%fe", "%ED%A0%80", "a" * 4000, "%F0%9F%8C%8A", "%2500"])
def test_any_other_text_is_just_searched_for(
    client: Client, ada: User, path: str, query: str
) -> None:
    assert client.get(f"{path}?q={query}").status_code == 200


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_refused_as_a_problem_too(
    client: Client, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    problem(client.get(LIST, headers={"Host": "example.com"}), 400, "malformed")


def test_an_answer_that_is_no_refusal_is_left_as_it_is() -> None:
    request = HttpRequest()
    request.path = "/api/v1/x"
    answer = HttpResponse("as it was", status=304)
    assert ProblemDetails(lambda _: answer)(request) is answer
    assert answer.content == b"as it was"


def test_a_refusal_is_told_by_its_code_and_its_sentence() -> None:
    told = tell(Refusal("few-images", "This is few."))
    assert told is not None
    assert (told.problem, told.detail) == (PROBLEMS["few-images"], "This is few.")


def test_what_is_nobodys_fault_but_ours_is_not_told() -> None:
    assert tell(ZeroDivisionError("division by zero")) is None


# Errors whose code a refusal takes over, as `BlendRefused(refused.code, …)` does.
HANDED_ON = {"Caution", "CombinationRefused", "FileRefused"}


def named(expression: ast.expr) -> str:
    """Return the last name of `module.Name`."""
    return ast.unparse(expression).rpartition(".")[2]


def classes(trees: list[ast.Module]) -> list[ast.ClassDef]:
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def refusals(trees: list[ast.Module]) -> list[ast.ClassDef]:
    """Return the classes that are made of `Refusal`, over any number of steps."""
    names: set[str] = {"Refusal"}
    found: list[ast.ClassDef] = []
    while more := [
        each
        for each in classes(trees)
        if each.name not in names and names & set(map(named, each.bases))
    ]:
        found += more
        names |= {each.name for each in more}
    return found


def calls(nodes: Sequence[ast.AST], called: Collection[str]) -> list[ast.Call]:
    return [
        node
        for top in nodes
        for node in ast.walk(top)
        if isinstance(node, ast.Call) and named(node.func) in called
    ]


def test_every_code_that_a_refusal_is_raised_with_has_a_problem() -> None:
    """A refusal with another code would be a failure of ours where it is told."""
    modules = [file for app in APPS for file in (ROOT / app).rglob("*.py")]
    trees = [ast.parse(module.read_text(encoding="utf-8")) for module in modules]
    found = refusals(trees)
    assert len(found) >= 21
    own = [each for each in found if calls([each], ["__init__"])]  # they say their code themselves
    told = {each.name for each in found} - {each.name for each in own}
    made = [*calls(own, ["__init__"]), *calls(trees, told | HANDED_ON | {"Refusal"})]
    first = [call.args[0] for call in made]
    codes = {str(code.value) for code in first if isinstance(code, ast.Constant)}
    rest = {ast.unparse(code) for code in first if not isinstance(code, ast.Constant)}
    assert rest == {"caution.code", "refused.code"}  # anything else hides a code from this test
    assert {"no-space", "no-answer", "opposite-parents", "few-images", "quota-exceeded"} <= codes
    assert codes <= PROBLEMS.keys()
