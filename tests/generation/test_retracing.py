"""From a picture's file back to its settings: the page, the API, and the form that is filled."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image as Picture
from pytest_django import Settings

from accounts.models import User
from generation.doses import default_dose
from generation.infotext import parameters, png
from generation.models import Generation
from generation.prompts import queue_generation
from generation.provenance import personalised_png, plain_png
from registry import digests, publishing
from registry.models import Aesthetic, JobState, Version
from tests import factories
from tests.answers import errors, problem
from tests.generation.drawn_standard import finished as standard_sheet
from tests.generation.test_infotext import AESTHETIC, DRAWING
from tests.generation.test_infotext_reading import FOREIGN

READ = "/drawings/read"
INFO = "/api/v1/picture-info"
PIXELS = Picture.new("RGB", (8, 8), (200, 30, 60))
PROMPT = "a lighthouse at night"

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(finished: Generation) -> bytes:
    """The personalised picture of ada's finished drawing."""
    return personalised_png(finished, PIXELS)


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def show(client: Client, data: bytes, name: str = "cat.png") -> Any:
    answer = client.post(READ, {"file": factories.upload(name, data)})
    assert answer.status_code == 200
    return answer


def info(client: Client, data: bytes, **headers: str) -> Any:
    return client.post(INFO, {"file": factories.upload("cat.png", data)}, headers=headers)


def web_ui(text: str = FOREIGN) -> bytes:
    return png(PIXELS, {"parameters": text}, {})


def left_out(answer: Any) -> str:
    return " ".join(answer.context["shown"].left_out)


def filled(answer: Any) -> dict[str, str]:
    """Return what the link to the form brings."""
    return dict(parse_qsl(urlsplit(answer.context["shown"].link).query, keep_blank_values=True))


# --- The page -----------------------------------------------------------------------------------


def test_the_page_is_for_everybody_and_linked_where_drawings_are(client: Client, ada: User) -> None:
    empty = html(client.get(READ))
    assert "How was this picture made?" in empty
    assert 'enctype="multipart/form-data"' in empty
    client.force_login(ada)
    for path in ("/draw", "/drawings"):
        assert f'href="{READ}"' in html(client.get(path))


def test_a_picture_of_the_hub_tells_all_and_leads_to_its_look(
    client: Client, drawn: bytes, finished: Generation
) -> None:
    answer = show(client, drawn)
    told = html(answer)
    assert PROMPT in told
    assert f'<a href="{finished.version.get_absolute_url()}">Sea mist</a>' in told
    dose = default_dose()
    said = f"2 steps, rate {dose.rate}, weight {dose.weight}, anchor {dose.anchor}, by adam"
    assert said in told
    assert "the checkpoint&#x27;s own, 20 steps, guidance 4.0" in told
    assert "The hub draws with the same checkpoint." in told
    assert "a drawing of yours" not in told
    assert left_out(answer) == ""
    assert Generation.objects.count() == 1


def test_its_owner_is_led_to_the_drawing(
    client: Client, ada: User, drawn: bytes, finished: Generation
) -> None:
    client.force_login(ada)
    assert f'<a href="/drawings/{finished.pk}">a drawing of yours</a>' in html(show(client, drawn))


def test_these_settings_fill_the_form_and_draw_the_same(
    client: Client, bob: User, drawn: bytes, finished: Generation
) -> None:
    client.force_login(bob)
    form = client.get(show(client, drawn).context["shown"].link).context["form"]
    values = {
        name: form[name].value() for name in form.fields if name not in {"pictures", "others"}
    }
    values = {name: "" if value is None else value for name, value in values.items()}
    assert values["aesthetic"] == "ada/sea-mist@v1"
    assert values == {
        "aesthetic": str(finished.version),
        **{
            name: "" if getattr(finished, name) is None else getattr(finished, name)
            for name in values
            if name != "aesthetic"
        },
    }
    client.post("/draw", values)
    again = Generation.objects.exclude(pk=finished.pk).get()
    assert (again.seed, again.steps, again.rate) == (7, 2, finished.rate)


def test_whoever_is_not_signed_in_signs_in_first_and_comes_back_to_the_filled_form(
    client: Client, drawn: bytes
) -> None:
    answer = show(client, drawn)
    assert "You will be asked to sign in." in html(answer)
    asked = client.get(answer.context["shown"].link)
    back = dict(parse_qsl(urlsplit(asked["Location"]).query))["next"]
    assert back == answer.context["shown"].link


def test_a_plain_picture_leaves_look_and_dose_to_be_chosen(
    client: Client, finished: Generation
) -> None:
    answer = show(client, plain_png(finished, PIXELS))
    assert "none: it is a plain picture" in html(answer)
    assert "choose a look to draw it in" in left_out(answer)
    assert not {"aesthetic", "steps", "rate", "anchor"} & filled(answer).keys()
    assert filled(answer)["seed"] == "7"


