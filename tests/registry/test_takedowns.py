"""Taking down: by a keeper, with a reason; what is left, and what is gone everywhere."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from generation.prompts import find_version
from registry import covers, publishing, search, takedowns, verifying
from registry.aliases import move_alias
from registry.leases import JobLost, Lease
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import problem

VERSIONS = "/api/v1/aesthetics/ada/sea-mist/versions"
REASON = "The pictures were not ada's."


@pytest.fixture
def down(version: Version) -> Version:
    move_alias(version.aesthetic, "stable", to=version, by=version.aesthetic.owner)
    return takedowns.take_down(version, reason=REASON)


def all_its_bytes(version: Version) -> list[str]:
    files = [(file.name, file.digest) for file in version.files.all()]
    names = ("v1", "stable", version.version_digest)
    parts = ("manifest", "recipe", "neighbours", *(f"files/{name}" for name, _ in files))
    blobs = (*(digest for _, digest in files), version.version_digest, version.recipe_digest)
    return [
        *(f"{VERSIONS}/{name}/{part}" for name in names for part in parts),
        *(f"{VERSIONS}/{name}" for name in names),
        *(f"/api/v1/blobs/{digest}" for digest in blobs),
    ]


def test_before_it_all_these_addresses_answer(client: Client, version: Version) -> None:
    """Or the test below would prove nothing."""
    move_alias(version.aesthetic, "stable", to=version, by=version.aesthetic.owner)
    assert {client.get(path).status_code for path in all_its_bytes(version)} == {200}


def test_a_tombstone_with_digest_and_reason_is_all_that_is_served(
    client: Client, down: Version, ada: User
) -> None:
    for headers in ({}, factories.bearer(ada)):
        for path in all_its_bytes(down):
            body = problem(client.get(path, headers=headers), 451, "taken-down")
            assert (body["digest"], body["reason"]) == (down.version_digest, REASON), path
            assert client.head(path, headers=headers).status_code == 451


def test_its_page_says_so_and_shows_nothing_of_it(client: Client, down: Version) -> None:
    for path in ("/ada/sea-mist", "/ada/sea-mist/versions/v1", "/ada/sea-mist/versions/stable"):
        response = client.get(path)
        page = response.content.decode()
        assert response.status_code == 451
        assert REASON.replace("'", "&#x27;") in page
        assert down.version_digest in page
        assert "thumbnails" not in page


def test_it_is_not_measured_again_to_the_end(version: Version) -> None:
    told = factories.verified(version)
    asked = verifying.queue_verification(version)
    lease = Lease(asked)
    assert lease.claim()
    takedowns.take_down(version, reason=REASON)
    with pytest.raises(JobLost):
        lease.report(stage="encoding pictures again", done=1, total=5)
    for verification, state in ((told, "succeeded"), (asked, "cancelled")):
        verification.refresh_from_db()
        assert verification.state == state


def test_its_covers_are_no_longer_shown_to_others(client: Client, version: Version) -> None:
    digest = covers.covers_of([version.pk])[version.pk][0]
    address = covers.thumbnail_url(version.aesthetic, digest)
    assert client.get(address).status_code == 200
    takedowns.take_down(version, reason=REASON)
    assert client.get(address).status_code == 404


def test_it_is_in_no_list_no_search_and_not_drawn_with(
    client: Client, down: Version, bob: User
) -> None:
    other = factories.shelved(factories.aesthetic(bob, "other"))
    assert not search.browse(search.Criteria(query="mist"), person=bob).exists()
    assert search.neighbours(other, person=bob, most=5) == []
    assert find_version("ada/sea-mist@v1", person=bob) is None
    assert find_version("ada/sea-mist", person=AnonymousUser()) is None
    assert "Sea Mist" not in client.get("/").content.decode()


def test_by_its_digests_the_tombstone_is_found(client: Client, down: Version) -> None:
    (item,) = client.get(f"/api/v1/by-hash/{down.vector_digest}").json()["items"]
    assert item["taken_down"]["reason"] == REASON
    assert item["files"] == []
    (listed,) = client.get(VERSIONS).json()["items"]
    assert listed["taken_down"]["reason"] == REASON


def copied(version: Version, owner: User) -> Version:
    """Build the set of a version anew, as a look of somebody's."""
    copy = factories.aesthetic(owner, "copy")
    for seed in range(5):
        factories.member(copy, 1000 * version.aesthetic_id + seed)
    build = factories.built(copy)
    assert build.vector_digest == version.vector_digest
    return build


