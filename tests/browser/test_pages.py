"""Every page in a real browser: none scrolls sideways, complains, or calls another machine."""

import base64
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from PIL import Image
from playwright.sync_api import expect

from generation import sharing
from generation.models import Generation
from generation.prompts import queue_generation
from generation.provenance import personalised_png
from registry import blending, blobs, digests, formats, notices, publishing
from registry.aliases import move_alias
from registry.leases import Lease
from registry.models import Version
from tests import factories
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What a browser does when somebody drops a file, but for the hand that drops it.
DROP = """(encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], "kept.png", {type: "image/png"}));
  window.dispatchEvent(new DragEvent("drop", {dataTransfer: dropped, cancelable: true}));
}"""

LONG = "An-unbroken-title-that-goes-on-and-on-" * 3


@pytest.fixture
def drawing(transactional_db: None) -> Generation:
    """A drawing with long words everywhere, and what it is made of."""
    ada = factories.person("a" * 39)
    aesthetic = factories.aesthetic(
        ada, "s" * 96, title=LONG[:120], card=f"# {LONG}\n\n    {LONG}", tags=["t" * 32, "ink"]
    )
    version = factories.published(aesthetic)
    made = queue_generation(ada, version=version, prompt=LONG * 3)
    lease = Lease(made)
    assert lease.claim()
    lease.succeed(
        checkpoint=digests.digest_bytes(b"a checkpoint"),
        plain=blobs.ensure_blob(factories.picture(1)),
        personalised=blobs.ensure_blob(factories.picture(2)),
        agreement=[0.1, 0.3],
        drift=0.25,
    )
    made.refresh_from_db()
    return made


@pytest.fixture
def kept(drawing: Generation, tmp_path: Path) -> Path:
    """The file of the drawing, as somebody has kept it."""
    file = tmp_path / "kept.png"
    file.write_bytes(personalised_png(drawing, Image.new("RGB", (8, 8))))
    return file


def blended(version: Version) -> Version:
    """Publish a blend of the version with another one, in long words."""
    owner = version.aesthetic.owner
    into, other = (factories.aesthetic(owner, name * 96, title=LONG[:120]) for name in "bo")
    order = blending.Order("difference", [(version, None), (factories.shelved(other), None)])
    return publishing.publish(blending.blend_into(into, blending.examine(order)).version)


def signed_in(visit: Visit, made: Generation) -> Visitor:
    client = Client()
    client.force_login(made.owner)
    return visit(session=client.session.session_key)


def test_no_page_scrolls_sideways_complains_or_calls_another_machine(
    visit: Visit, drawing: Generation
) -> None:
    sharing.share(drawing)
    move_alias(drawing.aesthetic, "a" * 128, to=drawing.version, by=drawing.owner)
    removed = queue_generation(drawing.owner, version=drawing.version, prompt=LONG * 3)
    Generation.objects.remove(removed.pk)
    blend = blended(drawing.version)
    notices.tell(drawing.owner, LONG * 8, url=blend.get_absolute_url())
    visitor = signed_in(visit, drawing)
    look = drawing.aesthetic.get_absolute_url()
    for path in (
        "/",
        "/?q=nothing-of-this-kind",
        f"/{drawing.owner.username}",
        look,
        f"{look}/images",
        f"{look}/edit",
        f"{look}/builds/{drawing.version_id}/check",
        f"{look}/versions/v1/difference/v1",
        "/new",
        "/new/import",
        f"/new/blend?operation=difference&looks={drawing.version}%0A{blend}",
        blend.get_absolute_url(),
        f"{blend.get_absolute_url()}/lineage",
        f"{look}/images/origins",
        "/account/notices",
        "/by-hash",
        f"/by-hash?hash={drawing.version.vector_digest}",
        f"/by-hash?hash={LONG}",
        f"/draw?aesthetic={drawing.version}",
        f"{look}/drawings",
        "/drawings",
        "/drawings/read",
        f"/drawings?q=nothing&look={drawing.aesthetic.ref}",
        "/drawings/removed",
        f"/drawings/{drawing.pk}",
        f"/drawings/{drawing.pk}/remove",
        f"/drawings/{removed.pk}",
        "/accounts/tokens/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/logout/",
        "/about",
        "/problems/not-found",
    ):
        visitor.go(path)
    visitor.assert_no_complaints()


