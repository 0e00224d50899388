"""From a queued verification to its verdict: the pictures of a version measured again. Worker side.

Nothing is taken from the kept features: each stored picture is read, decoded and encoded anew, and
what comes out is compared with what is kept. It is written batch by batch, so a crash costs one.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
from django.conf import settings
from django.db import transaction

from registry import blobs, constructions, digests, reproduction
from registry.building import DECODERS
from registry.devices import on_device
from registry.encoder import Encoder
from registry.leases import JobFailed, Lease
from registry.models import Feature, Image, Remeasurement, Side, Verification, Version
from registry.models.verifications import MEASURED
from registry.outages import Outage
from registry.pictures import PictureRefused, accept, pixels
from registry.worker_encoder import Measurer, encoder_for, this_measurer

ENCODING = "encoding pictures again"


@dataclass(frozen=True, slots=True)
class Reread:
    """One image as it is stored now: what its bytes are, and what the encoder would see."""

    image: Image
    found: str  # digest; empty where there are no bytes
    array: np.ndarray | None  # uint8 [size, size, 3]


def remeasure(verification: Verification, lease: Lease) -> None:
    """Measure the version's snapshot again and end the job with the verdict.

    Raises JobFailed for a space that this worker does not have and a construction that is not
    made of pictures, JobLost when the job was cancelled.
    """
    version = verification.version
    if version.construction not in MEASURED:
        raise JobFailed(f"{version} was not made of pictures.")
    images = images_of(version)
    lease.report(stage="loading the encoder", done=0, total=len(images))
    with on_device():
        encoder = encoder_for(version.space)
        begin(verification, this_measurer(encoder), lease, total=len(images))
        measure_missing(verification, images, encoder, lease)
    stages = [*_stages_of_pictures(verification), _vector_stage(verification)]
    first = reproduction.first_deviating(stages)
    with transaction.atomic():
        lease.succeed(
            verdict=_verdict(stages, first),
            deviates_at=first,
            stages=[asdict(stage) for stage in stages],
        )
        verification.remeasurements.update(vector=None)


def images_of(version: Version) -> list[Image]:
    """Return the pictures of the snapshot, each once, in the order in which a build takes them."""
    members = version.members.select_related("image").order_by("image__digest")
    return list({member.image_id: member.image for member in members}.values())


def begin(verification: Verification, measurer: Measurer, lease: Lease, *, total: int) -> None:
    """Write who measures; what another kind of worker has begun is begun anew.

    A verdict names one measurer, so nothing in it may be another's.
    """
    names = asdict(measurer)
    with transaction.atomic():
        # The row is locked by this write, so whoever lost the lease writes nothing below.
        lease.report(stage=ENCODING, done=0, total=total)
        if any(getattr(verification, name) != value for name, value in names.items()):
            verification.remeasurements.all().delete()
            Verification.objects.filter(pk=verification.pk).update(**names)


def measure_missing(
    verification: Verification, images: Sequence[Image], encoder: Encoder, lease: Lease
) -> None:
    """Measure those of the images that this verification has not measured yet."""
    known = set(verification.remeasurements.values_list("image_id", flat=True))
    missing = [image for image in images if image.pk not in known]
    done = len(images) - len(missing)
    for batch in _reread_batches(missing, encoder.description.image_size):
        rows = _measured(verification, batch, encoder)
        done += len(batch)
        with transaction.atomic():
            lease.report(stage=ENCODING, done=done, total=len(images))
            Remeasurement.objects.bulk_create(rows)


def _reread_batches(images: Sequence[Image], size: int) -> Iterator[list[Reread]]:
    step = settings.ENCODE_BATCH
    with ThreadPoolExecutor(DECODERS) as pool:
        for start in range(0, len(images), step):
            yield list(pool.map(partial(_reread, size=size), images[start : start + step]))


def _reread(image: Image, size: int) -> Reread:
    try:
        data = blobs.read_blob(image.digest)
    except Outage:  # a store that is away says nothing of the picture
        raise
    except FileNotFoundError:
        return Reread(image, "", None)
    found = digests.digest_bytes(data)
    try:
        if found != image.digest:
            # Bytes from who knows where: looked at as an upload of that kind before any decoder is.
            data = accept(f"picture.{image.media_type.removeprefix('image/')}", data).data
        return Reread(image, found, pixels(data, size))
    except PictureRefused:
        return Reread(image, found, None)


def _measured(
    verification: Verification, batch: Sequence[Reread], encoder: Encoder
) -> list[Remeasurement]:
    """Encode a batch and compare it with what is kept of the same images."""
    kept = {
        feature.image_id: feature
        for feature in Feature.objects.filter(
            space=verification.version.space, image__in=[each.image for each in batch]
        )
    }
    readable = {each.image.pk: each.array for each in batch if each.array is not None}
    vectors = encoder.encode_pictures(list(readable.values()))  # [readable, 768]
    found = dict(zip(readable, vectors, strict=True))
    return [
        _compared(verification, each, kept.get(each.image.pk), found.get(each.image.pk))
        for each in batch
    ]


def _compared(
    verification: Verification, read: Reread, kept: Feature | None, vector: np.ndarray | None
) -> Remeasurement:
    row = Remeasurement(
        verification=verification,
        image=read.image,
        found=read.found,
        pixels=digests.digest_bytes(read.array.tobytes()) if read.array is not None else "",
        kept_pixels=kept.pixels if kept is not None else "",
        is_equal=False,
        vector=vector,
    )
    if kept is not None and vector is not None:
        feature = np.array(kept.vector, dtype=np.float32)  # [768]
        row.is_equal = np.array_equal(feature, vector)
        row.deviation = reproduction.deviation(feature, vector)
    return row


def _stages_of_pictures(verification: Verification) -> Iterator[reproduction.Stage]:
    """Yield how bytes, pixels, image set and features came out."""
    rows = list(verification.remeasurements.defer("vector").select_related("image"))
    yield reproduction.of_digests("image", ((row.image.digest, row.found) for row in rows))
    yield reproduction.of_digests("pixels", ((row.kept_pixels, row.pixels) for row in rows))
    named = verification.version.image_set_digest
    yield reproduction.of_digests("set", [(named, _image_set(verification.version, rows))])
    yield reproduction.of_vectors("features", [(row.is_equal, row.deviation) for row in rows])


def _image_set(version: Version, rows: Sequence[Remeasurement]) -> str:
    """Name the set as it is now; an empty text where bytes are gone or are no picture."""
    if not all(row.found and row.pixels for row in rows):
        return ""
    by_image = {row.image_id: row for row in rows}
    return digests.image_set_digest(
        (by_image[member.image_id].found, by_image[member.image_id].pixels, member.side)
        for member in version.members.all()
    )


def _vector_stage(verification: Verification) -> reproduction.Stage:
    """Make the vector of the new features and compare it with the sealed one."""
    version = verification.version
    rows = dict(verification.remeasurements.values_list("image_id", "vector"))
    members = list(version.members.order_by("image__digest", "side"))
    sides = {Side(member.side) for member in members}
    needed = set(Side) if version.construction == Version.Construction.CONTRAST else {Side.TOWARDS}
    if any(vector is None for vector in rows.values()) or not needed <= sides:
        return reproduction.of_vectors("vector", [(False, None)])
    vectors = np.array([rows[m.image_id] for m in members], dtype=np.float32)  # [images, 768]
    towards = np.array([member.side == Side.TOWARDS for member in members])  # [images]
    found = constructions.of_set(version.construction, vectors, towards)  # [768]
    kept = np.array(version.vector, dtype=np.float32)  # [768]
    is_equal = digests.vector_digest(found.tolist()) == version.vector_digest
    compared = [(is_equal, reproduction.deviation(kept, found))]
    stage = reproduction.of_vectors("vector", compared)
    is_sealed = digests.vector_digest(kept.tolist()) == version.vector_digest
    # However close another vector may be: it is not the one that was sealed.
    return stage if is_sealed else replace(stage, agree=0, equal=0)


def _verdict(stages: Sequence[reproduction.Stage], first: str) -> Verification.Verdict:
    if first:
        return Verification.Verdict.DEVIATES
    if reproduction.is_exact(stages):
        return Verification.Verdict.REPRODUCED
    return Verification.Verdict.WITHIN_TOLERANCE
