"""Routes of the registry's pages; names of people come last."""

from django.urls import path

from registry.views import (
    blends,
    browse,
    by_hash,
    checking,
    imports,
    lineage,
    notices,
    origins,
    uploading,
    verifications,
    workspace,
)

ONE = "<str:owner>/<str:slug>"
VERSION = f"{ONE}/versions/<str:ref>"

app_name = "registry"
urlpatterns = [
    path("", browse.browse, name="browse"),
    path("new", workspace.create, name="create"),
    path("new/import", imports.create, name="import"),
    path("new/blend", blends.blend, name="blend"),
    path("account/notices", notices.notices, name="notices"),
    path("account/notices/read", notices.mark_read, name="mark_notices_read"),
    path("by-hash", by_hash.by_hash, name="by_hash"),
    path("<str:owner>", browse.owner, name="owner"),
    path(ONE, browse.aesthetic, name="aesthetic"),
    path(f"{ONE}/edit", workspace.edit, name="edit"),
    path(f"{ONE}/delete", workspace.delete, name="delete"),
    path(f"{ONE}/images", workspace.images, name="images"),
    path(f"{ONE}/images/upload", uploading.upload, name="upload"),
    path(f"{ONE}/images/origins", origins.origins, name="origins"),
    path(f"{ONE}/images/<str:digest>/origin", origins.state_one, name="state_origin"),
    path(f"{ONE}/images/<str:digest>/move", origins.move, name="move_image"),
    path(f"{ONE}/images/<str:digest>/remove", uploading.remove_image, name="remove_image"),
    path(f"{ONE}/aliases", workspace.move_alias, name="move_alias"),
    path(f"{ONE}/import", imports.add, name="import_into"),
    path(f"{ONE}/builds", workspace.build, name="build"),
    path(f"{ONE}/builds/<uuid:pk>", workspace.build_status, name="build_status"),
    path(f"{ONE}/builds/<uuid:pk>/cancel", workspace.cancel_build, name="cancel_build"),
    path(f"{ONE}/builds/<uuid:pk>/publish", workspace.publish, name="publish"),
    path(f"{ONE}/builds/<uuid:pk>/check", checking.check, name="check"),
    path(f"{ONE}/builds/<uuid:pk>/drop", checking.drop, name="drop"),
    path(f"{ONE}/images/put-back", checking.put_back, name="put_back"),
    path(
        f"{ONE}/versions/<str:ref>/difference/<str:other>", checking.difference, name="difference"
    ),
    path(f"{ONE}/versions/<str:ref>", browse.version, name="version"),
    path(f"{ONE}/versions/<str:ref>/lineage", lineage.family, name="lineage"),
    path(f"{ONE}/versions/<str:ref>/withdraw", workspace.withdraw, name="withdraw"),
    path(f"{VERSION}/reproduced", verifications.reproduced, name="reproduced"),
    path(f"{VERSION}/verify", verifications.verify, name="verify"),
    path(f"{VERSION}/verify/<uuid:pk>/cancel", verifications.cancel, name="cancel_verification"),
    path(f"{ONE}/thumbnails/<str:name>.webp", browse.thumbnail, name="thumbnail"),
]
