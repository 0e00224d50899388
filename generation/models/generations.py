"""A generation: one prompt drawn plain and personalised, and all that decides the pictures."""

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from generation.models.queries import GenerationQuerySet
from generation.models.withholding import Withholdable
from generation.text_encoders import TextEncoders
from registry.models import Aesthetic, Job, JobState, Version
from registry.models.jobs import FINAL_STATES
from registry.models.spaces import DIGEST_PATTERN, digest_field

LARGEST_SEED = 2**32 - 1  # what the web UIs and their pictures' metadata use
MOST_STEPS = 50  # of personalisation; the paper uses fewer than 20
MOST_ANCHOR = 4.0  # beyond it a prompt hardly moves
MOST_CLIP_SKIP = 12  # CLIP-L's text encoder has 12 layers
MOST_SAMPLING_STEPS = 100
LARGEST_SIDE = 1024  # pixels
SIZE_STEP = 8  # pixels; latents of Stable Diffusion are an eighth of the picture

# The web UI extension's names for a text that the look is turned towards.
AESTHETIC_TEXT = ("aesthetic_text", "aesthetic_text_angle", "aesthetic_text_negative")

# All that decides the pictures, next to the version, the ingredients and the checkpoint.
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
    *AESTHETIC_TEXT,
    "sampler",
    "sampling_steps",
    "guidance",
    "width",
    "height",
)

# Below this relative change of the conditioning nobody can see a difference.
LEAST_DRIFT = 0.01


class Generation(Withholdable, Job):
    """A prompt drawn twice with the same seed, plain and personalised by one version.

    Other looks may be mixed into that of the version (`ingredients`). The parameters are complete:
    with the looks' vectors and the checkpoint they draw the picture again. The states are a job's.
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
        help_text="The layer of the text encoder that is drawn from: 1 is the one that the "
        "checkpoint expects, 2 the one before.",
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
    aesthetic_text = models.CharField(
        max_length=300,
        blank=True,
        help_text="Turn the look towards these words before it is applied.",
    )
    aesthetic_text_angle = models.FloatField(
        default=0.1,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text="How far to turn it: 0 not at all, 1 all the way to the words.",
    )
    aesthetic_text_negative = models.BooleanField(
        default=False, help_text="Turn it away from the words instead."
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
    # Which of its text encoders were personalised; empty before, and for drawings of earlier days.
    text_encoders = models.CharField(
        max_length=16, choices=[(each.value, each.value) for each in TextEncoders], blank=True
    )
    plain = digest_field(blank=True)
    personalised = digest_field(blank=True)
    agreement = models.JSONField(
        default=list, blank=True
    )  # cosine of prompt and embedding, steps 0 to T
    # The same of the pictures, plain and personalised; empty for drawings of earlier days.
    picture_agreement = models.JSONField(default=list, blank=True)
    remark = models.CharField(max_length=200, blank=True)  # what was done otherwise than asked
    drift = models.FloatField(null=True, blank=True)  # |c' - c| / |c| of the conditioning
    # Fewer than `steps` where a guard ended them, of a prompt of several rows the most of any.
    steps_taken = models.PositiveSmallIntegerField(null=True, blank=True)

    shared_at = models.DateTimeField(null=True, editable=False)  # by its owner, with everybody
    hidden_at = models.DateTimeField(null=True, editable=False)  # when its owner removed it

    # Not a column: whether the visitor may see the look; `with_look` brings it along.
    look_is_seen: bool

    objects: ClassVar = GenerationQuerySet.as_manager()

    class Meta(Job.Meta):
        ordering = ["-created_at"]
        verbose_name = "drawing"
        permissions = [("withhold_generation", "Can take drawings and sheets back from everybody")]
        constraints = [
            *Job.Meta.constraints,
            *Withholdable.Meta.constraints,
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
            # The newest of all names the checkpoint that the hub draws with.
            models.Index(
                fields=["-finished_at"],
                condition=Q(state=JobState.SUCCEEDED),
                name="generation_newest_finished",
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
    def look_name(self) -> str:
        """Return the look's title, or, where the visitor may not see it, the name they drew with.

        Who made a look private or deleted it may give it another title, which is theirs alone.
        """
        return self.aesthetic.title if self.look_is_seen else self.aesthetic.ref

    @property
    def thumbnail_url(self) -> str:
        """Return where the personalised picture is, or nothing before it is drawn."""
        return reverse("generation:picture", args=[self.pk, "personalised"]) if self.plain else ""

    @property
    def is_shareable(self) -> bool:
        """Whether its owner may share it; `share` asks the same of the database."""
        if not self.has_succeeded or self.hidden_at is not None or self.withheld_at is not None:
            return False
        mixed = (each.version for each in self.ingredients.all())
        looks = (self.version, *mixed)
        return all(look.aesthetic.is_public and look.is_offered for look in looks)

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it: shared by somebody who is there, its look not hidden."""
        return self.shared_at is not None and self.owner.is_active and self.is_shareable

    @property
    def told_text_encoders(self) -> dict[str, Any] | None:
        """Which of the checkpoint's text encoders were personalised; None where it isn't known."""
        return TextEncoders(self.text_encoders).told if self.text_encoders else None

    @property
    def has_effect(self) -> bool:
        """Whether the conditioning moved enough for anybody to see it."""
        return self.drift is not None and self.drift >= LEAST_DRIFT

    @property
    def was_guarded(self) -> bool:
        """Whether a guard of the dose ended the steps early."""
        return self.steps_taken is not None and self.steps_taken < self.steps
