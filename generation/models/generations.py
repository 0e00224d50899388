"""A generation: one prompt drawn plain and personalised, and all that decides the pictures."""

import uuid
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.urls import reverse

from accounts.models import User
from registry.models import Aesthetic, Job, JobState, Version
from registry.models.jobs import FINAL_STATES, JobQuerySet
from registry.models.spaces import DIGEST_PATTERN, digest_field

LARGEST_SEED = 2**32 - 1  # what the web UIs and their pictures' metadata use
MOST_STEPS = 50  # of personalisation; the paper uses fewer than 20
MOST_ANCHOR = 4.0  # beyond it a prompt hardly moves
MOST_CLIP_SKIP = 12  # CLIP-L's text encoder has 12 layers
MOST_SAMPLING_STEPS = 100
LARGEST_SIDE = 1024  # pixels
SIZE_STEP = 8  # pixels; latents of Stable Diffusion are an eighth of the picture

# All that decides the pictures, next to the version and the checkpoint.
PARAMETERS = (
    "prompt",
    "negative_prompt",
    "seed",
    "optimiser",
    "steps",
    "rate",
    "weight",
    "anchor",
    "slerp",
    "clip_skip",
    "enough_agreement",
    "most_drift",
    "sampler",
    "sampling_steps",
    "guidance",
    "width",
    "height",
)

# Below this relative change of the conditioning nobody can see a difference.
LEAST_DRIFT = 0.01


class GenerationQuerySet(JobQuerySet["Generation"]):
    def owned_by(self, person: User | AnonymousUser) -> Self:
        """Return what `person` has drawn, removed ones included."""
        return self.filter(owner=person) if isinstance(person, User) else self.none()

    def shared_with(self, person: User | AnonymousUser) -> Self:
        """Return the shared drawings that `person` may see.

        What hides a look hides what was drawn with it: its owner made it private or deleted it,
        or withdrew the version.
        """
        # EXISTS, not IN: beside an `or` PostgreSQL would list all versions to look at one.
        version = Version.objects.visible_to(person).offered().filter(pk=OuterRef("version"))
        return self.filter(Exists(version), shared_at__isnull=False)

    def visible_to(self, person: User | AnonymousUser) -> Self:
        """Return what `person` may know of: their own, and what is shared with them."""
        return self.owned_by(person) | self.shared_with(person)

    def kept(self) -> Self:
        """Return what its owner has not removed."""
        return self.filter(hidden_at__isnull=True)

    def removed(self) -> Self:
        """Return what its owner has removed, and may put back."""
        return self.filter(hidden_at__isnull=False)

    def alone(self) -> Self:
        """Return what was not asked for as a part of a sheet."""
        return self.filter(sheet__isnull=True)

    def in_look(self, aesthetic: Aesthetic) -> Self:
        """Return what was drawn with any version of `aesthetic`."""
        return self.filter(version__aesthetic=aesthetic)

    def saying(self, words: str) -> Self:
        """Return what has each of these words, or a longer word with it inside, in its prompt."""
        return self.filter(*(Q(prompt__icontains=word) for word in words.split()))

    def newest_shared(self) -> Self:
        """Put what was shared last first."""
        return self.order_by("-shared_at", "-pk")

    def looks(self) -> models.QuerySet[Aesthetic]:
        """Return the looks that these were drawn with, by their titles."""
        used = Aesthetic.objects.filter(pk__in=self.order_by().values("version__aesthetic"))
        return used.select_related("owner").order_by("title", "pk")

    def with_look(self) -> Self:
        """Bring along what pages and answers say of the look and of who drew with it."""
        unsaid = ("version__vector", "version__manifest", "version__recipe")
        return self.select_related("owner", "version__aesthetic__owner").defer(*unsaid)

    def share(self, pk: uuid.UUID) -> bool:
        """Let everybody see `pk`; False for what has no pictures, no public look, or is removed."""
        versions = Version.objects.public().offered()
        drawn = self.kept().filter(pk=pk, state=JobState.SUCCEEDED, version__in=versions)
        return bool(drawn.update(shared_at=Coalesce("shared_at", Now())))

    def unshare(self, pk: uuid.UUID) -> bool:
        """Take `pk` back; False where it was not shared."""
        return bool(self.filter(pk=pk, shared_at__isnull=False).update(shared_at=None))

    def remove(self, pk: uuid.UUID) -> bool:
        """Take `pk` out of the history and out of public view, ended if it still waits or runs.

        The row stays: it counts in its day's quota, and can be put back. False where it was
        removed already.
        """
        self.cancel(pk)
        ended = self.kept().filter(pk=pk, state__in=FINAL_STATES)
        return bool(ended.update(hidden_at=Now(), shared_at=None))

    def put_back(self, pk: uuid.UUID) -> bool:
        """Undo the removal of `pk`, for its owner alone; False where it was not removed."""
        return bool(self.removed().filter(pk=pk).update(hidden_at=None))


