"""The tables of the registry; one module per family."""

from registry.models.aesthetics import Aesthetic, Member, Side
from registry.models.downloads import Download
from registry.models.images import Feature, Image
from registry.models.jobs import Job, JobState
from registry.models.reports import QualityReport
from registry.models.spaces import Space
from registry.models.versions import Version, VersionFile, VersionMember

__all__ = [
    "Aesthetic",
    "Download",
    "Feature",
    "Image",
    "Job",
    "JobState",
    "Member",
    "QualityReport",
    "Side",
    "Space",
    "Version",
    "VersionFile",
    "VersionMember",
]
