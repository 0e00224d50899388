"""One member of a zip in; nothing, or the refusal of the whole archive, out."""

import re
import stat
from pathlib import PurePosixPath
from typing import Final

from registry.containers.zip_directory import Record
from registry.containers.zip_refusals import member_refused

STORED: Final = 0
DEFLATED: Final = 8

_ENCRYPTED: Final = 1 << 0 | 1 << 6 | 1 << 13  # Data, data with strong encryption, directory.
_PATCHED: Final = 1 << 5

_LONGEST_NAME: Final = 512  # characters
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LITTER: Final = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini"})
_ARCHIVES: Final = frozenset(
    {".7z", ".bz2", ".cbr", ".cbz", ".gz", ".jar", ".rar", ".tar", ".tgz", ".xz", ".zip", ".zst"}
)


def check_kind(record: Record) -> None:
    """Refuse what is not a plain file or a folder that any program could read."""
    if record.flags & _ENCRYPTED:
        raise member_refused(record.name, "encrypted", "is encrypted; zip it without a password")
    if record.flags & _PATCHED or record.method not in {STORED, DEFLATED}:
        raise member_refused(
            record.name,
            "unsupported-compression",
            f"is compressed by method {record.method}; zip it with the usual one (deflate)",
        )
    if record.method == STORED and record.size != record.compressed:
        raise member_refused(record.name, "corrupt", "has two sizes; zip the pictures again")
    if stat.S_ISLNK(record.unix_mode):
        raise member_refused(record.name, "symlink", "is a link; zip the file it points to")
    if stat.S_IFMT(record.unix_mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise member_refused(record.name, "special-file", "is neither a file nor a folder")
    if record.name.endswith("/") and record.size:
        raise member_refused(record.name, "hidden-data", "is a folder and has data")


def check_name(name: str) -> None:
    problem = _problem_of(name)
    if problem:
        raise member_refused(
            name or "A member", "unsafe-name", f"{problem}; zip the pictures again"
        )


def _problem_of(name: str) -> str | None:
    if len(name) > _LONGEST_NAME:
        return f"has a name of {len(name):,} characters, and {_LONGEST_NAME} are the most"
    if "\\" in name:
        return "has a backslash in its name"
    if _CONTROLS.search(name):
        return "has a control character in its name"
    if name.startswith("/") or _DRIVE.match(name):
        return "has a name that begins at the root of a disk"
    if not {"", ".", ".."}.isdisjoint(name.removesuffix("/").split("/")):
        return "has a name that leaves its folder"
    return None


def is_litter(name: str) -> bool:
    """Tell whether the member is a folder, a hidden file, or what systems leave behind."""
    return name.endswith("/") or any(
        part.startswith(".") or part.lower() in _LITTER for part in name.split("/")
    )


def check_place(name: str, depth: int) -> None:
    if name.count("/") > depth:
        raise member_refused(
            name, "too-deep", f"is in more than {depth} folders; zip fewer of them"
        )
    if PurePosixPath(name).suffix.lower() in _ARCHIVES:
        raise member_refused(name, "nested-archive", "is an archive itself; unpack it first")
