"""A job as JSON, whatever it makes: how far it is, and where what it makes is."""

from functools import singledispatch
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from registry.models import Job, JobState, Verification, Version


class ProgressSerializer(serializers.Serializer[Any]):
    stage = serializers.CharField(help_text="What is being done, for people.")
    done = serializers.IntegerField()
    total = serializers.IntegerField()


@singledispatch
def address_of(job: Job) -> str | None:
    """Return where the API tells of what `job` makes; None while, or where, it tells nothing of it.

    A kind of job whose result has an address registers its own answer.
    """
    return None


@address_of.register
def _(version: Version) -> str | None:
    if not version.is_published:
        return None
    return reverse("api:version", args=[*version.aesthetic.ref.split("/"), version.name])


@address_of.register
def _(verification: Verification) -> str | None:
    if not verification.has_succeeded:
        return None
    version = verification.version
    names = [*version.aesthetic.ref.split("/"), version.name]
    return reverse("api:verification", args=[*names, verification.pk])


class JobSerializer(serializers.Serializer[Any]):
    """A build, a verification or a generation as its owner sees it."""

    id = serializers.UUIDField(
        help_text="Also the id of the generation, of the build to publish, or of the verification."
    )
    kind = serializers.SerializerMethodField(help_text="`version`, `verification` or `generation`.")
    state = serializers.ChoiceField(JobState.choices)
    progress = ProgressSerializer(source="*")
    reason = serializers.CharField(
        help_text="Why it failed, or was made to wait and is tried again, in words."
    )
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    href = serializers.SerializerMethodField(
        help_text="Path under which this API tells of what it makes: of a generation at once, of a "
        "verification once it has succeeded, of a build once it is published; null before."
    )
    result = serializers.SerializerMethodField(
        help_text="Path of its page, for people, once it has succeeded; null before."
    )

    def get_kind(self, job: Job) -> str:
        return type(job).__name__.lower()

    def get_href(self, job: Job) -> str | None:
        return address_of(job)

    def get_result(self, job: Job) -> str | None:
        return job.get_absolute_url() if job.has_succeeded else None