class Generation(Job):
    """A prompt drawn twice with the same seed, plain and personalised by one version.

    The parameters are complete: with the version's vector and the checkpoint they draw the
    picture again. The states are a job's.
    """

    class Optimiser(models.TextChoices):
        ADAM = "adam", "Adam, as the paper's code does it"
        ASCENT = "ascent", "plain gradient ascent, as in the paper"

    class Sampler(models.TextChoices):
        CHECKPOINT = "", "the checkpoint's own"
        DPM = "dpm++", "DPM-Solver++"

    owner = models.ForeignKey(User, models.CASCADE, related_name="generations")
    version = models.ForeignKey(Version, models.PROTECT, related_name="generations")
    prompt = models.CharField(max_length=1000)
    negative_prompt = models.CharField(max_length=1000, blank=True)
    seed = models.BigIntegerField(
        validators=[MinValueValidator(0), MaxValueValidator(LARGEST_SEED)],
    )
    optimiser = models.CharField(max_length=8, choices=Optimiser.choices)
    steps = models.PositiveSmallIntegerField(validators=[MaxValueValidator(MOST_STEPS)])
    rate = models.FloatField(validators=[MinValueValidator(1e-9), MaxValueValidator(10.0)])
    weight = models.FloatField(validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    anchor = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(MOST_ANCHOR)],
        help_text="Keep the subject: how much of the prompt's own meaning the target holds; "
        "0 is the paper's method.",
    )
    slerp = models.BooleanField(
        default=False,
        help_text="Mix plain and personalised words along the arc instead of the straight line, "
        "where the weight is below 1.",
    )
    clip_skip = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CLIP_SKIP)],
        help_text="The layer of the text encoder that is drawn from, counted from the end: 1 is "
        "the last, as most checkpoints expect.",
    )
    enough_agreement = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(-1.0), MaxValueValidator(1.0)],
        help_text="Stop early once the words agree so much with the look.",
    )
    most_drift = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.0), MaxValueValidator(10.0)],
        help_text="Stop early once the words have drifted so far.",
    )
    sampler = models.CharField(max_length=16, choices=Sampler.choices, blank=True)
    sampling_steps = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SAMPLING_STEPS)]
    )
    guidance = models.FloatField(validators=[MinValueValidator(1.0), MaxValueValidator(30.0)])
    width = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(SIZE_STEP), MaxValueValidator(LARGEST_SIDE)]
    )
    height = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(SIZE_STEP), MaxValueValidator(LARGEST_SIDE)]
    )

    sheet = models.ForeignKey(
        "generation.Sheet", models.CASCADE, null=True, blank=True, related_name="cells"
    )
    row = models.PositiveSmallIntegerField(null=True, blank=True)  # in the sheet, from 0
    column = models.PositiveSmallIntegerField(null=True, blank=True)

    checkpoint = digest_field(blank=True)  # of the weights that drew it
    plain = digest_field(blank=True)
    personalised = digest_field(blank=True)
    agreement = models.JSONField(
        default=list, blank=True
    )  # cosine of prompt and embedding, steps 0 to T
    remark = models.CharField(max_length=200, blank=True)  # what was done otherwise than asked
    drift = models.FloatField(null=True, blank=True)  # |c' - c| / |c| of the conditioning

    shared_at = models.DateTimeField(null=True, editable=False)  # by its owner, with everybody
    hidden_at = models.DateTimeField(null=True, editable=False)  # when its owner removed it

    objects: ClassVar = GenerationQuerySet.as_manager()

    class Meta(Job.Meta):
        ordering = ["-created_at"]
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(state=JobState.SUCCEEDED)
                | Q(
                    drift__isnull=False,
                    checkpoint__regex=DIGEST_PATTERN,
                    plain__regex=DIGEST_PATTERN,
                    personalised__regex=DIGEST_PATTERN,
                ),
                name="generation_ready_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(sheet__isnull=True, row__isnull=True, column__isnull=True)
                | Q(sheet__isnull=False, row__isnull=False, column__isnull=False),
                name="generation_of_a_sheet_has_a_place",
            ),
            models.UniqueConstraint(
                fields=["sheet", "row", "column"], name="generation_once_in_each_place"
            ),
            models.CheckConstraint(
                condition=Q(seed__range=(0, LARGEST_SEED)), name="generation_seed_is_32_bits"
            ),
            models.CheckConstraint(
                condition=Q(shared_at__isnull=True) | Q(state=JobState.SUCCEEDED),
                name="generation_shared_has_succeeded",
            ),
            models.CheckConstraint(
                condition=Q(hidden_at__isnull=True)
                | Q(state__in=FINAL_STATES, shared_at__isnull=True),
                name="generation_hidden_is_final_and_not_shared",
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["owner", "-created_at"], name="generation_of_owner"),
            models.Index(
                fields=["version", "-shared_at", "-id"],
                condition=Q(shared_at__isnull=False),
                name="generation_shared",
            ),
        ]

    def __str__(self) -> str:
        return f"“{self.prompt}” in {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("generation:drawing", args=[self.pk])

    @property
    def aesthetic(self) -> Aesthetic:
        return self.version.aesthetic

    @property
    def thumbnail_url(self) -> str:
        """Return where the personalised picture is, or nothing before it is drawn."""
        return reverse("generation:picture", args=[self.pk, "personalised"]) if self.plain else ""

    @property
    def is_shareable(self) -> bool:
        """Whether its owner may share it; `share` asks the same of the database."""
        is_drawn = self.has_succeeded and self.hidden_at is None
        return is_drawn and self.aesthetic.is_public and self.version.yanked_at is None

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it: shared, and its look is not hidden."""
        return self.shared_at is not None and self.is_shareable

    @property
    def has_effect(self) -> bool:
        """Whether the conditioning moved enough for anybody to see it."""
        return self.drift is not None and self.drift >= LEAST_DRIFT
