"""The pages of drawings: ask, watch, look, find again; without JavaScript, as plain forms."""

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from generation.models import Generation
from generation.prompts import queue_generation
from registry.leases import Lease
from registry.models import JobState, Version

PROMPT = "a lighthouse at night"
ASKED = {"prompt": PROMPT, "aesthetic": "ada/sea-mist@v1"}


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    """A browser in which ada is signed in."""
    client.force_login(ada)
    return client


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def field(answer: Any, name: str) -> Any:
    return answer.context["form"][name]


# --- Asking -------------------------------------------------------------------------------------


def test_the_form_starts_with_the_look_that_was_chosen_and_the_dose(
    page: Client, version: Version
) -> None:
    answer = page.get("/draw?aesthetic=ada/sea-mist")
    assert field(answer, "aesthetic").value() == "ada/sea-mist"
    assert (field(answer, "steps").value(), field(answer, "guidance").value()) == (20, 4.0)
    assert answer.context["aesthetic"] == version.aesthetic
    assert "Sea mist" in html(answer)


def test_the_form_starts_with_the_settings_of_an_earlier_drawing(
    page: Client, finished: Generation
) -> None:
    answer = page.get(f"/draw?from={finished.pk}")
    started = {name: field(answer, name).value() for name in ("prompt", "seed", "steps")}
    assert started == {"prompt": PROMPT, "seed": 7, "steps": 2}
    assert field(answer, "aesthetic").value() == "ada/sea-mist@v1"


def test_settings_that_are_not_the_usual_ones_are_unfolded(
    page: Client, finished: Generation
) -> None:
    assert '<details class="fold" open>' in html(page.get(f"/draw?from={finished.pk}"))
    assert '<details class="fold" >' in html(page.get("/draw"))


def test_where_no_look_is_chosen_some_are_shown_to_choose_from(
    page: Client, version: Version
) -> None:
    assert 'href="/draw?aesthetic=ada/sea-mist"' in html(page.get("/draw"))
    chosen = html(page.get("/draw?aesthetic=ada/sea-mist"))
    assert "Choose another" in chosen
    assert 'href="/draw?aesthetic=ada/sea-mist"' not in chosen


def test_a_look_is_known_by_its_title_too(page: Client, version: Version) -> None:
    assert page.post("/draw", {**ASKED, "aesthetic": "sea MIST"}).status_code == 302
    assert Generation.objects.get().version == version


def test_a_prompt_that_is_too_long_is_told_and_not_cut(page: Client, version: Version) -> None:
    assert "maxlength" not in str(field(page.get("/draw"), "prompt"))
    answer = page.post("/draw", {**ASKED, "prompt": "a" * 1001})
    assert "it has 1001" in field(answer, "prompt").errors[0]


@pytest.mark.parametrize("earlier", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_drawing_that_is_not_there_leaves_the_form_as_it_is(
    page: Client, version: Version, earlier: str
) -> None:
    answer = page.get(f"/draw?from={earlier}")
    assert answer.status_code == 200
    assert field(answer, "prompt").value() is None


def test_the_settings_of_others_drawings_are_not_shown(
    client: Client, bob: User, finished: Generation
) -> None:
    client.force_login(bob)
    answer = client.get(f"/draw?from={finished.pk}")
    assert PROMPT not in html(answer)


@pytest.mark.parametrize(
    "ref", ["nobody/nothing", "sea-mist", "ada/sea-mist@v9", "@", "%00", "a/b%00"]
)
def test_a_look_that_is_not_there_is_not_chosen(page: Client, version: Version, ref: str) -> None:
    answer = page.get(f"/draw?aesthetic={ref}")
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        assert answer.context["aesthetic"] is None


def test_asking_leads_to_the_drawing(page: Client, ada: User, version: Version) -> None:
    answer = page.post("/draw", ASKED)
    made = Generation.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/drawings/{made.pk}")
    assert (made.owner, made.version, made.prompt) == (ada, version, PROMPT)
    assert (made.state, made.steps) == (JobState.QUEUED, 20)


def test_fields_that_are_left_empty_have_the_values_of_the_dose(
    page: Client, version: Version
) -> None:
    empty = dict.fromkeys(("seed", "steps", "rate", "weight", "sampling_steps", "guidance"), "")
    assert page.post("/draw", {**ASKED, **empty, "optimiser": ""}).status_code == 302
    made = Generation.objects.get()
    assert (made.optimiser, made.steps, made.guidance) == ("adam", 20, 4.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prompt", ""),
        ("prompt", "a \x00 b"),
        ("aesthetic", "ada/sea-mist@v9"),
        ("aesthetic", "sea\x00mist"),
        ("seed", "-1"),
        ("steps", "51"),
        ("rate", "0"),
        ("rate", "nan"),
        ("weight", "1.5"),
        ("sampling_steps", "0"),
        ("guidance", "99"),
        ("optimiser", "sgd"),
        ("sampler", "euler"),
    ],
)
def test_an_error_stands_beside_its_field_and_nothing_else_is_lost(
    page: Client, version: Version, name: str, value: str
) -> None:
    answer = page.post("/draw", {**ASKED, "seed": "5", name: value})
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {name}
    error = field(answer, name).errors[0]
    assert f'id="{field(answer, name).auto_id}_error"' in html(answer)
    assert error.replace("'", "&#x27;") in html(answer)
    if name != "prompt":
        assert field(answer, "prompt").value() == PROMPT
    assert not Generation.objects.exists()


