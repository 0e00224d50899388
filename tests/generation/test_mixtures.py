"""Several looks and a text in one aim: checked, made one direction, kept with the drawing."""

import io
import json
from typing import Any

import pytest
import torch
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image as Picture
from pytest_django import DjangoAssertNumQueries
from torch.nn.functional import cosine_similarity

from accounts.models import User
from generation import sharing
from generation.aiming import direction_of, feature_of
from generation.aims import Aim
from generation.mixing import MixField, as_lines
from generation.models import Generation, Ingredient
from generation.prompts import queue_generation
from generation.provenance import personalised_png
from generation.questions import Kind, ask
from generation.tasks import draw_generation
from generation.worker_models import models_for
from registry import publishing, queueing
from registry.models import Aesthetic, JobState, Version
from registry.tasks import build_version
from tests import factories
from tests.samples import add_samples

PROMPT = "a lighthouse at night"

pytestmark = pytest.mark.usefixtures("one_torch_thread", "broker")


@pytest.fixture
def other(version: Version) -> Version:
    return factories.shelved(factories.aesthetic(factories.person("eve"), "ink", title="Ink"), 5)


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def beside(measured: Version, samples: str) -> Version:
    """Measure and publish another set by the same owner."""
    aesthetic = factories.aesthetic(measured.aesthetic.owner, f"also-{samples}", title=samples)
    add_samples(aesthetic, 5, samples)
    build = queueing.queue_build(aesthetic).version
    build_version(str(build.pk))
    return publishing.publish(build)


# --- The direction ------------------------------------------------------------------------------


def test_looks_are_mixed_by_their_weights_at_equal_length(version: Version, other: Version) -> None:
    first, second = (torch.tensor(each.vector) for each in (version, other))
    found = direction_of(Aim(version, [(other, -0.5)]), models=None)  # type: ignore[arg-type]
    expected = first / first.norm() - 0.5 * second / second.norm()
    assert float(cosine_similarity(found, expected, dim=0)) == pytest.approx(1, abs=1e-6)


def test_a_text_turns_the_look_towards_its_feature(measured: Version) -> None:
    models = models_for(measured.space)
    look = torch.tensor(measured.vector)
    text = feature_of("neon lines", models)
    turned = direction_of(Aim(measured, text="neon lines", text_angle=0.5), models)
    towards = [float(cosine_similarity(each, text, dim=0)) for each in (look, turned)]
    assert towards[1] > towards[0] + 0.1
    whole = direction_of(Aim(measured, text="neon lines", text_angle=1.0), models)
    assert float(cosine_similarity(whole, text, dim=0)) == pytest.approx(1, abs=1e-5)
    away = direction_of(
        Aim(measured, text="neon lines", text_angle=0.5, text_negative=True), models
    )
    assert float(cosine_similarity(away, text, dim=0)) < towards[0]


def test_an_aim_travels_as_json(version: Version, other: Version) -> None:
    aim = Aim(version, ((other, -0.25),), "neon", 0.2, text_negative=True)
    said = json.loads(json.dumps(aim.to_json()))
    assert Aim.from_json(said) == aim
    gone = aim.to_json() | {"others": [["00000000-0000-0000-0000-000000000000", 1.0]]}
    assert Aim.from_json(gone) is None


def test_all_that_decides_the_direction_decides_the_question(
    version: Version, other: Version
) -> None:
    asked = [
        ask(Kind.DOSE, version=version, prompt=PROMPT),
        ask(Kind.DOSE, version=version, prompt=PROMPT, others=[(other, 0.5)]),
        ask(Kind.DOSE, version=version, prompt=PROMPT, others=[(other, -0.5)]),
        ask(Kind.DOSE, version=version, prompt=PROMPT, aesthetic_text="neon"),
        ask(Kind.DOSE, version=version, prompt=PROMPT, aesthetic_text="neon",
            aesthetic_text_negative=True),
    ]  # fmt: skip
    assert len({question.key for question in asked}) == len(asked)
    without_text = ask(Kind.DOSE, version=version, prompt=PROMPT, aesthetic_text_angle=0.7)
    assert without_text.key == asked[0].key  # an angle to nothing


# --- The drawing --------------------------------------------------------------------------------


