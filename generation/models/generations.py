"""A generation: one prompt drawn plain and personalised, and all that decides the pictures."""

from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from registry.models import Aesthetic, Job, JobState, Version
from registry.models.jobs import JobQuerySet
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
    def visible_to(self, person: User | AnonymousUser) -> Self:
        """Return what `person` may know of: their own."""
        return self.filter(owner=person) if isinstance(person, User) else self.none()


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

    checkpoint = digest_field(blank=True)  # of the weights that drew it
    plain = digest_field(blank=True)
    personalised = digest_field(blank=True)
    agreement = models.JSONField(
        default=list, blank=True
    )  # cosine of prompt and embedding, steps 0 to T
    remark = models.CharField(max_length=200, blank=True)  # what was done otherwise than asked
    drift = models.FloatField(null=True, blank=True)  # |c' - c| / |c| of the conditioning

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
                condition=Q(seed__range=(0, LARGEST_SEED)), name="generation_seed_is_32_bits"
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["owner", "-created_at"], name="generation_of_owner"),
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
    def has_effect(self) -> bool:
        """Whether the conditioning moved enough for anybody to see it."""
        return self.drift is not None and self.drift >= LEAST_DRIFT
