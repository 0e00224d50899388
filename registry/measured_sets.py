"""The pictures of a version with what an encoder saw in them, as arrays in the one fixed order."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from registry.models import Feature, Side, Space, VersionMember


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """Members in the order of digest and side; row i of each array is of member i."""

    members: list[VersionMember]  # with their images
    pixels: list[str]  # digests of what entered the encoder
    features: NDArray[np.float32]  # [n, 768]
    towards: NDArray[np.bool_]  # [n]; the side of the look


def members_of(version_id: UUID) -> QuerySet[VersionMember]:
    """Return the pictures of a version, with their images, in the order of a measured set."""
    members = VersionMember.objects.filter(version=version_id).select_related("image")
    return members.order_by("image__digest", "side")


def measured_set(members: list[VersionMember], space: Space) -> MeasuredSet:
    """Read the features of `members`, all of which have one in `space`."""
    images = [member.image_id for member in members]
    known = {
        image: (pixels, vector)
        for image, pixels, vector in Feature.objects.filter(
            space=space, image__in=images
        ).values_list("image_id", "pixels", "vector")
    }
    return MeasuredSet(
        members=members,
        pixels=[known[image][0] for image in images],
        features=np.array([known[image][1] for image in images], dtype=np.float32),
        towards=np.array([member.side == Side.TOWARDS for member in members], dtype=np.bool_),
    )
