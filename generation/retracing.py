"""From an uploaded picture to what this hub knows of it, and what draws it again. Request side.

Nothing is stored. What the file says is a claim of whoever made it: it is looked up among what the
visitor may see, and checked as if they had typed it.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F

from accounts.models import User
from generation.doses import GUARDS
from generation.keeping import keep, kept
from generation.models import Generation, StandardSheet
from generation.models.generations import PARAMETERS
from generation.models.ingredients import MOST_OTHERS
from generation.picture_facts import Facts, MixedLook, NamedCheckpoint, NamedLook
from generation.picture_reading import check_size, facts_in
from generation.prompts import (
    check_emphasis,
    check_numbers,
    check_others,
    check_space,
    find_version,
    too_many,
)
from generation.provenance import SAMPLER_NAMES
from registry.digests import digest_bytes, hex_of
from registry.file_names import shown
from registry.models import Version

# Files that a web process looks at at a time: the largest takes 30 MB, and its chunks as much.
_READING = threading.BoundedSemaphore(2)

CHECKPOINT_KEPT = 60  # seconds
LONGEST_NUMBER = 40  # characters; what is longer is not repeated in a sentence

IN_WORDS = {
    "prompt": "prompt",
    "negative_prompt": "negative prompt",
    "seed": "seed",
    "optimiser": "optimiser",
    "steps": "number of steps of the dose",
    "rate": "rate of the dose",
    "weight": "weight of the dose",
    "anchor": "anchor",
    "slerp": "mixing along the arc",
    "clip_skip": "clip skip",
    "enough_agreement": "agreement that is enough",
    "most_drift": "drift that is the most",
    "others": "list of looks that are mixed in",
    "aesthetic_text": "text that the look is turned to",
    "aesthetic_text_angle": "angle of that text",
    "aesthetic_text_negative": "turning away from that text",
    "sampler": "sampler",
    "sampling_steps": "number of sampling steps",
    "guidance": "guidance",
    "width": "width",
    "height": "height",
}
NOT_SETTINGS = frozenset({"Version"})  # of the program; it decides nothing that can be named
# Ours by the names that people know.
SAMPLERS = {name: str(value) for value, name in SAMPLER_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Retraced:
    """What a file says, what of it is here, and what of it can be asked for again."""

    name: str  # of the file
    facts: Facts
    drawing: Generation | None  # the visitor's own, from which the file comes
    version: Version | None  # the look as the visitor may see it here
    is_our_checkpoint: bool | None  # None where that can't be told
    usable: dict[str, object]  # parameters of a generation, and `aesthetic`
    remarks: list[str]  # what can't be used here, in sentences


def retrace(upload: UploadedFile, *, person: User | AnonymousUser) -> Retraced:
    """Return what an uploaded PNG says of its picture; raise PictureRefused."""
    name = upload.name or "upload"
    check_size(name, upload.size or 0)
    with _READING:
        facts = facts_in(name, upload.read())
    version = version_of(facts.look, person=person) if facts.look else None
    usable, refused = usable_values(facts)
    mixed, missing = usable_mixture(facts.mixed, version, person=person)
    remarks = [*_remarks_on_look(facts.look, version), *missing, *refused, *_remarks_on_rest(facts)]
    if version is not None and version.space.is_in_use:
        usable["aesthetic"] = str(version)
    if mixed:
        usable["others"] = mixed
    return Retraced(
        name=shown(name),
        facts=facts,
        drawing=drawing_of(facts.generation, person=person),
        version=version,
        is_our_checkpoint=is_ours(facts.checkpoint),
        usable=usable,
        remarks=remarks,
    )


def version_of(look: NamedLook, *, person: User | AnonymousUser) -> Version | None:
    """Return the published version that the file means, among those that `person` may see.

    Where no version has the digest, any with the same vector draws the same; one of the name that
    the file gives is the first choice. The name alone proves nothing: hubs share names.
    """
    seen = Version.objects.visible_to(person).published().standing()
    seen = seen.select_related("aesthetic__owner", "space").defer("vector", "manifest", "recipe")
    if look.version_digest and (exact := seen.filter(version_digest=look.version_digest).first()):
        return exact
    if not look.vector_hash:
        return None
    start = f"sha256:{look.vector_hash}"
    named = find_version(look.name, person=person)
    if named is not None and named.vector_digest.startswith(start):
        return named
    offered_first = F("yanked_at").desc(nulls_first=True)
    return (
        seen.filter(vector_digest__startswith=start).order_by(offered_first, "published_at").first()
    )


def usable_mixture(
    mixed: Sequence[MixedLook], version: Version | None, *, person: User | AnonymousUser
) -> tuple[list[dict[str, object]], list[str]]:
    """Return the looks that can be mixed in here, as the API names them, and a sentence on each
    that can't, or one on them all.
    """
    if len(mixed) > MOST_OTHERS:
        return [], [too_many(len(mixed))]
    others, remarks = [], []
    for each in mixed:
        other = version_of(each.look, person=person)
        if other is None or not other.space.is_in_use:
            name = shown(each.look.name)
            remarks.append(f"The look “{name}”, which is mixed in, can't be mixed in here.")
        else:
            others.append((other, each.weight))
    try:
        check_others(version, others)
    except ValidationError as error:
        return [], [*remarks, f"The looks can't be mixed in here. {' '.join(error.messages)}"]
    return [{"aesthetic": str(other), "weight": weight} for other, weight in others], remarks


def drawing_of(pk: str, *, person: User | AnonymousUser) -> Generation | None:
    """Return the visitor's own drawing of this name."""
    try:
        return Generation.objects.owned_by(person).filter(pk=UUID(pk)).first()
    except ValueError:
        return None