def test_what_another_version_has_as_well_is_still_served(
    client: Client, version: Version, bob: User
) -> None:
    copy = publishing.publish(copied(version, bob))
    shared = version.files.get(name="sea-mist.npy").digest
    assert copy.files.filter(digest=shared).exists()
    takedowns.take_down(version, reason=REASON)
    assert client.get(f"/api/v1/blobs/{shared}").status_code == 200


@pytest.mark.parametrize("is_deleted", [False, True])
def test_the_same_vector_in_another_draft_is_not_published(
    client: Client, version: Version, bob: User, is_deleted: bool
) -> None:
    build = copied(version, bob)
    takedowns.take_down(version, reason=REASON)
    if is_deleted:
        publishing.delete(version.aesthetic)
    answer = client.post(
        "/api/v1/aesthetics/bob/copy/versions",
        {"build": str(build.pk)},
        "application/json",
        headers=factories.bearer(bob),
    )
    body = problem(answer, 451, "taken-down")
    assert ("ada/sea-mist@v1" in body["detail"]) is not is_deleted
    assert ("digest" in body) is not is_deleted
    assert Version.objects.get(pk=build.pk).number is None


def test_nor_built_anew_by_its_owner_once_the_look_is_deleted(
    client: Client, version: Version, ada: User
) -> None:
    takedowns.take_down(version, reason=REASON)
    publishing.delete(version.aesthetic)
    build = copied(version, ada)
    client.force_login(ada)
    page = client.post(f"/ada/copy/builds/{build.pk}/publish", follow=True)
    assert "was taken down here" in page.content.decode()
    assert Version.objects.get(pk=build.pk).number is None


def test_the_next_version_has_the_next_number(down: Version) -> None:
    factories.member(down.aesthetic, 77)
    assert factories.published(down.aesthetic).name == "v2"
    assert down.aesthetic.versions.named("latest").get().number == 2


def test_it_needs_a_reason_and_a_published_version(draft: Aesthetic) -> None:
    build = factories.built(draft)
    with pytest.raises(ValidationError):
        takedowns.take_down(build, reason=REASON)
    version = publishing.publish(build, accepts={"accept_few"})
    with pytest.raises(ValidationError):
        takedowns.take_down(version, reason="")
    once = takedowns.take_down(version, reason=REASON)
    again = takedowns.take_down(version, reason="Another.")
    assert again.takedown_reason == REASON
    assert again.taken_down_at == once.taken_down_at


def keeper(*permissions: str) -> Client:
    person = User.objects.create(username="keeper", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return client


def test_a_keeper_takes_down_in_the_admin_after_giving_a_reason(version: Version) -> None:
    client = keeper("view_version", "take_down_version")
    asked = {"action": "take_down", "_selected_action": [str(version.pk)]}
    page = client.post("/admin/registry/version/", asked)
    assert "ada/sea-mist@v1" in page.content.decode()
    page = client.post("/admin/registry/version/", {**asked, "reason": ""})
    assert "This field is required." in page.content.decode()
    version.refresh_from_db()
    assert version.taken_down_at is None
    done = client.post("/admin/registry/version/", {**asked, "reason": REASON})
    assert done.status_code == 302
    version.refresh_from_db()
    assert version.takedown_reason == REASON
    history = client.get(f"/admin/registry/version/{version.pk}/history/").content.decode()
    assert "Taken down:" in history


def test_whoever_may_only_look_takes_nothing_down(version: Version) -> None:
    client = keeper("view_version")
    asked = {"action": "take_down", "_selected_action": [str(version.pk)], "reason": REASON}
    client.post("/admin/registry/version/", asked)
    version.refresh_from_db()
    assert version.taken_down_at is None