def test_a_mixture_is_drawn_kept_and_written_into_the_picture(ada: User, measured: Version) -> None:
    second = beside(measured, "cold-peaks")
    made = queue_generation(
        ada, version=measured, prompt=PROMPT, others=[(second, -0.5)], aesthetic_text="neon",
        steps=2, sampling_steps=2,
    )  # fmt: skip
    draw_generation(str(made.pk))
    made.refresh_from_db()
    assert made.has_succeeded, made.reason
    assert [(each.version, each.weight) for each in made.ingredients.all()] == [(second, -0.5)]
    alone = queue_generation(ada, version=measured, prompt=PROMPT, steps=2, sampling_steps=2)
    draw_generation(str(alone.pk))
    alone.refresh_from_db()
    assert alone.agreement[0] != made.agreement[0]  # it is measured against the mixture
    texts = Picture.open(io.BytesIO(personalised_png(made, Picture.new("RGB", (8, 8))))).text  # type: ignore[attr-defined]
    assert f"Aesthetic mix: -0.5 {second}" in texts["parameters"]
    assert "Aesthetic text: neon" in texts["parameters"]
    ours = json.loads(texts["aesthetic"])
    assert ours["others"][0]["vector_digest"] == second.vector_digest
    assert ours["others"][0]["weight"] == -0.5


def test_looks_that_cancel_out_are_refused_before_a_worker_has_them(
    ada: User, measured: Version
) -> None:
    twin = beside(measured, "painted-nebulae")
    with pytest.raises(ValidationError) as refused:
        queue_generation(ada, version=measured, prompt=PROMPT, others=[(twin, -1.0)], steps=1)
    assert "cancel out" in refused.value.message_dict["others"][0]
    assert not Generation.objects.exists()  # so it costs nothing of the day's share
    queue_generation(ada, version=measured, prompt=PROMPT, others=[(twin, -0.999)], steps=1)


def test_a_worker_too_says_in_words_that_looks_cancel_out(ada: User, measured: Version) -> None:
    twin = beside(measured, "painted-nebulae")
    made = queue_generation(ada, version=measured, prompt=PROMPT, others=[(twin, -0.5)], steps=1)
    made.ingredients.update(weight=-1.0)
    draw_generation(str(made.pk))
    made.refresh_from_db()
    assert made.state == JobState.FAILED
    assert "cancel out" in made.reason


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([0.0], "use -2 to 2, but not 0"),
        ([2.5], "use -2 to 2"),
        ([float("nan")], "use -2 to 2"),
        ([0.5, 0.5], "named twice"),
    ],
)
def test_what_cannot_be_mixed_is_refused(
    ada: User, version: Version, other: Version, weights: list[float], sentence: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        queue_generation(
            ada, version=version, prompt=PROMPT, others=[(other, weight) for weight in weights]
        )
    assert sentence in refused.value.message_dict["others"][0]
    assert not Generation.objects.exists()


def test_the_look_itself_cannot_be_mixed_in_again(ada: User, version: Version) -> None:
    with pytest.raises(ValidationError, match="named twice"):
        queue_generation(ada, version=version, prompt=PROMPT, others=[(version, 0.5)])


def test_the_database_keeps_weights_that_count(ada: User, version: Version, other: Version) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT, others=[(other, 0.5)])
    for weight in (0, 3):
        with pytest.raises(IntegrityError, match="weight_counts"), transaction.atomic():
            made.ingredients.update(weight=weight)
    with pytest.raises(IntegrityError, match="once_in_a_generation"), transaction.atomic():
        Ingredient.objects.create(generation=made, version=other, weight=1)


# --- Pages and API ------------------------------------------------------------------------------


def test_looks_are_mixed_in_by_lines_on_the_page(
    page: Client, version: Version, other: Version
) -> None:
    asked = {"aesthetic": "ada/sea-mist", "prompt": PROMPT, "others": "Ink -0.5\n\n"}
    answer = page.post("/draw", {**asked, "aesthetic_text": "neon"})
    assert answer.status_code == 302, answer.context["form"].errors
    made = Generation.objects.get()
    assert [(each.version, each.weight) for each in made.ingredients.all()] == [(other, -0.5)]
    assert (made.aesthetic_text, made.aesthetic_text_angle) == ("neon", 0.1)
    shown = " ".join(page.get(f"/drawings/{made.pk}").content.decode().split())
    assert f"-0.5 of <code>{other}</code>" in shown
    assert "to “neon” by 0.1" in shown
    again = page.get(f"/draw?from={made.pk}").context["form"]
    assert again["others"].value() == as_lines([(other, -0.5)])
    assert again.has_expert_values


