"""What of a demo is for its owner's eyes only: secrets made at its first start, logs, pictures."""

import os
import secrets
from pathlib import Path

BYTES = 32  # 256 bits of randomness


def ensure_secret(file: Path) -> str:
    """Return the secret in the file; make one if there is none."""
    if file.exists() and (known := file.read_text().strip()):
        return known
    secret = secrets.token_urlsafe(BYTES)
    write_private(file, secret + "\n")
    return secret


def ensure_private_folder(folder: Path) -> None:
    """Make a folder that nobody else can enter; close one that others could."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)


def open_private(path: str, flags: int) -> int:
    """Open a file as `open` does, so that nobody else can read it: an opener for `open`."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)  # It may be an earlier demo's.
    return descriptor


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else can read, whole or not at all."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    unfinished.replace(file)
