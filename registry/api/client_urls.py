"""Routes for programs that know us as a registry of another kind: OCI, and the Hugging Face Hub."""

from django.urls import path

from registry.api import distribution, hugging_face

MODEL = "api/models/<str:owner>/<str:slug>"
REPOSITORY = "v2/<str:owner>/<str:slug>"

app_name = "clients"
urlpatterns = [
    path(MODEL, hugging_face.ModelInfo.as_view(), name="model"),
    path(
        f"{MODEL}/revision/<str:revision>", hugging_face.ModelInfo.as_view(), name="model_revision"
    ),
    path(f"{MODEL}/tree/<str:revision>", hugging_face.Tree.as_view(), name="model_tree"),
    path(
        "<str:owner>/<str:slug>/resolve/<str:revision>/<path:name>",
        hugging_face.Resolve.as_view(),
        name="resolve",
    ),
    path("v2/", distribution.Base.as_view(), name="distribution"),
    path("v2/token", distribution.PullToken.as_view(), name="pull_token"),
    path(f"{REPOSITORY}/manifests/<str:ref>", distribution.Manifest.as_view(), name="manifest"),
    path(f"{REPOSITORY}/blobs/<str:digest>", distribution.Blob.as_view(), name="blob"),
    path(f"{REPOSITORY}/tags/list", distribution.TagList.as_view(), name="tags"),
    path("v2/<path:unknown>", distribution.Unknown.as_view(), name="no_repository"),
]
