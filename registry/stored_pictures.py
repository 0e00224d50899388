"""Stored pictures as jobs read them: what is lost is made anew, or ends the job in a sentence."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from registry import blobs
from registry.leases import JobFailed
from registry.near_duplicates import perceptual_hash
from registry.outages import Outage
from registry.pictures import THUMBNAIL_SIDE, PictureRefused, thumbnail

logger = logging.getLogger(__name__)


@contextmanager
def told_by_name(digest: str) -> Iterator[None]:
    """Read the picture `digest` in the block: a lost or damaged one is a JobFailed that names it.

    So it is for its owner alone: in public nobody learns the digests of a set. Where the store is
    away nothing is known to be lost.
    """
    try:
        yield
    except Outage:
        raise
    except FileNotFoundError as error:
        raise JobFailed(f"The stored bytes of the picture {digest} are gone.") from error
    except PictureRefused as error:
        raise JobFailed(f"The stored picture {digest} can't be read: {error}") from error


def hash_of(digest: str) -> str:
    """Return the perceptual hash of a picture's thumbnail.

    A thumbnail that is lost or damaged is made anew. Raises JobFailed where the picture is, too.
    """
    path = blobs.thumbnail_path(digest)
    try:
        return perceptual_hash(blobs.read_file(path))
    except (FileNotFoundError, PictureRefused) as error:
        logger.warning("The thumbnail of the picture %s has to be made anew: %s", digest, error)
    with told_by_name(digest):
        small = thumbnail(blobs.read_blob(digest), THUMBNAIL_SIDE)
    blobs.write_file(path, small)
    return perceptual_hash(small)
