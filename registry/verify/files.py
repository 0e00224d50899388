"""A downloaded file in, a report on it out: offline, by the file alone and what lies beside it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from registry import formats, strict_json
from registry.digests import digest_bytes, vector_digest
from registry.manifests import FileEntry
from registry.safetensors_files import PREFIX as LENGTH_BYTES
from registry.safetensors_files import looks_like_one as is_safetensors
from registry.verify.deviations import Deviation, differing
from registry.verify.manifest_reading import (
    VECTOR_DIGEST,
    Listing,
    ManifestRefused,
    looks_like_one,
    read_manifest,
)
from registry.verify.reports import MOST_BYTES, Report, Unchecked, check_wanted
from registry.verify.versions import check_bytes, check_vector_file

MANIFEST = "manifest.json"
RECIPE_ENDING = ".recipe.json"
RECIPE_KEYS = {"space", "construction", "members", "accumulation"}


@dataclass(slots=True)
class _Findings:
    """What is gathered about one file."""

    subject: str
    digests: dict[str, str] = field(default_factory=dict)
    deviations: list[Deviation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def report(self, wanted: str | None) -> Report:
        self.deviations += check_wanted(self.subject, wanted, self.digests.values())
        return Report(self.subject, self.digests, tuple(self.deviations), tuple(self.notes))


@dataclass(frozen=True, slots=True)
class _Manifest:
    path: Path
    digest: str
    listing: Listing


def check_path(path: Path, *, wanted: str | None = None, manifest: Path | None = None) -> Report:
    """Recompute the digests of a vector file, a manifest or a recipe, and compare them.

    They are compared with what the file says itself, with the manifest (that beside it, unless
    one is named), and with the digest that is wanted. Raise Unchecked for what can't be read.
    """
    data = _read(path)
    findings = _Findings(str(path))
    if looks_like_one(data):
        _check_manifest(path, data, findings)
    elif _is_recipe(data):
        findings.digests["recipe"] = digest_bytes(data)
        _compare_recipe(path, data, _find_manifest(path, manifest), findings)
    else:
        findings.digests["file"] = digest_bytes(data)
        _check_vector(path, data, findings)
        _compare_file(path, data, _find_manifest(path, manifest), findings)
    return findings.report(wanted)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unchecked(f"{path} can't be read: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise Unchecked(f"{path} has more than {MOST_BYTES:,} bytes; no file of a version has.")
    return data


def _is_recipe(data: bytes) -> bool:
    try:
        keys = strict_json.read(data).keys()
    except strict_json.JSONRefused:
        return False
    return keys >= RECIPE_KEYS and "vector" not in keys


def _check_vector(path: Path, data: bytes, findings: _Findings) -> None:
    """Read the vector; a file that names another digest than that of its numbers is refused."""
    try:
        vector = formats.read(data)
    except formats.FileRefused as error:
        readable = "an embedding that is what its file says"
        findings.deviations.append(Deviation(str(path), "vector", readable, error.detail))
        return
    findings.digests["vector"] = vector_digest(vector.tolist())
    if _claim(data) == findings.digests["vector"]:
        findings.notes.append("The file says the same vector digest itself.")
    else:
        findings.notes.append("The file says no digest of its own.")


def _claim(data: bytes) -> object:
    """Return the vector digest that a file, which was read before, says it has."""
    if is_safetensors(data):
        length = int.from_bytes(data[:LENGTH_BYTES], "little")
        header = json.loads(data[LENGTH_BYTES : LENGTH_BYTES + length])
        return header.get("__metadata__", {}).get("vector_digest")
    if data.lstrip().startswith(b"{"):
        return json.loads(data).get("vector_digest")
    return None


def _find_manifest(path: Path, named: Path | None) -> _Manifest | None:
    """Read the manifest that was named, or else one beside the file; None where there is none."""
    if named is not None:
        return _load_manifest(named)
    stem = path.name.removesuffix(RECIPE_ENDING) if _names_recipe(path) else path.stem
    for name in (f"{stem}.{MANIFEST}", MANIFEST):
        if path.with_name(name).is_file():
            return _load_manifest(path.with_name(name))
    return None


def _names_recipe(path: Path) -> bool:
    return path.name.endswith(RECIPE_ENDING)


def _load_manifest(path: Path) -> _Manifest:
    data = _read(path)
    try:
        return _Manifest(path, digest_bytes(data), read_manifest(data))
    except ManifestRefused as error:
        raise Unchecked(f"{path} can't be compared with. {error}") from error


def _compare_file(path: Path, data: bytes, manifest: _Manifest | None, findings: _Findings) -> None:
    """Find the file in the manifest by its bytes or by its name, and compare the two."""
    if manifest is None:
        findings.notes.append("There is no manifest beside it to compare it with.")
        return
    files = manifest.listing.files
    same = [entry for entry in files.values() if entry.digest == findings.digests["file"]]
    entry = same[0] if same else files.get(path.name)
    if entry is None:
        listed = f"one of {', '.join(sorted(files))}"
        where = f"its entry in {manifest.path.name}"
        findings.deviations.append(Deviation(str(path), where, listed, "none of them"))
        return
    _compare(path, data, entry, manifest, findings)
    if "vector" in findings.digests:
        findings.deviations += differing(
            str(path),
            f"vector digest in {manifest.path.name}",
            expected=manifest.listing.annotations.get(VECTOR_DIGEST, ""),
            found=findings.digests["vector"],
        )


def _compare_recipe(
    path: Path, data: bytes, manifest: _Manifest | None, findings: _Findings
) -> None:
    if manifest is None:
        findings.notes.append("There is no manifest beside it to compare it with.")
        return
    _compare(path, data, manifest.listing.recipe, manifest, findings)


def _compare(
    path: Path, data: bytes, entry: FileEntry, manifest: _Manifest, findings: _Findings
) -> None:
    findings.digests["version"] = manifest.digest
    findings.deviations += check_bytes(
        str(path), f"{entry.name} in {manifest.path.name}", entry, data
    )
    findings.notes.append(f"It was compared with the manifest {manifest.path.name}.")


def _check_manifest(path: Path, data: bytes, findings: _Findings) -> None:
    """Compare what a manifest lists with the files that lie beside it."""
    findings.digests["version"] = digest_bytes(data)
    try:
        listing = read_manifest(data)
    except ManifestRefused as error:
        readable = "a manifest of a version"
        findings.deviations.append(Deviation(str(path), "manifest", readable, str(error)))
        return
    findings.deviations += _check_siblings(path, listing)
    absent = [name for name in sorted(listing.files) if not path.with_name(name).is_file()]
    if absent:
        findings.notes.append(f"Not beside it, so not checked: {', '.join(absent)}.")


def _check_siblings(path: Path, listing: Listing) -> Iterator[Deviation]:
    for name, entry in sorted(listing.files.items()):
        beside = path.with_name(name)
        if beside.is_file():
            data = _read(beside)
            yield from check_bytes(str(path), f"file {name}", entry, data)
            vector = listing.annotations.get(VECTOR_DIGEST, "")
            yield from check_vector_file(str(path), name, data, vector)
