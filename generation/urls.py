"""Routes of the drawing pages, and of the drawings on the page of a look."""

from django.urls import path

from generation.views import doses, drawings, history, retracing, sharing

ONE = "drawings/<uuid:pk>"
OF_LOOK = "<str:owner>/<str:slug>/drawings"

app_name = "generation"
urlpatterns = [
    path("draw", drawings.draw, name="draw"),
    path("draw/dose", doses.dose, name="dose"),
    path("drawings", history.drawings, name="drawings"),
    path("drawings/read", retracing.read, name="read"),
    path("drawings/removed", history.removed, name="removed"),
    path(ONE, drawings.drawing, name="drawing"),
    path(f"{ONE}/status", drawings.status, name="status"),
    path(f"{ONE}/cancel", drawings.cancel, name="cancel"),
    path(f"{ONE}/share", sharing.share, name="share"),
    path(f"{ONE}/unshare", sharing.unshare, name="unshare"),
    path(f"{ONE}/remove", history.remove, name="remove"),
    path(f"{ONE}/put-back", history.put_back, name="put_back"),
    path(f"{ONE}/<str:which>.png", drawings.picture, name="picture"),
    path(OF_LOOK, sharing.of_look, name="of_look"),
    path(f"{OF_LOOK}/newest", sharing.newest_of_look, name="newest_of_look"),
]
