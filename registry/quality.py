"""The set doctor: from the kept features of a version's pictures to a report on the set.

Everything is arithmetic on what is stored; no encoder is needed. The summary says how tight the set
is, whether more pictures would change its vector, and how much was found; the details say it of
each picture, and are nobody's business but the owner's.
"""

from collections.abc import Iterable
from typing import NotRequired, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from accounts.refusals import Refusal
from registry import (
    influence,
    near_duplicates,
    outliers,
    statistics,
    stored_pictures,
    two_styles,
)
from registry.leases import JobFailed
from registry.measured_sets import MeasuredSet, measured_set, members_of
from registry.models import Image, QualityReport, Version
from registry.sufficiency import Sufficiency

MORE = (5, 10, 25, 50, 100)  # pictures more, for which the change is told
FINGERPRINT = 2  # largest numbers of the vector; in CLIP ViT-L/14 they give an image mean away
HASHES_AT_ONCE = 200  # rows of an UPDATE


class NoReport(Refusal):
    """There is no set to look at, or its vector points nowhere."""


class PictureLost(NoReport):
    """There is no report yet, and a picture that it would need is lost."""


class Change(TypedDict):
    more: int  # pictures of the same kind
    change: float  # of the vector's direction, 1 - cosine, as is to be expected


class Dimension(TypedDict):
    dimension: int
    value: float  # in the vector of length 1


class Styles(TypedDict):
    sizes: list[int]
    separation: float  # see `two_styles`
    needed: float
    silhouette: float


class Summary(TypedDict):
    """The set as a whole; `api.quality` says which of it is public."""

    images: int
    resultant_length: float  # of the side of the look
    resultant_length_away: float | None
    standard_error: float  # degrees
    sufficiency: list[Change]
    enough: int  # pictures, from which on 25 more would change less than 0.1 %
    fingerprint: list[Dimension]
    outliers: int
    near_duplicates: int  # pairs
    two_styles: Styles | None


class PictureReport(TypedDict):
    image: str  # digest
    side: str
    influence: float  # degrees by which the vector turns without it
    to_others: float  # degrees between it and the others of its side
    is_outlier: bool
    group: int | None  # 1 or 2, where the set looks like two styles


class PairReport(TypedDict):
    pictures: list[int]  # two places in the list of pictures; the less typical last
    cosine: float
    bits: int  # of the perceptual hashes, apart


class Details(TypedDict):
    pictures: list[PictureReport]  # by digest and side
    near_duplicates: list[PairReport]  # the closest of them
    # Places of pictures that hang together by such pairs, the most typical first. Missing in
    # reports from before, which have all their pairs.
    alike: NotRequired[list[list[int]]]


Report = tuple[Summary, Details]


def ensure_report(version: Version) -> QualityReport:
    """Return the report on a ready version; made now for one from before there were reports.

    Raises NoReport for a version that was not measured from pictures, PictureLost.
    """
    found = QualityReport.objects.filter(version=version.pk).first()
    if found is not None:
        return found
    members = list(members_of(version.pk))
    if not members or not np.any(version.vector):
        raise NoReport(
            "not-found", f"{version} has no direction that came from pictures; nothing is to check."
        )
    vector = np.asarray(version.vector, dtype=np.float32)  # [768]; the database gives decimals
    try:
        report = examine(measured_set(members, version.space), vector)
    except JobFailed as error:
        # Anybody may ask for the report: which picture it is stays unsaid.
        raise PictureLost(
            "not-found",
            f"There is no report on {version}: a picture that it was measured from is lost. "
            "The hub's keeper finds out which by `manage.py verify`.",
        ) from error
    return keep(version, report)


def groups_alike(report: QualityReport) -> list[list[int]]:
    """Return the places of pictures that show the same, group by group, the most typical first."""
    details = cast("Details", report.details)
    if "alike" in details:
        return details["alike"]
    pictures = details["pictures"]
    pairs = [pair["pictures"] for pair in details["near_duplicates"]]
    return _typical_first(near_duplicates.groups_of(pairs, len(pictures)), pictures)


def closest_pairs(report: QualityReport) -> list[PairReport]:
    """Return the closest pairs that show the same; a report from before has all of them."""
    pairs = cast("Details", report.details)["near_duplicates"]
    return sorted(pairs, key=lambda pair: -pair["cosine"])[: near_duplicates.MOST_PAIRS]


def keep(version: Version, report: Report) -> QualityReport:
    """Store a report; one that is there already stays, since it says the same."""
    summary, details = report
    kept, _ = QualityReport.objects.get_or_create(
        version=version, defaults={"summary": summary, "details": details}
    )
    return kept


