"""`/notices`: what the caller should know, as on the page of that name."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ScopePermission, person_of
from registry.api.pagination import SignedCursorPagination
from registry.models import Notice


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    address = serializers.SerializerMethodField(help_text="Where to look; empty for nowhere.")

    class Meta:
        model = Notice
        fields = read_only_fields = ["sentence", "address", "created_at", "read_at"]

    def get_address(self, notice: Notice) -> str:
        return settings.PUBLIC_URL + notice.url if notice.url else ""


class MarkedSerializer(serializers.Serializer[Any]):
    marked = serializers.IntegerField(help_text="How many were unread.")


class NoticeList(generics.ListAPIView[Notice]):
    """Your notices, newest first; looking does not mark them as read."""

    serializer_class = NoticeSerializer
    pagination_class = SignedCursorPagination
    permission_classes = [IsAuthenticated, ScopePermission]

    def get_queryset(self) -> QuerySet[Notice]:
        return person_of(self.request).notices.order_by("-created_at", "-pk")


class MarkRead(APIView):
    @extend_schema(request=None, responses=MarkedSerializer)
    def post(self, request: Request) -> Response:
        """Mark all your notices as read."""
        return Response({"marked": person_of(request).notices.all().mark_read()})
