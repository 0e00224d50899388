"""Routes of the registry's API, under /api/v1/."""

from django.urls import path

from registry.api import (
    aesthetics,
    aliases,
    blends,
    by_hash,
    files,
    images,
    imports,
    lineage,
    notices,
    quality,
    verifications,
    versions,
)

ONE = "aesthetics/<str:owner>/<str:slug>"
VERSION = f"{ONE}/versions/<str:ref>"

urlpatterns = [
    path("aesthetics", aesthetics.AestheticList.as_view(), name="aesthetics"),
    path(ONE, aesthetics.AestheticDetail.as_view(), name="aesthetic"),
    path(f"{ONE}/images", images.ImageList.as_view(), name="images"),
    path(f"{ONE}/images/<str:digest>", images.ImageDetail.as_view(), name="image"),
    path(f"{ONE}/origin", images.SetOrigin.as_view(), name="origin"),
    path(f"{ONE}/builds", versions.BuildList.as_view(), name="builds"),
    path(f"{ONE}/aliases", aliases.AliasList.as_view(), name="aliases"),
    path(f"{ONE}/aliases/<str:alias>", aliases.AliasDetail.as_view(), name="alias"),
    path(f"{ONE}/aliases/<str:alias>/moves", aliases.AliasMoveList.as_view(), name="alias_moves"),
    path(f"{ONE}/versions", versions.VersionList.as_view(), name="versions"),
    path(VERSION, versions.VersionDetail.as_view(), name="version"),
    path(f"{VERSION}/yank", versions.Yank.as_view(), name="yank"),
    path(f"{VERSION}/neighbours", versions.Neighbours.as_view(), name="neighbours"),
    path(f"{VERSION}/quality", quality.Quality.as_view(), name="quality"),
    path(
        f"{VERSION}/difference/<str:other>", quality.Difference.as_view(), name="version_difference"
    ),
    path(f"{VERSION}/lineage", lineage.Lineage.as_view(), name="lineage"),
    path(f"{VERSION}/manifest", versions.Manifest.as_view(), name="manifest"),
    path(f"{VERSION}/recipe", versions.Recipe.as_view(), name="recipe"),
    path(f"{VERSION}/files/<str:name>", files.File.as_view(), name="file"),
    path(f"{VERSION}/verify", verifications.VerificationList.as_view(), name="verify"),
    path(
        f"{VERSION}/verify/<uuid:pk>",
        verifications.VerificationDetail.as_view(),
        name="verification",
    ),
    path("blobs/<str:digest>", files.Blob.as_view(), name="blob"),
    path("by-hash", by_hash.ByHashes.as_view(), name="by_hashes"),
    path("by-hash/<str:digest>", by_hash.ByHash.as_view(), name="by_hash"),
    path("imports", imports.Imports.as_view(), name="imports"),
    path("notices", notices.NoticeList.as_view(), name="notices"),
    path("notices/read", notices.MarkRead.as_view(), name="mark_notices_read"),
    path("blends", blends.Blends.as_view(), name="blends"),
]
