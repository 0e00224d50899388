"""Routes of the drawing pages."""

from django.urls import path

from generation.views import doses, drawings, retracing

app_name = "generation"
urlpatterns = [
    path("draw", drawings.draw, name="draw"),
    path("draw/dose", doses.dose, name="dose"),
    path("drawings", drawings.drawings, name="drawings"),
    path("drawings/read", retracing.read, name="read"),
    path("drawings/<uuid:pk>", drawings.drawing, name="drawing"),
    path("drawings/<uuid:pk>/status", drawings.status, name="status"),
    path("drawings/<uuid:pk>/cancel", drawings.cancel, name="cancel"),
    path("drawings/<uuid:pk>/<str:which>.png", drawings.picture, name="picture"),
]
