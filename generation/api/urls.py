"""Routes of the generation API, under /api/v1/."""

from django.urls import path

from generation.api import generations

urlpatterns = [
    path("generations", generations.GenerationList.as_view(), name="generations"),
    path("generations/<uuid:pk>", generations.GenerationDetail.as_view(), name="generation"),
    path(
        "generations/<uuid:pk>/pictures/<str:which>",
        generations.GenerationPicture.as_view(),
        name="generation_picture",
    ),
]
