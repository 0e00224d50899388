"""An aesthetic: a named project with its card and its image set."""

import re
import unicodedata
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import IntegrityError, models, transaction
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Upper
from django.urls import reverse

from accounts.models import User
from registry import cards, names
from registry.licences import Licence, Rating
from registry.models.images import Image

if TYPE_CHECKING:
    from registry.models.versions import Version

TAG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
MOST_TAGS = 12
# Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX 9).
BIDIRECTIONAL_CONTROLS = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
# And halves of surrogate pairs, as in names of files that are no UTF-8.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
# What an owner says of an aesthetic and may change; all else in its row is the hub's to write.
CARD = ("title", "card", "licence", "rating", "tags", "visibility")
LONGEST_CARD = 20_000  # characters
SEARCH_CONFIG = "english"  # the text search configuration of titles, tags and cards
USED_SLUG = "You have used this short name before."


class Side(models.TextChoices):
    TOWARDS = "towards", "towards: the look"
    AWAY = "away", "away: what it is not"


class AestheticQuerySet(models.QuerySet["Aesthetic"]):
    def public(self) -> Self:
        """Return what everybody may see: published, not made private, not deleted."""
        return self.filter(
            published_at__isnull=False,
            visibility=Aesthetic.Visibility.PUBLIC,
            deleted_at__isnull=True,
        )

    def owned_by(self, person: User | AnonymousUser) -> Self:
        """Return what belongs to `person` and is not deleted, drafts included."""
        if not isinstance(person, User):
            return self.none()
        return self.filter(owner=person, deleted_at__isnull=True)

    def named(self, owner: str, slug: str) -> Self:
        """Return the aesthetic `owner/slug`, with its owner."""
        return self.filter(owner__username=owner, slug=slug).select_related("owner")

    def visible_to(self, person: User | AnonymousUser) -> Self:
        """Return what `person` may know of."""
        return self.public() | self.owned_by(person)