def examine(measured: MeasuredSet, vector: NDArray[np.float32]) -> Report:
    """Return what there is to say of a set and the vector [768] that was made of it.

    Each side has two pictures at least, and the vector is not 0. Raises JobFailed where a picture
    that has no perceptual hash yet is lost.
    """
    pictures = _pictures(measured)
    hashes = ensure_hashes([member.image for member in measured.members])
    same = near_duplicates.near_duplicates(measured.features, hashes)
    styles = _mark_styles(measured, pictures)
    features, towards = measured.features, measured.towards
    sufficiency = Sufficiency.of(features, towards)
    away = None if towards.all() else statistics.resultant_length(features[~towards])
    summary = Summary(
        images=len(features),
        resultant_length=statistics.resultant_length(features[towards]),
        resultant_length_away=away,
        standard_error=sufficiency.standard_error,
        sufficiency=[Change(more=more, change=sufficiency.change(more)) for more in MORE],
        enough=sufficiency.enough,
        fingerprint=_fingerprint(vector),
        outliers=sum(picture["is_outlier"] for picture in pictures),
        near_duplicates=same.total,
        two_styles=styles,
    )
    return summary, Details(
        pictures=pictures,
        near_duplicates=_pairs(same.closest, pictures),
        alike=_typical_first(same.groups, pictures),
    )


def _fingerprint(vector: NDArray[np.float32]) -> list[Dimension]:
    """Return the largest numbers of the vector [768], the largest first."""
    unit = vector / np.linalg.norm(vector)
    largest = np.argsort(-np.abs(unit), kind="stable")[:FINGERPRINT]
    return [Dimension(dimension=int(place), value=float(unit[place])) for place in largest]


def _mark_styles(measured: MeasuredSet, pictures: list[PictureReport]) -> Styles | None:
    """Write into each picture of the look which of two styles it is; None where there is one."""
    split = two_styles.split(measured.features[measured.towards])
    if split is None or not split.is_two_styles:
        return None
    for place, is_second in zip(np.flatnonzero(measured.towards), split.second, strict=True):
        pictures[place]["group"] = 1 + int(is_second)
    second = int(split.second.sum())
    return Styles(
        sizes=[len(split.second) - second, second],
        separation=split.separation,
        needed=split.needed,
        silhouette=split.silhouette,
    )


def _pictures(measured: MeasuredSet) -> list[PictureReport]:
    turns = influence.leave_one_out(measured.features, measured.towards)  # [n]
    to_others = np.empty(len(turns))  # [n]
    apart = np.zeros(len(turns), dtype=np.bool_)  # [n]
    for side, _ in influence.sides(measured.towards):
        to_others[side] = outliers.angles_to_others(measured.features[side])
        apart[side] = outliers.are_outliers(to_others[side])
    return [
        PictureReport(
            image=member.image.digest,
            side=member.side,
            influence=round(float(turns[place]), 4),
            to_others=round(float(to_others[place]), 2),
            is_outlier=bool(apart[place]),
            group=None,
        )
        for place, member in enumerate(measured.members)
    ]


def _pairs(
    pairs: Iterable[near_duplicates.Pair], pictures: list[PictureReport]
) -> list[PairReport]:
    return [
        PairReport(
            pictures=sorted(pair[:2], key=lambda place: pictures[place]["to_others"]),
            cosine=round(pair.cosine, 4),
            bits=pair.bits,
        )
        for pair in pairs
    ]


def _typical_first(groups: list[list[int]], pictures: list[PictureReport]) -> list[list[int]]:
    return [sorted(group, key=lambda place: pictures[place]["to_others"]) for group in groups]


def ensure_hashes(images: list[Image]) -> list[str]:
    """Return the perceptual hash of each image; where it is missing, take it of the thumbnail.

    Raises JobFailed where thumbnail and picture are both lost.
    """
    missing = {image.digest: image for image in images if not image.perceptual_hash}
    for digest, image in missing.items():
        image.perceptual_hash = stored_pictures.hash_of(digest)
    hashed = sorted(missing.values(), key=lambda image: image.pk)
    # Each batch is a transaction of its own, in the order of all: another build of the same
    # pictures may do the same, and each would hold rows that the other waits for.
    for first in range(0, len(hashed), HASHES_AT_ONCE):
        Image.objects.bulk_update(hashed[first : first + HASHES_AT_ONCE], ["perceptual_hash"])
    known = {image.digest: image.perceptual_hash for image in images} | {
        digest: image.perceptual_hash for digest, image in missing.items()
    }
    return [known[image.digest] for image in images]
