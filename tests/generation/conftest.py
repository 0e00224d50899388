"""People, versions to draw with (one of invented vectors, one measured for real) and models."""

from pathlib import Path
from uuid import uuid4

import pytest
from diffusers import StableDiffusionXLPipeline
from django.conf import settings as current
from pytest_django import Settings

from accounts.models import User
from generation.checkpoint import Models
from generation.models import Generation
from generation.prompts import queue_generation
from registry import blobs, digests, publishing, queueing
from registry.encoder import Encoder, Source
from registry.leases import Lease
from registry.models import Version
from registry.tasks import build_version
from registry.worker_encoder import ensure_space
from tests import factories
from tests.generation.sdxl import as_diffusers_reads, save_sdxl
from tests.samples import add_samples

WEIGHTS = Path(__file__).parents[2] / "demo" / "weights"


@pytest.fixture(autouse=True)
def own_cache(settings: Settings) -> None:
    """Let no test find what another has kept."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(Source(f"local-dir:{WEIGHTS / 'open_clip'}"))


@pytest.fixture(scope="module")
def models(encoder: Encoder) -> Models:
    return Models.load(str(WEIGHTS / "sd"), encoder.text_projection)


@pytest.fixture(scope="session")
def sdxl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint of the SDXL kind."""
    return save_sdxl(tmp_path_factory.mktemp("sdxl"))


@pytest.fixture(scope="module")
def sdxl(sdxl_folder: Path, encoder: Encoder) -> Models:
    return Models.load(str(sdxl_folder), encoder.text_projection)


@pytest.fixture(scope="module")
def sdxl_pipeline(sdxl_folder: Path) -> StableDiffusionXLPipeline:
    """The same as diffusers alone reads it."""
    return as_diffusers_reads(sdxl_folder)


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada")


@pytest.fixture
def bob(db: None) -> User:
    return factories.person("bob")


@pytest.fixture
def version(ada: User) -> Version:
    """ada/sea-mist@v1, of invented vectors: enough for everything but the drawing itself."""
    return factories.published(factories.aesthetic(ada, title="Sea mist"))


@pytest.fixture
def measured(ada: User) -> Version:
    """ada/nebulae@v1, measured from sample pictures by the real encoder."""
    ensure_space(current.HUB_SPACE)
    aesthetic = factories.aesthetic(ada, "nebulae", title="Nebulae")
    add_samples(aesthetic, 5, "painted-nebulae")
    build = queueing.queue_build(aesthetic).version
    build_version(str(build.pk))
    return publishing.publish(build)


@pytest.fixture
def finished(ada: User, version: Version) -> Generation:
    """A drawing of ada's as a worker leaves it, with pictures that nobody had to draw."""
    made = queue_generation(ada, version=version, prompt="a lighthouse at night", seed=7, steps=2)
    lease = Lease(made)
    assert lease.claim()
    lease.succeed(
        checkpoint=digests.digest_bytes(b"a checkpoint"),
        plain=blobs.ensure_blob(factories.picture(1)),
        personalised=blobs.ensure_blob(factories.picture(2)),
        agreement=[0.1, 0.2, 0.3],
        steps_taken=2,
        drift=0.25,
        done=made.total,
    )
    made.refresh_from_db()
    return made
