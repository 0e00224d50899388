"""The hub's own sample pictures, for tests that need sets which real encoders see something in."""

from pathlib import Path

from registry import uploads
from registry.models import Aesthetic, Side
from tests.factories import SOMEWHERE

FOLDER = Path(__file__).parents[1] / "demo" / "samples"
PICTURES = {".jpg", ".png"}


def sample_files(count: int, look: str = "*") -> list[Path]:
    """Return the first `count` sample pictures, of one look or of all."""
    found = sorted(path for path in FOLDER.glob(f"{look}/*") if path.suffix in PICTURES)
    assert len(found) >= count, f"There are only {len(found)} sample pictures of {look}."
    return found[:count]


def add_samples(of: Aesthetic, count: int, look: str = "*") -> None:
    """Put sample pictures into the set, as an upload does."""
    for path in sample_files(count, look):
        data = path.read_bytes()
        uploads.add_picture(of, path.name, data, Side.TOWARDS, SOMEWHERE)
