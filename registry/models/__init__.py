"""The tables of the registry; one module per family."""

from registry.models.aesthetics import Aesthetic, Member, Side
from registry.models.aliases import Alias, AliasMove
from registry.models.downloads import Download, DownloadSalt
from registry.models.dropped import DroppedPictures
from registry.models.images import Feature, Image
from registry.models.imports import ImportedFile
from registry.models.jobs import Job, JobState
from registry.models.lineage import Parentage
from registry.models.notices import Notice
from registry.models.reports import QualityReport
from registry.models.spaces import Space
from registry.models.verifications import Remeasurement, Verification
from registry.models.version_parts import VersionFile, VersionMember
from registry.models.versions import Version

__all__ = [
    "Aesthetic",
    "Alias",
    "AliasMove",
    "Download",
    "DownloadSalt",
    "DroppedPictures",
    "Feature",
    "Image",
    "ImportedFile",
    "Job",
    "JobState",
    "Member",
    "Notice",
    "Parentage",
    "QualityReport",
    "Remeasurement",
    "Side",
    "Space",
    "Verification",
    "Version",
    "VersionFile",
    "VersionMember",
]