class Aesthetic(models.Model):
    """A named project `owner/slug`: card, licence, tags, rating, an image set, its versions.

    It is private until its first version is published. Deleting hides it and keeps its name, which
    is never issued again.
    """

    class Visibility(models.TextChoices):
        PUBLIC = "public", "Public once it is published"
        PRIVATE = "private", "Only you"

    owner = models.ForeignKey(User, models.PROTECT, related_name="aesthetics")
    slug = models.CharField(
        "short name",
        max_length=names.SLUG_MAX_LENGTH,
        validators=names.SLUG_VALIDATORS,
        help_text="It stands in the address and in file names, and cannot be changed later.",
    )
    title = models.CharField(max_length=120)
    card = models.TextField(
        "description",
        blank=True,
        max_length=LONGEST_CARD,
        help_text="Markdown. What the pictures share, where they are from.",
    )
    licence = models.CharField(max_length=32, choices=Licence.choices, default=Licence.CC_BY)
    rating = models.CharField(max_length=8, choices=Rating.choices, default=Rating.GENERAL)
    tags = ArrayField(
        models.CharField(
            max_length=32,
            validators=[
                RegexValidator(TAG_PATTERN, "A tag is lower-case letters, digits and hyphens.")
            ],
        ),
        blank=True,
        default=list,
        size=MOST_TAGS,
    )
    visibility = models.CharField(
        max_length=7, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    download_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    words = models.GeneratedField(
        expression=SearchVector(F("title"), weight="A", config=SEARCH_CONFIG)
        + SearchVector(
            Func(F("tags"), Value(" "), function="hub_join_words", output_field=models.TextField()),
            weight="A",
            config=SEARCH_CONFIG,
        )
        + SearchVector(F("slug"), weight="B", config=SEARCH_CONFIG)
        + SearchVector(F("card"), weight="C", config=SEARCH_CONFIG),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    # Not columns: what pages show beside a row. `registry.covers` and the views put it there.
    latest: "Version | None"
    covers: list[str]  # addresses of thumbnails
    card_html: str

    objects = AestheticQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "slug"],
                name="aesthetic_slug_once_per_owner",
                violation_error_message=USED_SLUG,
            ),
            models.CheckConstraint(
                condition=Q(slug__regex=names.SLUG_PATTERN), name="aesthetic_slug_is_a_slug"
            ),
            models.CheckConstraint(
                condition=Q(licence__in=Licence.values), name="aesthetic_licence_is_known"
            ),
            models.CheckConstraint(
                condition=Q(rating__in=Rating.values), name="aesthetic_rating_is_known"
            ),
        ]
        indexes = [
            GinIndex(fields=["words"], name="aesthetic_words"),
            GinIndex(fields=["tags"], name="aesthetic_tags"),
            GinIndex(fields=["title"], opclasses=["gin_trgm_ops"], name="aesthetic_title_trigrams"),
            # As Django asks for `title__iexact`.
            models.Index(Upper("title"), name="aesthetic_title_upper"),
            models.Index(fields=["-published_at", "-id"], name="aesthetic_newest"),
            models.Index(fields=["-download_count", "-id"], name="aesthetic_most_downloaded"),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("registry:aesthetic", args=[self.owner.username, self.slug])

    @property
    def ref(self) -> str:
        return f"{self.owner.username}/{self.slug}"

    @property
    def homepage(self) -> str:
        return settings.PUBLIC_URL + self.get_absolute_url()

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it; `public()` asks the same of the database."""
        is_shown = self.visibility == Aesthetic.Visibility.PUBLIC and self.deleted_at is None
        return self.is_published and is_shown

    def add(self) -> None:
        """Check this new aesthetic and write its row.

        Raises ValidationError, also where its name was taken between the check and the writing.
        """
        self.full_clean()
        try:
            with transaction.atomic():
                self.save(force_insert=True)
        except IntegrityError:
            self.full_clean()  # says which name it was
            raise

    def save_card(self) -> None:
        """Write the card alone: the rest of the row may have changed since it was read."""
        self.save(update_fields=[*CARD, "updated_at"])

    def clean(self) -> None:
        """Take out of the title what would turn the text around it (SPEC section 5).

        Line breaks, other controls and halves of surrogate pairs become spaces; something must be
        left to be seen and clicked. A short name that its owner has used is told as the slug's
        error, where the constraint would be nobody's.
        A card must not cost much more than its text; nor be too long, which Django asks of forms
        alone.
        """
        title = self.title.translate(BIDIRECTIONAL_CONTROLS)
        self.title = CONTROLS.sub(" ", title).strip()
        if all(unicodedata.category(character)[0] in "CZ" for character in self.title):
            raise ValidationError({"title": ValidationError("A title has words.", code="blank")})
        self._check_card()
        if self._state.adding:
            own = Aesthetic.objects.filter(owner=self.owner_id, slug=self.slug)
            if own.exists():
                raise ValidationError({"slug": ValidationError(USED_SLUG, code="unique")})

    def _check_card(self) -> None:
        if len(self.card) > LONGEST_CARD:
            sentence = (
                f"A card has at most {LONGEST_CARD:,} characters; this has {len(self.card):,}."
            )
            raise ValidationError({"card": ValidationError(sentence, code="max_length")})
        try:
            cards.check(self.card)
        except cards.CardRefused as refused:
            raise ValidationError(
                {"card": ValidationError(str(refused), code="costly-card")}
            ) from refused


class Member(models.Model):
    """A picture in the image set of an aesthetic, with where it is from."""

    aesthetic = models.ForeignKey(Aesthetic, models.CASCADE, related_name="members")
    image = models.ForeignKey(Image, models.PROTECT, related_name="memberships")
    side = models.CharField(max_length=7, choices=Side.choices, default=Side.TOWARDS)
    filename = models.CharField(max_length=255)
    source = models.CharField(max_length=500, blank=True)
    licence = models.CharField(max_length=64, blank=True)
    credit = models.CharField(max_length=255, blank=True)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["aesthetic", "image", "side"], name="member_once_per_side"
            ),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="member_side_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.filename} in {self.aesthetic_id}"
