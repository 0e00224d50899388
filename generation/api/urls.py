"""Routes of the generation API, under /api/v1/."""

from django.urls import path

from generation.api import generations, picture_info, questions, sharing, sheets, standard

STANDARD = "aesthetics/<str:owner>/<str:slug>/versions/<str:ref>/standard-sheet"

urlpatterns = [
    path("dose", questions.DoseView.as_view(), name="dose"),
    path("prompt-embeds", questions.PromptEmbedsView.as_view(), name="prompt_embeds"),
    path("agreement", questions.AgreementView.as_view(), name="agreement"),
    path("picture-info", picture_info.PictureInfo.as_view(), name="picture_info"),
    path("sheets", sheets.SheetList.as_view(), name="sheets"),
    path("sheets/doses", sheets.DosesSheet.as_view(), name="doses_sheet"),
    path("sheets/looks", sheets.LooksSheet.as_view(), name="looks_sheet"),
    path("sheets/removed", sheets.RemovedSheetList.as_view(), name="removed_sheets"),
    path("sheets/<uuid:pk>", sheets.SheetDetail.as_view(), name="sheet"),
    path("sheets/<uuid:pk>/cancel", sheets.SheetCancel.as_view(), name="cancel_sheet"),
    path("sheets/<uuid:pk>/put-back", sheets.SheetPutBack.as_view(), name="put_back_sheet"),
    path("sheets/<uuid:pk>/share", sharing.SheetShare.as_view(), name="sheet_share"),
    path("generations", generations.GenerationList.as_view(), name="generations"),
    path(
        "generations/removed",
        generations.RemovedGenerationList.as_view(),
        name="removed_generations",
    ),
    path(
        "generations/<uuid:pk>/put-back",
        generations.GenerationPutBack.as_view(),
        name="put_back_generation",
    ),
    path("generations/<uuid:pk>", generations.GenerationDetail.as_view(), name="generation"),
    path("generations/<uuid:pk>/share", sharing.GenerationShare.as_view(), name="generation_share"),
    path(
        "generations/<uuid:pk>/pictures/<str:which>",
        generations.GenerationPicture.as_view(),
        name="generation_picture",
    ),
    path(
        "aesthetics/<str:owner>/<str:slug>/generations",
        sharing.SharedGenerationList.as_view(),
        name="shared_generations",
    ),
    path(
        "aesthetics/<str:owner>/<str:slug>/sheets",
        sharing.SharedSheetList.as_view(),
        name="shared_sheets",
    ),
    path(STANDARD, standard.StandardSheetDetail.as_view(), name="standard_sheet"),
    path(
        f"{STANDARD}/pictures/<str:digest>",
        standard.StandardSheetPicture.as_view(),
        name="standard_sheet_picture",
    ),
]
