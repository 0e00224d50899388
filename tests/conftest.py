"""Fixtures of all tests: the embedded services, started when first needed, and a media folder."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.embedded import broker_url, var_folder
from hub.embedded.postgres import start_postgres
from hub.embedded.valkey import start_valkey


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """Start the embedded PostgreSQL before pytest-django makes the test database in it."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    server = start_postgres(var_folder())
    yield
    server.stop()


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Start the embedded Valkey, unless CELERY_BROKER_URL names a broker; give its address."""
    if os.environ.get("CELERY_BROKER_URL"):
        yield os.environ["CELERY_BROKER_URL"]
        return
    server = start_valkey(var_folder())
    yield broker_url(var_folder())
    server.stop()


@pytest.fixture
def fresh_var() -> Iterator[Path]:
    """Give a var folder for servers of the test's own.

    Not below pytest's folder: each session of pytest closes that to all other users, also under
    the hands of another session; and the PostgreSQL of root runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="hub-test-") as folder:
        yield Path(folder).resolve()


@pytest.fixture(autouse=True)
def media_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give each test a media folder of its own, where Django takes part."""
    folder = tmp_path / "media"
    if request.config.pluginmanager.hasplugin("django"):
        request.getfixturevalue("settings").MEDIA_ROOT = folder
    return folder


@pytest.fixture(scope="module")
def one_torch_thread() -> Iterator[None]:
    """On shared cores a second thread spins for longer than it helps: 128 s instead of 11 s."""
    import torch  # only for the tests that ask for this

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
