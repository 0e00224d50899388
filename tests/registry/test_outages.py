"""What counts as an outage: asked of real servers, ports, files and disks."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

import httpx2
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pytest_django import Settings

from registry import blobs
from registry.outages import ModelsAway, Outage, StoreAway, is_outage, is_unmounted, raised_as
from tests.bucket import HANG_UP, Bucket

FAILURES = (OSError, BotoCoreError, ClientError, httpx2.HTTPError, HTTPException)
NONE = "sha256:" + "0" * 64


def error_of(call: Callable[[], object]) -> Exception:
    try:
        call()
    except FAILURES as error:
        return error
    pytest.fail("There was no failure.")


def ask_a_closed_port(library: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    if library == "httpx2":
        httpx2.get(url)
    else:
        urllib.request.urlopen(url)


@pytest.mark.parametrize("library", ["httpx2", "urllib"])
def test_a_port_where_nobody_answers_is_an_outage(library: str) -> None:
    assert is_outage(error_of(lambda: ask_a_closed_port(library)))


def test_a_name_that_nobody_resolves_is_an_outage() -> None:
    assert is_outage(error_of(lambda: socket.getaddrinfo("no-such-host.invalid", 80)))


def test_a_server_that_says_nothing_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert is_outage(error_of(lambda: httpx2.get(url, timeout=0.2)))
        assert is_outage(error_of(lambda: urllib.request.urlopen(url, timeout=0.2)))


@pytest.mark.parametrize(
    ("status", "expected"),
    [(503, True), (500, True), (429, True), (501, False), (403, False), (404, False), (401, False)],
)
def test_the_status_of_an_answer_decides(bucket: Bucket, status: int, expected: bool) -> None:
    bucket.refuses = status
    said = error_of(lambda: urllib.request.urlopen(bucket.url))  # noqa: S310
    assert is_outage(said) is expected
    assert is_outage(error_of(lambda: httpx2.get(bucket.url).raise_for_status())) is expected
    said = error_of(lambda: default_storage.save("x", ContentFile(b"x")))
    assert is_outage(said) is expected


def test_a_disk_that_is_full_is_an_outage() -> None:
    def write() -> None:
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")

    assert is_outage(error_of(write))


@pytest.mark.parametrize("path", ["no-such-file", ".", "name/below/none", "x" * 300])
def test_a_file_that_is_not_there_or_is_none_is_no_outage(tmp_path: Path, path: str) -> None:
    assert not is_outage(error_of((tmp_path / path).read_bytes))


def test_what_it_was_raised_for_decides_too_and_a_wrapping_is_seen_through() -> None:
    class Hidden(Exception):
        pass

    def hide() -> None:
        try:
            ask_a_closed_port("httpx2")
        except httpx2.HTTPError as error:
            raise Hidden from error

    with pytest.raises(ModelsAway), raised_as(ModelsAway):
        hide()
    with pytest.raises(Hidden), raised_as(ModelsAway):
        raise Hidden


def test_an_outage_keeps_its_name_further_up() -> None:
    with pytest.raises(StoreAway), raised_as(ModelsAway):
        raise StoreAway


def test_an_empty_folder_is_one_whose_volume_is_not_mounted(tmp_path: Path) -> None:
    assert is_unmounted(tmp_path)
    assert is_unmounted(tmp_path / "none")
    (tmp_path / "file").touch()
    assert not is_unmounted(tmp_path)


# --- The store ----------------------------------------------------------------------------------


def test_a_bucket_takes_and_gives_blobs(bucket: Bucket) -> None:
    digest = blobs.ensure_blob(b"hello")
    assert blobs.read_blob(digest) == b"hello"
    with pytest.raises(FileNotFoundError) as caught:
        blobs.read_blob(NONE)
    assert not isinstance(caught.value, Outage)


CALLS = [
    pytest.param(lambda: blobs.read_blob(NONE), id="read"),
    pytest.param(lambda: blobs.ensure_blob(b"new"), id="look and write"),
    pytest.param(lambda: blobs.write_blob(b"new"), id="write"),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_bucket_that_is_away_is_raised_as_such_and_works_when_it_is_back(
    bucket: Bucket, call: Callable[[], object]
) -> None:
    digest = blobs.ensure_blob(b"hello")
    bucket.stop()
    with pytest.raises(StoreAway):
        call()
    bucket.start()
    for bucket.refuses in (503, 500, HANG_UP):
        with pytest.raises(StoreAway):
            call()
    bucket.refuses = None
    assert blobs.read_blob(digest) == b"hello"


@pytest.mark.parametrize("call", CALLS)
def test_a_bucket_that_knows_us_not_is_no_outage(
    bucket: Bucket, call: Callable[[], object]
) -> None:
    bucket.refuses, bucket.code = 403, "InvalidAccessKeyId"
    with pytest.raises(ClientError, match=r"403|InvalidAccessKeyId"):
        call()


def test_a_slow_request_that_the_bucket_gave_up_is_an_outage(bucket: Bucket) -> None:
    bucket.refuses, bucket.code = 400, "RequestTimeout"
    with pytest.raises(StoreAway):
        blobs.write_blob(b"hello")
    bucket.code = "InvalidArgument"
    with pytest.raises(ClientError, match="InvalidArgument"):
        blobs.write_blob(b"hello")


def test_a_store_on_disk_that_is_away_is_raised_as_such_and_a_lost_blob_is_not(
    media_folder: Path,
) -> None:
    digest = blobs.ensure_blob(b"hello")
    elsewhere = media_folder.rename(media_folder.with_name("elsewhere"))
    with pytest.raises(StoreAway):
        blobs.read_blob(digest)
    media_folder.mkdir()  # a mount point
    with pytest.raises(StoreAway):
        blobs.read_blob(digest)
    media_folder.rmdir()
    elsewhere.rename(media_folder)
    assert blobs.read_blob(digest) == b"hello"
    with pytest.raises(FileNotFoundError) as caught:
        blobs.read_blob(NONE)
    assert not isinstance(caught.value, Outage)


def test_a_setting_that_is_wrong_is_no_outage(bucket: Bucket, settings: Settings) -> None:
    options = {**bucket.storages()["OPTIONS"], "endpoint_url": "not an address"}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**bucket.storages(), "OPTIONS": options},
    }
    with pytest.raises(ValueError, match="not an address"):
        blobs.read_blob(NONE)


# --- The Hugging Face Hub -----------------------------------------------------------------------

# The library tries six times, with 23 seconds of pauses in all, which are left out here.
DOWNLOAD = """
import django, time
django.setup()
time.sleep = lambda _: None
from generation.worker_models import checkpoint_digest
try:
    checkpoint_digest()
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"HF_HUB_OFFLINE": "0"}, "ModelsAway", id="nobody answers"),
        pytest.param({"HF_HUB_OFFLINE": "1"}, "CheckpointUnavailable", id="a setting forbids it"),
    ],
)
def test_a_checkpoint_that_cannot_be_downloaded_now_is_an_outage(
    tmp_path: Path, variables: dict[str, str], expected: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    environment = os.environ | {
        "HF_ENDPOINT": endpoint,
        "HF_HUB_CACHE": str(tmp_path),
        "DIFFUSION_MODEL": "somebody/some-checkpoint",
        "DJANGO_SETTINGS_MODULE": "hub.settings",
        **variables,
    }
    ended = subprocess.run(
        [sys.executable, "-c", DOWNLOAD],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.strip() == expected, ended.stderr
