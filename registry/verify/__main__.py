"""`python -m registry.verify`: is a download what it is called? Without Django, torch, settings."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from registry.digests import is_digest
from registry.verify.files import check_path
from registry.verify.hubs import REF, Hub, check_ref
from registry.verify.reports import Report, Unchecked

RIGHT, WRONG, UNCHECKED = 0, 1, 3  # exit statuses; argparse itself ends with 2

DESCRIPTION = """\
Recompute the digests of downloaded files, or of versions on a hub, and compare them.

A FILE (.safetensors, .pt, .npy, .json, a manifest or a recipe) is checked offline: with what it
says itself, with the manifest beside it, with --digest. Nothing in it is ever executed.
A REF (owner/slug@v1, or with “latest” or a digest) is downloaded from --hub: manifest, recipe and
all files must name each other. A token in HUB_TOKEN shows you what is private and yours.
"""
EXIT_STATUS = """\
exit status:
  0  everything is what it is called
  1  something is not, and each deviation was named
  2  the command line cannot be understood
  3  something could not be checked: no such file, no such version, no answer
"""


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    results = list(_check(chosen))
    if chosen.json:
        print(json.dumps([_as_json(name, result) for name, result in results], indent=2))
    else:
        for name, result in results:
            print("\n".join(_lines(name, result)))
    return _status([result for _, result in results])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m registry.verify",
        description=DESCRIPTION,
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="+", metavar="FILE|REF")
    parser.add_argument("--hub", default="", help="the hub's address, https://hub.example")
    parser.add_argument("--digest", type=_digest, help="sha256:… of the file, vector or version")
    parser.add_argument("--manifest", type=Path, help="the manifest of the FILE, not one beside it")
    parser.add_argument("--json", action="store_true", help="a list of JSON objects, not sentences")
    return parser


def _digest(text: str) -> str:
    if not is_digest(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not sha256:<64 lower-case hex digits>")
    return text


def _check(chosen: argparse.Namespace) -> Iterator[tuple[str, Report | Unchecked]]:
    for name in chosen.names:
        try:
            yield name, _report(name, chosen)
        except Unchecked as error:
            yield name, error


def _report(name: str, chosen: argparse.Namespace) -> Report:
    path = Path(name)
    if path.exists() or REF.fullmatch(name) is None:
        return check_path(path, wanted=chosen.digest, manifest=chosen.manifest)
    if not chosen.hub:
        raise Unchecked(f"{name} is no file here; to check a version, name its hub with --hub.")
    hub = Hub(chosen.hub.rstrip("/"), os.environ.get("HUB_TOKEN", ""))
    return check_ref(name, hub, wanted=chosen.digest)


def _lines(name: str, result: Report | Unchecked) -> Iterator[str]:
    if isinstance(result, Unchecked):
        yield f"{name}: not checked. {result}"
        return
    yield f"{name}: {'right' if result.is_right else 'WRONG'}"
    yield from (f"  {digest}  {what}" for what, digest in result.digests.items())
    yield from (f"  {note}" for note in result.notes)
    for deviation in result.deviations:
        yield f"  {deviation.what}: expected {deviation.expected}, found {deviation.found}"


def _as_json(name: str, result: Report | Unchecked) -> dict[str, object]:
    if isinstance(result, Unchecked):
        return {"name": name, "result": "unchecked", "reason": str(result)}
    word = "right" if result.is_right else "wrong"
    rows = [asdict(deviation) for deviation in result.deviations]
    return {
        "name": name,
        "result": word,
        "digests": result.digests,
        "notes": list(result.notes),
        "deviations": rows,
    }


def _status(results: Sequence[Report | Unchecked]) -> int:
    if any(isinstance(result, Report) and not result.is_right for result in results):
        return WRONG
    return UNCHECKED if any(isinstance(result, Unchecked) for result in results) else RIGHT


if __name__ == "__main__":
    sys.exit(main())