def test_the_page_of_a_look_shows_what_is_shared_and_without_scripts_leads_there(
    visit: Visit, drawing: Generation
) -> None:
    sharing.share(drawing)
    visitor = visit()
    visitor.go(drawing.aesthetic.get_absolute_url())
    drawn = visitor.page.get_by_role("img", name=drawing.prompt)
    expect(drawn).to_be_visible()
    drawn.click()
    visitor.page.wait_for_url(f"**/drawings/{drawing.pk}")

    plainly = visit(scripts=False)
    plainly.go(drawing.aesthetic.get_absolute_url())
    plainly.follow("All shared drawings")
    expect(plainly.page.locator(f"a[href='{drawing.get_absolute_url()}']")).to_be_visible()
    for each in (visitor, plainly):
        each.assert_no_complaints()


def test_the_pages_of_the_api_are_served_from_here(visit: Visit) -> None:
    visitor = visit()
    visitor.go("/api/docs")
    visitor.page.get_by_text("/api/v1/aesthetics", exact=True).first.wait_for()
    visitor.assert_no_complaints()


def test_a_dropped_picture_says_how_it_was_made_and_fills_the_form(
    visit: Visit, drawing: Generation, kept: Path
) -> None:
    visitor = signed_in(visit, drawing)
    visitor.go("/drawings/read")
    with visitor.page.expect_event("load"):
        visitor.page.evaluate(DROP, base64.b64encode(kept.read_bytes()).decode())
    visitor.look()
    visitor.follow("Use these settings")
    assert visitor.page.get_by_label("Prompt", exact=True).input_value() == drawing.prompt
    assert visitor.page.get_by_label("Look", exact=True).input_value() == str(drawing.version)
    visitor.assert_no_complaints()


def test_a_dropped_embedding_is_found_and_an_unknown_one_is_imported_without_scripts(
    visit: Visit, drawing: Generation, tmp_path: Path
) -> None:
    vector = np.array(drawing.version.vector, dtype=np.float32)
    visitor = visit()
    visitor.go("/by-hash")
    with visitor.page.expect_event("load"):
        visitor.page.evaluate(DROP, base64.b64encode(formats.write_npy(vector)).decode())
    visitor.look()
    expect(visitor.page.get_by_role("heading", name="kept.png is here.")).to_be_visible()
    client = Client()
    client.force_login(drawing.owner)
    plainly = visit(scripts=False, session=client.session.session_key)
    file = tmp_path / "other.npy"
    file.write_bytes(formats.write_npy(vector * 2 + 1))
    plainly.go("/by-hash")
    plainly.page.get_by_label("Choose an embedding file").set_input_files(file)
    plainly.press("Find it")
    expect(plainly.page.get_by_text("Neither other.npy nor its vector is here.")).to_be_visible()
    plainly.follow("Import it")
    plainly.page.get_by_label("Embedding file").set_input_files(file)
    plainly.page.get_by_label("Title").fill("Another look")
    plainly.press("Import")
    expect(plainly.page.get_by_text("imported from a .npy file")).to_be_visible()
    for each in (visitor, plainly):
        each.assert_no_complaints()


def test_without_scripts_the_form_reads_the_file_just_as_well(visit: Visit, kept: Path) -> None:
    visitor = visit(scripts=False)
    visitor.go("/drawings/read")
    visitor.page.get_by_label("Choose a PNG").set_input_files(kept)
    visitor.press("Read it")
    assert visitor.page.get_by_text("Use these settings").is_visible()
    visitor.assert_no_complaints()
