"""From a queued version to a ready one: features, mean, digests, report, files. Worker side.

Only images without a feature in this space are encoded. Features are kept batch by batch, so a
crash costs one batch, and a set that grew by ten pictures costs ten.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db import transaction

from registry import blobs, constructions, digests, packaging, quality, statistics
from registry.devices import on_device
from registry.leases import JobFailed, Lease
from registry.measured_sets import measured_set, members_of
from registry.models import Feature, Image, Space, Version, VersionMember
from registry.models.version_parts import COVER_SIZE
from registry.pictures import pixels
from registry.stored_pictures import told_by_name
from registry.worker_encoder import encoder_for

DECODERS = 2  # threads that decode the next batch while the encoder works on this one


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the encoder sees of one image."""

    image: Image
    array: np.ndarray  # uint8 [size, size, 3]
    digest: str


def build(version: Version, lease: Lease) -> None:
    """Measure the snapshot of `version` and make it ready.

    Raises JobFailed for a picture that cannot be read or a space this worker does not have, and
    JobLost when the version was cancelled.
    """
    members = list(members_of(version.pk))
    encode_missing([member.image for member in members], version.space, lease)
    lease.report(stage="averaging", done=len(members), total=len(members))
    measured = measured_set(members, version.space)
    vectors, towards = measured.features, measured.towards
    version.vector = constructions.of_set(version.construction, vectors, towards)
    if not version.vector.any():
        raise JobFailed("Both sides have the same mean, so there is no direction between them.")
    version.vector_digest = digests.vector_digest(version.vector.tolist())
    version.image_set_digest = digests.image_set_digest(
        (member.image.digest, pixels, member.side)
        for member, pixels in zip(members, measured.pixels, strict=True)
    )
    version.resultant_length = statistics.resultant_length(vectors[towards])
    covers = most_typical(vectors, towards, version.vector)
    report = quality.examine(measured, version.vector)
    package = packaging.package(version)
    with transaction.atomic():
        packaging.replace_files(version, package)
        _mark_covers([members[index] for index in covers])
        quality.keep(version, report)
        lease.succeed(
            vector=version.vector,
            vector_digest=version.vector_digest,
            image_set_digest=version.image_set_digest,
            resultant_length=version.resultant_length,
            manifest=package.manifest,
            version_digest=package.version_digest,
        )


def encode_missing(images: Sequence[Image], space: Space, lease: Lease) -> None:
    """Give every image its feature in `space`, encoding only those that have none."""
    known = set(
        Feature.objects.filter(space=space, image__in=images).values_list("image_id", flat=True)
    )
    missing = list({image.pk: image for image in images if image.pk not in known}.values())
    if not missing:
        return
    # Progress is told in pictures of the set: how many were measured before, for whomever, would
    # tell that somebody else holds them.
    total = len({image.pk for image in images})
    lease.report(stage="loading the encoder", done=0, total=total)
    with on_device():
        _encode(missing, space, lease, total)


def _encode(missing: Sequence[Image], space: Space, lease: Lease, total: int) -> None:
    encoder = encoder_for(space)
    done = 0
    for batch in decoded_batches(missing, space.image_size):
        vectors = encoder.encode_pictures([decoded.array for decoded in batch])  # [batch, 768]
        Feature.objects.bulk_create(
            [
                Feature(image=decoded.image, space=space, pixels=decoded.digest, vector=vector)
                for decoded, vector in zip(batch, vectors, strict=True)
            ],
            ignore_conflicts=True,  # another build of the same pictures may run beside this one
        )
        done += len(batch)
        share = total * done // len(missing)
        lease.report(stage="encoding pictures", done=share, total=total)


def decoded_batches(images: Sequence[Image], size: int) -> Iterator[list[Decoded]]:
    """Yield the images decoded, batch by batch, the next batch being decoded meanwhile."""
    step = settings.ENCODE_BATCH
    batches = [images[start : start + step] for start in range(0, len(images), step)]
    with ThreadPoolExecutor(DECODERS) as pool:
        ahead: list[Future[Decoded]] = []
        for batch in [*batches, []]:
            current, ahead = ahead, [pool.submit(_decode, image, size) for image in batch]
            if current:
                yield [future.result() for future in current]


def most_typical(vectors: np.ndarray, towards: np.ndarray, embedding: np.ndarray) -> list[int]:
    """Return the indices of the pictures closest to the embedding by cosine, closest first.

    Of features [images, 768], sides [images] and the embedding [768]; only of the side towards.
    """
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    closeness = np.where(towards, unit @ embedding, -np.inf)  # [images]
    closest = np.argsort(-closeness, kind="stable")[:COVER_SIZE]
    return [int(index) for index in closest if towards[index]]


def _decode(image: Image, size: int) -> Decoded:
    with told_by_name(image.digest):
        array = pixels(blobs.read_blob(image.digest), size)
    return Decoded(image, array, digests.digest_bytes(array.tobytes()))


def _mark_covers(members: list[VersionMember]) -> None:
    for rank, member in enumerate(members, start=1):
        VersionMember.objects.filter(pk=member.pk).update(cover_rank=rank)