def is_ours(checkpoint: NamedCheckpoint) -> bool | None:
    """Tell whether the hub draws with the checkpoint; None where file or hub don't say."""
    ours = checkpoint_in_use()
    if not ours or not (checkpoint.digest or checkpoint.hash):
        return None
    if checkpoint.digest:
        return checkpoint.digest == ours
    return hex_of(ours).startswith(checkpoint.hash)


def checkpoint_in_use() -> str:
    """Return the digest of the checkpoint that drew last, or nothing before any did.

    Only a worker reads the checkpoint's files, and writes their digest into what it drew: for
    somebody, or a standard sheet where nobody waits, as soon as there is another checkpoint.
    """
    key = f"checkpoint-in-use:{digest_bytes(settings.DIFFUSION_MODEL.encode())}"
    if found := kept(key):
        return str(found)
    ended = [
        drawn.values_list("finished_at", "checkpoint").order_by("-finished_at").first()
        for drawn in (
            Generation.objects.newest_drawn(),
            StandardSheet.objects.filter(finished_at__isnull=False).exclude(picture=""),
        )
    ]
    _, newest = max(filter(None, ended), default=(None, ""))
    if newest:
        keep(key, newest, CHECKPOINT_KEPT)
    return newest


def usable_values(facts: Facts) -> tuple[dict[str, object], list[str]]:
    """Return what a generation can have, by name, and a sentence on each value that it can't.

    What was drawn in a look and names no guard was drawn without it, whatever guard the hub's own
    dose has by now.
    """
    usable: dict[str, object] = {}
    remarks = []
    if facts.look is not None:
        usable |= dict.fromkeys(name for name in GUARDS if name not in facts.values)
    for name in PARAMETERS:
        text = facts.values.get(name)
        if text is None or (name == "prompt" and not text):
            continue
        if name in GUARDS and not text:  # which to a model is no value, and no guard
            usable[name] = None
            continue
        try:
            usable[name] = _checked(name, text)
        except ValidationError as error:
            remarks.append(_remark_on_value(name, text, error))
    return usable, remarks


def _checked(name: str, text: str) -> object:
    """Return the value that the text means; raise ValidationError where no drawing can have it."""
    value = SAMPLERS.get(text, text) if name == "sampler" else text
    asked = Generation(**{name: value})
    asked.clean_fields(exclude={*PARAMETERS, "owner", "version"} - {name})
    check_numbers(asked)
    check_emphasis(asked)
    return getattr(asked, name)


def _remark_on_value(name: str, text: str, error: ValidationError) -> str:
    words = IN_WORDS[name]
    if name == "sampler":
        return f"The hub has no sampler “{shown(text)}”; without one it takes the checkpoint's own."
    if name.endswith("prompt"):
        return f"The {words} can't be used here. {' '.join(error.messages)}"
    if len(text) > LONGEST_NUMBER:
        return f"The {words} can't be used here: it has {len(text):,} characters."
    return f"The {words} “{shown(text)}” can't be used here. {' '.join(error.messages)}"


def _remarks_on_look(look: NamedLook | None, version: Version | None) -> Iterator[str]:
    if look is None:
        yield "The file names no look, so it is a plain picture; choose a look to draw it in."
    elif version is not None:
        try:
            check_space(version)
        except ValidationError as error:
            yield " ".join(error.messages)
    elif look.vector_hash:
        yield f"The look “{shown(look.name)}” is not in this hub; choose another."
    else:
        yield (
            f"The file names the look “{shown(look.name)}” without a hash, so the hub can't tell "
            "whether it has it; choose one."
        )


def _remarks_on_rest(facts: Facts) -> Iterator[str]:
    if not facts.values.get("prompt"):
        yield "The file has no prompt."
    if facts.is_ours_unreadable:
        yield "The file's text “aesthetic” is not one that the hub wrote, so it was not used."
    if unknown := [key for key in facts.others if key not in NOT_SETTINGS]:
        yield f"The hub has no setting for: {', '.join(map(shown, unknown))}."