@pytest.mark.parametrize(
    ("words", "is_taken"), [("(neon:1.8) rain", False), ("[neon]", False), (r"\(neon\)", True)]
)
def test_words_that_a_look_is_turned_to_have_no_emphasis(
    page: Client, version: Version, words: str, *, is_taken: bool
) -> None:
    asked = {"aesthetic": "ada/sea-mist", "prompt": PROMPT, "aesthetic_text": words}
    answer = page.post("/draw", asked)
    assert (answer.status_code == 302) == is_taken
    assert is_taken or "Brackets have no effect" in answer.content.decode()


def test_a_weight_is_written_so_that_the_same_is_read_back(other: Version) -> None:
    field = MixField()
    for weight in (5e-05, 0.123456789, -1.5, 2.0):
        assert field.clean(as_lines([(other, weight)])) == [(other, weight)]


@pytest.mark.parametrize("address", ["/drawings/{}/status", "/api/v1/generations/{}"])
def test_a_drawing_takes_as_many_queries_however_many_looks_are_mixed_in(
    page: Client, ada: User, version: Version, address: str
) -> None:
    eve = factories.person("eve")
    mixed = [(factories.shelved(factories.aesthetic(eve, f"ink-{i}"), i + 2), 0.5) for i in (1, 2)]
    counts = []
    for others in (mixed[:1], mixed):
        made = queue_generation(ada, version=version, prompt=PROMPT, others=others)
        with CaptureQueriesContext(connection) as asked:
            assert page.get(address.format(made.pk)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_fold_stays_closed_where_nothing_is_unusual(page: Client, version: Version) -> None:
    assert not page.get("/draw").context["form"].has_expert_values


def test_too_many_lines_are_told_before_any_is_looked_up(
    page: Client, version: Version, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    asked = {"aesthetic": "ada/sea-mist", "prompt": PROMPT, "others": "ink\n" * 400}
    with django_assert_max_num_queries(20):
        errors = page.post("/draw", asked).context["form"].errors["others"]
    assert errors == ["400 looks are too many to mix in; use 7 at most."]


@pytest.mark.parametrize("line", ["eve/nothing 0.5", "nobody"])
def test_a_look_that_is_not_there_is_named(page: Client, version: Version, line: str) -> None:
    asked = {"aesthetic": "ada/sea-mist", "prompt": PROMPT, "others": line}
    errors = page.post("/draw", asked).context["form"].errors["others"]
    assert line.removesuffix(" 0.5") in errors[0]


def test_a_mixture_by_api(client: Client, ada: User, version: Version, other: Version) -> None:
    headers = factories.bearer(ada)

    def post(**asked: Any) -> Any:
        body = {"aesthetic": "ada/sea-mist", "prompt": PROMPT, **asked}
        return client.post(
            "/api/v1/generations", body, content_type="application/json", headers=headers
        )

    made = post(others=[{"aesthetic": "eve/ink", "weight": 0.5}])
    assert made.status_code == 202, made.content
    answer = client.get(f"/api/v1/generations/{made.json()['id']}", headers=headers).json()
    assert answer["others"] == [{"aesthetic": str(other), "weight": 0.5}]
    missing = post(others=[{"aesthetic": "eve/nothing", "weight": 0.5}])
    assert missing.status_code == 404
    assert "“eve/nothing”" in missing.json()["errors"][0]["detail"]


def test_a_drawing_with_a_private_look_mixed_in_is_not_shown_to_others(
    ada: User, version: Version, other: Version
) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT, others=[(other, 0.5)])
    Generation.objects.filter(pk=made.pk).update(
        state=JobState.SUCCEEDED, drift=0.1, agreement=[0.1],
        **dict.fromkeys(("checkpoint", "plain", "personalised"), "sha256:" + "0" * 64),
    )  # fmt: skip
    made.refresh_from_db()
    bob = factories.person("bob")
    sharing.share(made)
    assert Generation.objects.visible_to(bob).filter(pk=made.pk).exists()
    Aesthetic.objects.filter(pk=other.aesthetic_id).update(visibility=Aesthetic.Visibility.PRIVATE)
    assert not Generation.objects.visible_to(bob).filter(pk=made.pk).exists()
    assert not Generation.objects.get(pk=made.pk).is_public  # nor does its owner's page say so
    Generation.objects.unshare(made.pk)
    with pytest.raises(sharing.SharingRefused, match="mixed in"):
        sharing.share(made)
