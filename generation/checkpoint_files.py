"""Which files of a checkpoint decide its pictures. Standard library only, for web processes too."""

from functools import cache
from pathlib import Path

INDEX = "model_index.json"
# The index, and the weights, settings and words of the components.
DECISIVE = (INDEX, "*/*.safetensors", "*/*.json", "*/*.txt")


def decisive_files(folder: Path) -> dict[str, Path]:
    """Return the files that decide a picture, by their names within the folder."""
    files = {path for pattern in DECISIVE for path in folder.glob(pattern)}
    return {path.relative_to(folder).as_posix(): path for path in files if path.is_file()}


@cache
def stamps(checkpoint: str) -> dict[str, str]:
    """Return size and time of each decisive file; none of a name on the Hugging Face Hub.

    For processes that have no time to read gigabytes. They are looked at once, as a checkpoint is
    loaded and its dose read: who overwrites a folder starts the hub anew.
    """
    found = {name: path.stat() for name, path in decisive_files(Path(checkpoint)).items()}
    return {name: f"{file.st_size} {file.st_mtime_ns}" for name, file in found.items()}