def test_a_used_up_quota_is_told_on_the_form(page: Client, version: Version, settings: Any) -> None:
    settings.QUOTA_GENERATIONS = 0
    answer = page.post("/draw", ASKED)
    assert "You have used today&#x27;s 0 pictures." in html(answer)


def test_a_look_of_another_space_is_told_beside_the_look(
    page: Client, version: Version, settings: Any
) -> None:
    settings.HUB_SPACE = "clip-vit-l-14-openai"
    answer = page.post("/draw", ASKED)
    assert f"lives in the space “{version.space.name}”" in field(answer, "aesthetic").errors[0]


# --- Watching and looking -----------------------------------------------------------------------


def test_a_drawing_that_waits_asks_again_and_can_be_cancelled(
    page: Client, ada: User, version: Version
) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT)
    for path in (f"/drawings/{made.pk}", f"/drawings/{made.pk}/status"):
        shown = html(page.get(path))
        assert f'hx-get="/drawings/{made.pk}/status"' in shown
        assert "Waiting for a worker." in shown
        assert f'action="/drawings/{made.pk}/cancel"' in shown
    answer = page.post(f"/drawings/{made.pk}/cancel", follow=True)
    assert "The drawing is cancelled." in html(answer)
    made.refresh_from_db()
    assert made.state == JobState.CANCELLED
    assert "hx-get" not in html(page.get(f"/drawings/{made.pk}/status"))


def test_the_status_is_a_fragment_with_the_stage_that_is_never_kept(
    page: Client, ada: User, version: Version
) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT)
    lease = Lease(made)
    assert lease.claim()
    lease.report(stage="drawing", done=25, total=40)
    answer = page.get(f"/drawings/{made.pk}/status")
    assert "<html" not in html(answer)
    assert "Drawing" in html(answer)
    assert '<progress value="25" max="40"' in html(answer)
    assert "no-store" in answer["Cache-Control"]


def test_a_finished_drawing_shows_both_pictures_and_what_changed(
    page: Client, finished: Generation
) -> None:
    shown = html(page.get(f"/drawings/{finished.pk}"))
    for which in ("plain", "personalised"):
        path = f"/drawings/{finished.pk}/{which}.png"
        assert f'src="{path}"' in shown
        picture = page.get(path)
        assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    assert "2 steps brought the words from 0.10 to 0.30 towards the look" in shown
    assert 'points="0.0,29.0 50.0,15.0 100.0,1.0"' in shown
    assert "hx-get" not in shown.partition('class="drawing"')[2].partition(">")[0]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"weight": 0.0, "drift": 0.0}, "No effect: the dose has the weight 0, so both"),
        ({"steps": 0, "drift": 0.0}, "No effect: the dose has no steps, so both"),
        ({"drift": 0.004}, "No effect to speak of: the conditioning moved by 0.40%"),
        ({"steps": 1}, "1 step brought the words from 0.10 to 0.30"),
        (
            {"enough_agreement": 0.1, "agreement": [0.25] * 3, "drift": 0.0, "steps_taken": 0},
            "No effect to speak of: the dose ended after 0 steps, since an agreement of 0.1 was",
        ),
        (
            {"enough_agreement": 0.3, "agreement": [0.1, 0.3, 0.3], "steps_taken": 1},
            "1 of 2 steps brought the words from 0.10 to 0.30 towards the look, and moved the "
            "picture with them; an agreement of 0.3 was enough.",
        ),
        (
            {
                "enough_agreement": 0.9,
                "most_drift": 0.2,
                "agreement": [0.1, 0.3, 0.3],
                "steps_taken": 1,
            },
            "1 of 2 steps brought the words from 0.10 to 0.30 towards the look, and moved the "
            "picture with them; an agreement of 0.9 was enough, or a drift of 0.2 was the most.",
        ),
        ({"most_drift": 0.9}, "2 steps brought the words"),
    ],
)
def test_a_drawing_without_effect_says_so_and_why(
    page: Client, finished: Generation, values: dict[str, float], sentence: str
) -> None:
    Generation.objects.filter(pk=finished.pk).update(**values)
    assert sentence in html(page.get(f"/drawings/{finished.pk}"))


