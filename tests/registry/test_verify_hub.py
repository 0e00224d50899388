"""`python -m registry.verify owner/slug@v1 --hub URL`: all that a hub serves must agree."""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import issue_token
from registry import blobs, digests
from registry.models import Aesthetic, Version
from registry.verify.__main__ import main
from tests import factories

REF = "ada/sea-mist@v1"
NOBODYS = "sha256:" + "0" * 64
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.django_db(transaction=True)


def check(live_server: LiveServer, ref: str = REF, *options: str) -> int:
    return main([ref, "--hub", live_server.url, *options])


def test_a_version_that_is_right_is_called_so(live_server: LiveServer, version: Version) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "registry.verify", REF, "--hub", live_server.url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{REF}: right\n")
    for digest in (version.version_digest, version.vector_digest, version.recipe_digest):
        assert digest in done.stdout


def test_all_names_of_a_version_can_be_checked(live_server: LiveServer, version: Version) -> None:
    for ref in ("ada/sea-mist", "ada/sea-mist@latest", f"ada/sea-mist@{version.version_digest}"):
        assert check(live_server, ref) == 0
    assert check(live_server, REF, "--digest", version.version_digest) == 0
    assert check(live_server, REF, "--digest", version.vector_digest) == 0
    assert check(live_server, REF, "--digest", NOBODYS) == 1


def test_what_is_not_there_is_not_checked(
    live_server: LiveServer, version: Version, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(live_server, "ada/sea-mist@v2") == 3
    assert "is not there" in capsys.readouterr().out
    assert main([REF, "--hub", "http://localhost:9"]) == 3
    assert "can't be reached" in capsys.readouterr().out
    assert main([REF, "--hub", "file:///etc"]) == 3
    assert "no address of a hub" in capsys.readouterr().out


class Elsewhere(BaseHTTPRequestHandler):
    """A hub that has moved to where nobody should follow with a token."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://localhost:9/other")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_nobody_is_followed_elsewhere_with_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadingHTTPServer(("localhost", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert main([REF, "--hub", f"http://localhost:{server.server_port}"]) == 3
        server.shutdown()
    assert "is elsewhere now, at http://localhost:9/other" in capsys.readouterr().out


def test_what_is_private_needs_its_owners_token(
    live_server: LiveServer, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    assert check(live_server) == 3
    _, secret = issue_token(version.aesthetic.owner, name="mine", scopes=["read"])
    monkeypatch.setenv("HUB_TOKEN", secret)
    assert check(live_server) == 0


def test_bytes_that_were_changed_on_the_hub_are_named(
    live_server: LiveServer,
    version: Version,
    media_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = version.files.get(name="sea-mist.npy")
    path = media_folder / blobs.path_of(file.digest)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert check(live_server) == 1
    found = digests.digest_bytes(bytes(data))
    printed = capsys.readouterr().out
    assert f"file sea-mist.npy, sha256: expected {file.digest}, found {found}" in printed
    assert f"file sea-mist.npy, vector digest: expected {version.vector_digest}" in printed
    assert "ETag of sea-mist.npy" in printed


def test_a_hub_whose_rows_were_changed_is_found_out(
    live_server: LiveServer, draft: Aesthetic, capsys: pytest.CaptureFixture[str]
) -> None:
    """The owner of a database can publish what does not hang together."""
    shelved = factories.shelved(draft)
    assert check(live_server) == 1
    printed = capsys.readouterr().out
    nothing = digests.digest_bytes(b"{}")
    assert f"the manifest: expected {shelved.version_digest}, found {nothing}" in printed
    assert f"recipe digest: expected {shelved.recipe_digest}, found {nothing}" in printed
    assert "no manifest of a version" in printed


def test_a_hub_that_gives_another_aesthetic_under_the_name_is_found_out(
    live_server: LiveServer, version: Version, capsys: pytest.CaptureFixture[str]
) -> None:
    """All its parts agree with each other; but they are somebody else's."""
    Aesthetic.objects.update(slug="cloud")
    assert check(live_server, "ada/cloud@v1") == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "expected" in line]
    assert line == (
        "  manifest, org.opencontainers.image.ref.name: expected ada/cloud, found ada/sea-mist"
    )