def test_of_a_web_uis_picture_all_that_cannot_be_used_is_told(client: Client) -> None:
    text = FOREIGN.replace("CFG scale: 7.5", "CFG scale: 99").replace("Seed: 2", "Seed: 72")
    answer = show(client, web_ui(f"{text}, ENSD: 31337, Version: v1.6.0"))
    for sentence in (
        "The file names the look “laion_7plus” without a hash",
        "The seed “72179987202” can't be used here.",
        "The guidance “99” can't be used here.",
        "The hub has no sampler “Euler a”",
        "The hub has no setting for: ENSD.",
        "The form draws 128 by 128 pixels, and the file says 512 by 768",
    ):
        assert sentence in left_out(answer)
        assert sentence.replace("'", "&#x27;") in html(answer)
    assert filled(answer) == {
        "prompt": "portrait of a woman,\n(oil:1.2), sea",
        "negative_prompt": "blurry,\nlow quality",
        "optimiser": "adam",
        "steps": "5",
        "rate": "0.0001",
        "weight": "0.9",
        "anchor": "0.0",
        "slerp": "False",
        "clip_skip": "1",
        "sampling_steps": "30",
    }


@pytest.mark.parametrize(
    ("was", "value", "sentence"),
    [
        ("Steps: 30", "Steps: many", "The number of sampling steps “many” can't be used here."),
        ("Steps: 30", f"Steps: {'9' * 5_000}", "can't be used here: it has 5,000 characters."),
        ("weight: 0.9", "weight: nan", "The weight of the dose “nan” can't be used here."),
        ("LR: 0.0001", "LR: 1e999", "The rate of the dose “1e999” can't be used here."),
        ("LR: 0.0001", "LR: 0", "The rate of the dose “0” can't be used here."),
        ("Size: 512x768", "Size: 500x768", "500 is not a multiple of 8 pixels."),
        ("portrait", "portrait " * 200, "The prompt can't be used here."),
        ("(oil:1.2)", "(oil:9999)", "The prompt can't be used here."),
        ("Sampler: Euler a", "Sampler: DPM++ 2M", ""),
    ],
)
def test_a_value_that_no_drawing_can_have_is_told_with_its_rule(
    client: Client, was: str, value: str, sentence: str
) -> None:
    answer = show(client, web_ui(FOREIGN.replace(was, value)))
    assert sentence in left_out(answer)
    assert sentence or filled(answer)["sampler"] == "dpm++"


@pytest.mark.parametrize("guard", ["enough agreement", "most drift"])
def test_a_guard_without_a_value_is_none(client: Client, guard: str) -> None:
    answer = show(client, web_ui(FOREIGN.replace("Steps: 30", f"Steps: 30, Aesthetic {guard}: ")))
    assert filled(answer) == filled(show(client, web_ui(FOREIGN)))


def test_markup_in_a_file_stays_words(client: Client) -> None:
    told = html(show(client, web_ui(FOREIGN.replace("portrait", "<script>x</script>")), "<b>.png"))
    assert "<script>x" not in told
    assert "&lt;script&gt;x" in told
    assert "<b>.png" not in told


def test_a_prompt_too_long_for_a_link_is_told_and_not_cut(client: Client) -> None:
    answer = show(client, web_ui(FOREIGN.replace("portrait", "夜" * 900)))
    assert "The prompt is too long for a link; copy it from here." in left_out(answer)
    assert "prompt" not in filled(answer)
    assert filled(answer)["negative_prompt"] == "blurry,\nlow quality"
    assert len(answer.context["shown"].link) < 4_000


