"""Hostile zips of pictures by name, each with the code of its refusal."""

from dataclasses import replace
from io import BytesIO

from tests.registry.archive_factory import (
    Layout,
    archive,
    changed,
    local_header,
    member,
    streamed,
    wide_extra,
)

CAT, DOG = member("cat.jpg", b"cat" * 50), member("dog.png", b"dog" * 50)
INNER = archive(DOG).getvalue()

_MADE: dict[str, tuple[bytes | BytesIO, str]] = {
    "no zip": (b"\xff\xd8\xff" + bytes(100), "not-a-zip"),
    "cut off": (archive(CAT, DOG).getvalue()[:-30], "not-a-zip"),
    "a program in front": (b"MZ" + bytes(60) + INNER, "prepended-data"),
    "data behind": (INNER + b"more", "trailing-data"),
    "a zip in the comment": (
        archive(CAT, layout=Layout(end={"comment": len(INNER)}, after_end=INNER)),
        "prepended-data",
    ),
    "data between members": (archive(CAT, replace(DOG, gap=b"hidden")), "hidden-data"),
    "members that overlap": (
        archive(
            member("cat.jpg", local_header(DOG.local) + DOG.data, method=0),
            replace(DOG, is_written=False, offset=30 + len("cat.jpg")),
        ),
        "overlap",
    ),
    "one member under two names": (
        archive(CAT, replace(changed(CAT, name=b"x.jpg"), is_written=False, offset=0)),
        "overlap",
    ),
    "a name that differs in the local header": (
        archive(replace(CAT, local=replace(CAT.local, name=b"cat.exe"))),
        "header-mismatch",
    ),
    "sizes that differ behind the data": (
        archive(replace(streamed("cat.jpg"), descriptor=bytes(16))),
        "header-mismatch",
    ),
    "a second disk": (archive(CAT, replace(DOG, disk=1)), "multi-disk"),
    "more rows than it counts": (
        archive(CAT, DOG, layout=Layout(end={"count": 1, "here": 1})),
        "malformed",
    ),
    "a wide field that is cut off": (
        archive(replace(CAT, central=replace(CAT.central, extra=wide_extra(1)[:-1]))),
        "malformed",
    ),
    "the same name twice": (archive(CAT, member("cat.jpg", b"x")), "duplicate-name"),
    "a name that climbs": (archive(member("../cat.jpg")), "unsafe-name"),
    "a name from the root": (archive(member("/cat.jpg")), "unsafe-name"),
    "a name with a drive": (archive(member("C:cat.jpg")), "unsafe-name"),
    "a name with a backslash": (archive(member("..\\cat.jpg")), "unsafe-name"),
    "a name with NUL": (archive(member("cat.jpg\0.exe")), "unsafe-name"),
    "a link": (archive(replace(CAT, unix_mode=0o120777)), "symlink"),
    "a device": (archive(replace(CAT, unix_mode=0o060666)), "special-file"),
    "encryption": (archive(changed(CAT, flags=1)), "encrypted"),
    "another compression": (archive(changed(CAT, method=14)), "unsupported-compression"),
    "four folders": (archive(member("a/b/c/d/cat.jpg")), "too-deep"),
    "a zip in the zip": (archive(member("inner.zip", INNER)), "nested-archive"),
    "a bomb": (archive(member("cat.jpg", bytes(5_000_000))), "ratio"),
    "a wrong checksum": (archive(changed(CAT, crc=1)), "corrupt"),
    "a size that is too small": (archive(changed(CAT, size=149)), "corrupt"),
    "2,001 pictures": (
        archive(*(member(f"{number}.jpg") for number in range(2_001))),
        "too-many-entries",
    ),
    "nothing": (archive(), "empty"),
}

ARCHIVES = {
    name: (file if isinstance(file, bytes) else file.getvalue(), code)
    for name, (file, code) in _MADE.items()
}
