"""Routes of the drawing pages, and of the drawings on the page of a look."""

from django.urls import path

from generation.views import doses, drawings, history, retracing, sharing, sheets, standard

ONE = "drawings/<uuid:pk>"
SHEET = "sheets/<uuid:pk>"
LOOK = "<str:owner>/<str:slug>"
OF_LOOK = f"{LOOK}/drawings"
VERSION = f"{LOOK}/versions/<str:ref>"

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
    path("sheets", sheets.listing, name="sheets"),
    path("sheets/new", sheets.new, name="new_sheet"),
    path(SHEET, sheets.sheet, name="sheet"),
    path(f"{SHEET}/status", sheets.status, name="sheet_status"),
    path(f"{SHEET}/cancel", sheets.cancel, name="cancel_sheet"),
    path(f"{SHEET}/share", sharing.share_sheet, name="share_sheet"),
    path(f"{SHEET}/unshare", sharing.unshare_sheet, name="unshare_sheet"),
    path(f"{SHEET}/remove", history.remove_sheet, name="remove_sheet"),
    path(f"{SHEET}/put-back", history.put_back_sheet, name="put_back_sheet"),
    path("compare", standard.compare, name="compare"),
    path(f"{VERSION}/standard", standard.of_look, name="standard_of_look"),
    path(f"{VERSION}/standard.webp", standard.picture, name="standard_picture"),
    path(OF_LOOK, sharing.of_look, name="of_look"),
    path(f"{OF_LOOK}/newest", sharing.newest_of_look, name="newest_of_look"),
]