def test_all_that_is_too_long_for_a_link_is_told_where_there_is_no_prompt(client: Client) -> None:
    texts = {"Aesthetic embedding": "x", "Aesthetic text": "夜" * 300, "Steps": "20"}
    told = "\n" + ", ".join(f"{key}: {value}" for key, value in texts.items())
    answer = show(client, web_ui(told))
    assert "The text that the look is turned to is too long for a link" in left_out(answer)
    assert len(answer.context["shown"].link) < 4_000


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "cat.png is empty, and only PNG files are read"),
        (factories.picture(1), "cat.png doesn&#x27;t say how it was made"),
        (factories.picture(1)[:60], "cat.png is cut off in its"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_on_the_page(
    client: Client, data: bytes, sentence: str
) -> None:
    answer = show(client, data)
    assert sentence in html(answer)
    assert 'aria-invalid="true"' in html(answer)
    assert answer.context["shown"] is None


def test_no_file_is_told_too(client: Client) -> None:
    assert "Choose a file to read." in html(client.post(READ, {"file": ""}))


def test_the_page_takes_files_only_from_a_form_of_ours(drawn: bytes) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(READ, {"file": factories.upload("cat.png", drawn)}).status_code == 403


@pytest.mark.parametrize("path", [READ, INFO])
def test_a_stranger_may_send_a_picture_and_nothing_larger(client: Client, path: str) -> None:
    large = factories.upload("cat.png", bytes(6 * 2**20))
    assert "cat.png is not a PNG file" in html(client.post(path, {"file": large}))
    form = "multipart/form-data; boundary=x"
    assert client.post(path, b"--x", form, CONTENT_LENGTH=str(40 * 2**20)).status_code == 413


# --- The look here ------------------------------------------------------------------------------


def test_a_look_is_known_by_its_vector_where_the_version_is_not(
    client: Client, drawn: bytes, finished: Generation
) -> None:
    only_text = parameters(
        DRAWING, replace(AESTHETIC, vector_sha256=digests.hex_of(finished.version.vector_digest))
    )
    assert show(client, web_ui(only_text)).context["shown"].retraced.version == finished.version


def test_of_looks_with_one_vector_the_one_of_that_name_is_the_first_choice(
    client: Client, bob: User, version: Version
) -> None:
    copy = copied(version, factories.aesthetic(bob, "copied-mist"))
    for name, found in (("bob/copied-mist@v1", copy), ("x", version), ("a\n/b", version)):
        applied = replace(
            AESTHETIC, embedding=name, vector_sha256=digests.hex_of(version.vector_digest)
        )
        answer = show(client, web_ui(parameters(DRAWING, applied)))
        assert answer.context["shown"].retraced.version.pk == found.pk


def copied(version: Version, into: Aesthetic) -> Version:
    """Publish the same vector a moment later as somebody else's."""
    copy = Version.objects.get(pk=version.pk)
    copy.pk, copy._state.adding = uuid4(), True
    copy.aesthetic, copy.published_at = into, timezone.now()
    copy.version_digest = digests.digest_bytes(b"a copy")
    copy.save()
    Aesthetic.objects.filter(pk=into.pk).update(published_at=copy.published_at)
    return copy


def test_a_name_alone_proves_nothing(client: Client, version: Version) -> None:
    answer = show(client, web_ui(FOREIGN.replace("laion_7plus", "ada/sea-mist@v1")))
    assert answer.context["shown"].retraced.version is None
    assert "without a hash" in left_out(answer)


def test_a_look_that_is_not_here_is_told_by_its_hash(client: Client) -> None:
    answer = show(client, web_ui(parameters(DRAWING, AESTHETIC)))
    assert f"Its vector is <code>{'cd' * 32}</code>" in html(answer)
    assert "The look “ada/neon-nights@v2” is not in this hub; choose another." in left_out(answer)
    assert "aesthetic" not in filled(answer)


def test_a_withdrawn_look_is_shown_as_such_and_can_be_drawn_with(
    client: Client, drawn: bytes, finished: Generation
) -> None:
    publishing.yank(finished.version, reason="A picture in it was not mine.")
    answer = show(client, drawn)
    assert "v1 by ada, withdrawn" in html(answer)
    assert filled(answer)["aesthetic"] == "ada/sea-mist@v1"


def test_a_look_of_another_space_is_told_and_not_filled_in(
    client: Client, drawn: bytes, settings: Settings
) -> None:
    drawn_in, settings.HUB_SPACE = settings.HUB_SPACE, "clip-vit-l-14-openai"
    answer = show(client, drawn)
    assert f"lives in the space “{drawn_in}”" in left_out(answer)
    assert "aesthetic" not in filled(answer)


# --- The checkpoint -----------------------------------------------------------------------------


def test_another_checkpoint_is_told(client: Client, drawn: bytes, finished: Generation) -> None:
    Generation.objects.update(checkpoint=digests.digest_bytes(b"another"))
    assert "The hub's checkpoint has another hash" in html(show(client, drawn))


@pytest.mark.usefixtures("broker")
def test_the_checkpoint_is_that_which_drew_last_for_somebody_or_a_standard_sheet(
    client: Client, drawn: bytes, finished: Generation
) -> None:
    sheet = standard_sheet(finished.version, checkpoint=digests.digest_bytes(b"another"))
    Generation.objects.update(finished_at=timezone.now() - timedelta(hours=1))
    sheet.finished_at = timezone.now() - timedelta(hours=2)
    sheet.save()
    assert "The hub draws with the same checkpoint." in html(show(client, drawn))
    sheet.finished_at = timezone.now()
    sheet.save()
    cache.clear()
    assert "The hub's checkpoint has another hash" in html(show(client, drawn))


def test_before_anything_was_drawn_nobody_can_tell_the_checkpoint(
    client: Client, drawn: bytes
) -> None:
    Generation.objects.update(state=JobState.FAILED, reason="No.")
    assert "same checkpoint can't be told" in html(show(client, drawn))


def test_the_newest_drawing_is_found_by_its_index(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    plan = Generation.objects.newest_drawn()[:1].explain()
    assert "generation_newest_finished" in plan


def test_a_short_hash_is_compared_as_far_as_it_goes(client: Client, finished: Generation) -> None:
    shortened = plain_png(finished, PIXELS)
    assert info(client, shortened).json()["checkpoint"]["is_ours"] is True
    assert info(client, web_ui()).json()["checkpoint"]["is_ours"] is False


# --- The API ------------------------------------------------------------------------------------


def test_the_api_says_the_same_and_what_draws_it_again(
    client: Client, bob: User, drawn: bytes, finished: Generation
) -> None:
    answer = info(client, drawn)
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert said["name"] == "cat.png"
    assert (said["says"]["prompt"], said["says"]["seed"]) == (PROMPT, "7")
    assert said["look"]["version"] == "ada/sea-mist@v1"
    assert (
        client.get(said["look"]["url"]).json()["version_digest"] == said["look"]["version_digest"]
    )
    assert said["checkpoint"]["is_ours"] is True
    assert (said["drawing"], said["others"], said["remarks"]) == (None, {}, [])

    headers = factories.bearer(bob)
    queued = client.post(
        "/api/v1/generations", said["generation"], "application/json", headers=headers
    )
    assert queued.status_code == 202, queued.content
    again = Generation.objects.exclude(pk=finished.pk).get()
    assert (again.seed, again.width, again.anchor) == (7, finished.width, finished.anchor)


def test_the_api_names_a_drawing_to_its_owner_alone(
    client: Client, ada: User, bob: User, drawn: bytes, finished: Generation
) -> None:
    assert info(client, drawn, **factories.bearer(ada)).json()["drawing"] == str(finished.pk)
    assert info(client, drawn, **factories.bearer(bob)).json()["drawing"] is None


def test_what_another_person_shares_is_no_drawing_of_yours(
    client: Client, bob: User, drawn: bytes, finished: Generation
) -> None:
    assert Generation.objects.share(finished.pk)
    assert info(client, drawn, **factories.bearer(bob)).json()["drawing"] is None
    client.force_login(bob)
    assert "a drawing of yours" not in html(show(client, drawn))


def test_the_api_points_at_a_file_that_it_refuses(client: Client) -> None:
    answer = info(client, b"GIF89a")
    assert errors(answer) == {"/file": "not-a-png"}
    assert errors(client.post(INFO)) == {"/file": "required"}
    problem(client.get(INFO), 405, "method-not-allowed")


def test_a_damaged_picture_is_a_value_that_cannot_be_used_and_no_request_that_cannot_be_read(
    client: Client, drawn: bytes
) -> None:
    damaged = drawn.replace(PROMPT.encode(), PROMPT.upper().encode())
    answer = info(client, damaged)
    problem(answer, 422, "invalid")
    assert errors(answer) == {"/file": "malformed-picture"}


def test_a_token_needs_the_scope_read_as_for_all_that_changes_nothing(
    client: Client, ada: User, drawn: bytes
) -> None:
    assert info(client, drawn, **factories.bearer(ada, "read")).status_code == 200
    refused = info(client, drawn, **factories.bearer(ada, "generate"))
    assert "lacks the scope “read”" in problem(refused, 403, "forbidden")["detail"]


# --- The form -----------------------------------------------------------------------------------


def test_an_address_fills_every_field_and_what_is_no_value_is_told_once_it_is_sent(
    client: Client, ada: User, version: Version
) -> None:
    client.force_login(ada)
    answer = client.get("/draw?prompt=a+boat&steps=many&seed=5&weight=0.5&state=succeeded&width=8")
    form = answer.context["form"]
    assert form["prompt"].value() == "a boat"
    assert (form["seed"].value(), form["weight"].value()) == (5, 0.5)
    assert form["steps"].value() == "many"
    assert "state" not in form.initial
    sent = client.post("/draw", {"prompt": "a boat", "steps": "many", "aesthetic": "ada/sea-mist"})
    assert set(sent.context["form"].errors) == {"steps"}


def test_an_address_with_the_usual_values_leaves_the_settings_folded(
    client: Client, ada: User, version: Version
) -> None:
    client.force_login(ada)
    made = queue_generation(ada, version=version, prompt=PROMPT)
    usual = f"steps={made.steps}&rate={made.rate}&weight={made.weight}&guidance={made.guidance}"
    assert '<details class="fold" >' in html(client.get(f"/draw?{usual}"))
