"""The least of each thing that tests need: people, spaces, aesthetics, pictures, versions."""

from dataclasses import asdict
from io import BytesIO

import numpy as np
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image as Picture

from accounts.models import Token, User, issue_token
from registry import digests, publishing, queueing, uploads
from registry.models import (
    Aesthetic,
    Feature,
    Image,
    JobState,
    Member,
    Side,
    Space,
    Verification,
    Version,
)
from registry.reproduction import STAGES, Stage
from registry.tasks import build_version

SIDE = 48  # pixels; small pictures are as good as large ones here
PASSWORD = "a sentence nobody would guess"
SOMEWHERE = uploads.Provenance("https://example.org/1", "CC0-1.0", "A. Painter")


def person(name: str = "ada", password: str = "") -> User:
    """Make a person; without a password nobody can log in as them but `force_login`."""
    user = User(username=name, email=f"{name}@example.org")
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.full_clean()
    user.save()
    return user


def confirm(person: User) -> None:
    """Have the person confirm their address, as the link in a mail does."""
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)


def bearer(user: User, *scopes: str) -> dict[str, str]:
    """Return the header of a new token of `user`, with all scopes unless some are named."""
    _, secret = issue_token(user, name="test", scopes=list(scopes) or list(Token.Scope.values))
    return {"Authorization": f"Bearer {secret}"}


def space(name: str = "") -> Space:
    """Make, or find, a space that no encoder knows: sets in it are measured from `features`."""
    name = name or settings.HUB_SPACE
    found, _ = Space.objects.get_or_create(
        name=name,
        defaults={
            "architecture": "invented",
            "weights": digests.digest_bytes(name.encode()),
            "preprocessing": {"size": 96},
            "image_size": 96,
        },
    )
    return found


def picture(seed: int, side: int = SIDE) -> bytes:
    """Draw noise on a colour; another seed is another picture."""
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 60, (side, side, 3)) + rng.integers(0, 195, 3)  # [side, side, 3]
    return png(Picture.fromarray(samples.astype(np.uint8)))


def png(image: Picture.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def upload(name: str = "one.png", data: bytes | None = None) -> SimpleUploadedFile:
    """Make a file as a form sends it."""
    return SimpleUploadedFile(name, picture(1) if data is None else data)


def aesthetic(owner: User, slug: str = "sea-mist", **card: object) -> Aesthetic:
    """Make a draft without pictures."""
    made = Aesthetic(owner=owner, slug=slug, **{"title": slug.replace("-", " ").title(), **card})
    made.full_clean()
    made.save()
    return made


def member(of: Aesthetic, seed: int, side: Side = Side.TOWARDS) -> Member:
    """Put the picture `seed` into the set, as an upload does."""
    name = f"{seed}.png"
    added = uploads.add_picture(of, name, picture(seed), side, SOMEWHERE)
    return of.members.get(image__digest=added.image, side=side)


def members(of: Aesthetic, count: int, side: Side = Side.TOWARDS, first: int = 0) -> list[Member]:
    return [member(of, first + number, side) for number in range(count)]


def features(of: Aesthetic, within: Space, direction: int = 0) -> None:
    """Give the pictures of the set invented vectors that lie around the axis `direction`."""
    images = Image.objects.filter(memberships__aesthetic=of).exclude(features__space=within)
    for image in images.distinct():
        rng = np.random.default_rng(image.pk)
        vector = rng.normal(0, 0.1, 768).astype(np.float32)  # [768]
        vector[direction] += 4
        pixels = digests.digest_bytes(f"pixels of {image.digest}".encode())
        Feature.objects.create(image=image, space=within, pixels=pixels, vector=vector)


def built(of: Aesthetic, pictures: int = 5, direction: int = 0) -> Version:
    """Measure a set in the invented space, by the real task; fill it first when it is empty."""
    within = space()
    if not of.members.exists():
        members(of, pictures, first=1000 * of.pk)
    features(of, within, direction)
    version = queueing.queue_build(of).version
    build_version(str(version.pk))
    version = Version.objects.select_related("aesthetic__owner", "space").get(pk=version.pk)
    assert version.has_succeeded, version.reason
    return version


def published(of: Aesthetic, pictures: int = 5, direction: int = 0) -> Version:
    """Measure a set and publish it."""
    version = built(of, pictures, direction)
    return publishing.publish(version, accepts={"accept_few", "accept_close"})


def shelved(
    of: Aesthetic,
    direction: int = 0,
    within: str = "",
    scale: float = 1,
    vector: np.ndarray | None = None,
) -> Version:
    """Publish an invented version without pictures or files, for those who only look for it.

    Its vector [768] lies near the axis `direction`, unless there is another.
    """
    number = of.versions.count() + 1
    named = digests.digest_bytes(f"{of.pk} {number}".encode())
    if vector is None:
        vector = np.random.default_rng([of.pk, number]).normal(0, 0.1, 768)  # [768]
        vector[direction] += 4
    now = timezone.now()
    Aesthetic.objects.filter(pk=of.pk).update(published_at=now)
    return Version.objects.create(
        aesthetic=of,
        space=space(within),
        state=JobState.SUCCEEDED,
        construction=Version.Construction.MEAN,
        recipe=b"{}",
        recipe_digest=named,
        image_count=2,
        number=number,
        published_at=now,
        vector=scale * vector,
        vector_digest=named,
        image_set_digest=named,
        resultant_length=0.5,
        manifest=b"{}",
        version_digest=named,
    )


def verified(version: Version, **facts: object) -> Verification:
    """Give the version an invented verification that came to a verdict."""
    stages = [asdict(Stage(name, of=5, agree=5, equal=5)) for name in STAGES]
    return Verification.objects.create(
        version=version,
        **{
            "state": JobState.SUCCEEDED,
            "finished_at": timezone.now(),
            "verdict": Verification.Verdict.REPRODUCED,
            "stages": stages,
            "worker": "worker-1",
            "device": "cpu (AVX2)",
            "torch": "2.14.1",
            "encoder": version.space.weights,
            **facts,
        },
    )