def test_a_drawing_without_steps_has_no_curve(page: Client, finished: Generation) -> None:
    Generation.objects.filter(pk=finished.pk).update(agreement=[0.1], steps=0, drift=0.0)
    assert "<polyline" not in html(page.get(f"/drawings/{finished.pk}"))


def test_a_failed_drawing_says_why_and_offers_its_settings_again(
    page: Client, finished: Generation
) -> None:
    reason = "The text encoder diverged in 20 steps of adam at a rate of 9.0; lower the rate."
    Generation.objects.filter(pk=finished.pk).update(state=JobState.FAILED, reason=reason)
    shown = html(page.get(f"/drawings/{finished.pk}"))
    assert reason in shown
    assert f'href="/draw?from={finished.pk}"' in shown


def test_what_has_ended_is_not_cancelled(page: Client, finished: Generation) -> None:
    answer = page.post(f"/drawings/{finished.pk}/cancel", follow=True)
    assert "cancelled" not in html(answer)
    finished.refresh_from_db()
    assert finished.has_succeeded


# --- The history --------------------------------------------------------------------------------


def test_the_history_has_your_own_drawings_newest_first(
    page: Client, ada: User, bob: User, finished: Generation, version: Version
) -> None:
    queue_generation(ada, version=version, prompt="a second one")
    queue_generation(bob, version=version, prompt="one of bob's")
    shown = html(page.get("/drawings"))
    assert shown.index("a second one") < shown.index(PROMPT)
    assert "one of bob" not in shown
    assert f'src="/drawings/{finished.pk}/personalised.png"' in shown


def test_an_empty_history_leads_to_the_first_drawing(page: Client) -> None:
    assert "You have drawn nothing yet." in html(page.get("/drawings"))


def test_the_history_asks_the_database_as_often_for_many_as_for_one(
    page: Client, ada: User, version: Version, django_assert_num_queries: Any
) -> None:
    queue_generation(ada, version=version, prompt="the only one")
    with CaptureQueriesContext(connection) as for_one:
        page.get("/drawings")
    for number in range(5):
        queue_generation(ada, version=version, prompt=f"number {number}")
    with django_assert_num_queries(len(for_one)):
        page.get("/drawings")


# --- Who may ------------------------------------------------------------------------------------


def pages_of(made: Generation) -> list[str]:
    return [
        reverse("generation:drawing", args=[made.pk]),
        reverse("generation:status", args=[made.pk]),
        reverse("generation:picture", args=[made.pk, "plain"]),
    ]


def test_drawings_of_others_are_not_there(client: Client, bob: User, finished: Generation) -> None:
    client.force_login(bob)
    for path in pages_of(finished):
        assert client.get(path).status_code == 404, path
    assert client.post(reverse("generation:cancel", args=[finished.pk])).status_code == 404


def test_who_is_not_signed_in_is_asked_to_and_comes_back(
    client: Client, finished: Generation
) -> None:
    for path in ["/draw?aesthetic=ada/sea-mist", "/drawings", *pages_of(finished)]:
        answer = client.get(path)
        assert answer.status_code == 302, path
        assert answer["Location"] == f"/accounts/login/?next={quote(path, safe='/')}"


def test_a_picture_that_is_not_drawn_yet_is_not_there(
    page: Client, ada: User, version: Version
) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT)
    assert page.get(f"/drawings/{made.pk}/plain.png").status_code == 404
    assert page.get(f"/drawings/{made.pk}/other.png").status_code == 404


def test_cancelling_and_asking_need_a_form_of_ours(ada: User, finished: Generation) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    for path in ("/draw", f"/drawings/{finished.pk}/cancel"):
        assert browser.post(path, ASKED).status_code == 403
        assert browser.get(f"/drawings/{finished.pk}/cancel").status_code == 405
