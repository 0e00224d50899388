"""What a set costs when it is measured first, when it grows, and when a picture is dropped.

    python -m bench.registry [--pictures 1000] [--side 1024]

Takes the whole way of a worker, from the queue to the sealed files, on a PostgreSQL of its own and
an encoder of CLIP ViT-L/14's shapes with random weights, which cost the same time as real ones. The
pictures are cut from the sample sets, each different, and scaled to `--side` pixels, so that
decoding costs what it does for uploads. The encoder is loaded and warm before the clock starts, as
in a worker that has built before. Prints a table and last one JSON line.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import django
import numpy as np
from PIL import Image

from bench.embedding import SAMPLES, clip_l

ADDED = 10  # pictures that a set grows by
MOST_OF_FIRST = {"added": 0.03, "dropped": 0.01}  # of the first build's time, at 1,000 pictures
MOST_OUTSIDE = 0.10  # of the first build's time, that is not the encoder's
QUALITY = 90  # of the JPEG files


@dataclass(slots=True)
class Clock:
    """Seconds of the steps, and how many of them the encoder had."""

    encoder: float = 0.0

    @contextmanager
    def around_encoder(self) -> Iterator[None]:
        """Count the time of each forward pass."""
        from registry.encoder import Encoder

        encode = Encoder.encode_pictures

        def timed(encoder: Encoder, arrays: Any) -> np.ndarray:
            start = time.perf_counter()
            vectors = encode(encoder, arrays)
            self.encoder += time.perf_counter() - start
            return vectors

        setattr(Encoder, "encode_pictures", timed)  # noqa: B010 (to look at it, not to change it)
        try:
            yield
        finally:
            setattr(Encoder, "encode_pictures", encode)  # noqa: B010

    def seconds(self, work: Callable[[], object]) -> tuple[float, float]:
        """Return how long the work took, and the encoder's part of it."""
        self.encoder = 0.0
        start = time.perf_counter()
        work()
        return time.perf_counter() - start, self.encoder


def main() -> None:
    """Build four times and print how the times compare."""
    options = parse()
    with tempfile.TemporaryDirectory() as folder, hub_of_its_own(Path(folder)):
        times = measure(options.pictures, options.side)
    report(times, options.pictures)


@contextmanager
def hub_of_its_own(folder: Path) -> Iterator[None]:
    """Start a database in `folder` and set Django up with it and the encoder of CLIP-L's shapes."""
    from hub.embedded.postgres import start_postgres

    os.environ.update(
        HUB_VAR=str(folder),
        HUB_SPACE="bench",
        ENCODER_MODEL=clip_l(folder),
        CELERY_BROKER_URL="memory://",
        LOG_LEVEL="ERROR",
        DJANGO_SETTINGS_MODULE="hub.settings",
    )
    os.environ.pop("DATABASE_URL", None)
    server = start_postgres(folder)
    try:
        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        yield
        connections.close_all()
    finally:
        server.stop()


def measure(count: int, side: int) -> dict[str, tuple[float, float]]:
    """Return the seconds of each step, and the encoder's part of them."""
    from accounts.models import User
    from registry import dropping, queueing, uploads
    from registry.models import Aesthetic, Member, Side
    from registry.tasks import build_version
    from registry.worker_encoder import encoder_for, ensure_space

    def fill(aesthetic: Aesthetic, first: int, last: int) -> None:
        nowhere = uploads.Provenance()
        for number in range(first, last):
            uploads.add_picture(
                aesthetic, f"{number}.jpg", picture(number, side), Side.TOWARDS, nowhere
            )

    def build(aesthetic: Aesthetic) -> None:
        run(queueing.queue_build(aesthetic).version)

    def run(version: Any) -> None:
        build_version(str(version.pk))
        version.refresh_from_db()
        if not version.has_succeeded:
            raise RuntimeError(version.reason)

    def drop_one(aesthetic: Aesthetic) -> None:
        member = aesthetic.members.select_related("image")[0]
        place = (member.image.digest, member.side)
        run(dropping.drop_and_build(aesthetic, {place})[1].version)

    person = User.objects.create(username="bench")
    first, same = (
        Aesthetic.objects.create(owner=person, slug=slug, title=slug) for slug in ("first", "same")
    )
    space, _ = ensure_space("bench")
    size = space.image_size
    encoder_for(space).encode_pictures([np.zeros((size, size, 3), dtype=np.uint8)])
    fill(first, 0, count)
    Member.objects.bulk_create(
        Member(aesthetic=same, image_id=member.image_id, filename=member.filename)
        for member in first.members.all()
    )
    clock, times = Clock(), {}
    with clock.around_encoder():
        times["first"] = clock.seconds(lambda: build(first))
        times["unchanged"] = clock.seconds(lambda: build(same))
        fill(first, count, count + ADDED)
        times["added"] = clock.seconds(lambda: build(first))
        times["dropped"] = clock.seconds(lambda: drop_one(first))
    return times


def picture(number: int, side: int) -> bytes:
    """Cut the picture of this number from a sample picture: a JPEG of `side` pixels a side."""
    files = sorted(SAMPLES.glob("*/*.jpg"))
    generator = np.random.default_rng(number)
    with Image.open(files[number % len(files)]) as sample:
        width, height = sample.size
        cut = generator.uniform(0.7, 0.95) * min(width, height)
        left, top = generator.uniform(0, width - cut), generator.uniform(0, height - cut)
        part = sample.resize((side, side), box=(left, top, left + cut, top + cut))
    file = BytesIO()
    part.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def report(times: dict[str, tuple[float, float]], count: int) -> None:
    """Print the table and the JSON line."""
    words = {
        "first": f"first, {count} pictures",
        "unchanged": "the same pictures again",
        "added": f"{ADDED} pictures more",
        "dropped": "one picture fewer",
    }
    whole, encoder = times["first"]
    outside = (whole - encoder) / whole
    print(f"{'':26} {'seconds':>9} {'encoder':>9} {'of first':>9}")
    for name, (seconds, encoding) in times.items():
        bar = f"  (at most {MOST_OF_FIRST[name]:.0%} at 1000)" if name in MOST_OF_FIRST else ""
        print(f"{words[name]:26} {seconds:9.2f} {encoding:9.2f} {seconds / whole:9.2%}{bar}")
    print(f"{'outside the encoder':26} {outside:29.2%}  (at most {MOST_OUTSIDE:.0%})")
    shares = {f"{name}_of_first": round(times[name][0] / whole, 4) for name in list(times)[1:]}
    line = {"pictures": count, "first_seconds": round(whole, 2), **shares}
    print(json.dumps({**line, "outside_encoder": round(outside, 4)}))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--side", type=int, default=1024, help="pixels")
    return parser.parse_args()


if __name__ == "__main__":
    main()
