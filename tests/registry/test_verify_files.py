"""`python -m registry.verify FILE`: a download is checked offline, by what lies there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from registry import digests, formats, manifests, plain_files, safetensors_files
from registry.verify.__main__ import main

ROOT = Path(__file__).parents[2]
VECTOR = np.random.default_rng(1).normal(0, 1, 768).astype(np.float32)  # [768]
OTHER = np.random.default_rng(2).normal(0, 1, 768).astype(np.float32)  # [768]
VECTOR_DIGEST = digests.vector_digest(VECTOR.tolist())
NOBODYS = "sha256:" + "0" * 64
SUFFIXES = list(formats.MEDIA_TYPES)

CARD = formats.Card(
    ref="ada/sea-mist",
    title="Sea Mist",
    author="ada",
    licence="CC-BY-4.0",
    homepage="http://localhost:8000/ada/sea-mist",
    space="demo",
    encoder_sha256=NOBODYS,
    construction="mean",
    images=5,
)
FILES = {f"sea-mist.{kind}": data for kind, data in formats.write_all(VECTOR, CARD).items()}
RECIPE = digests.canonical_json(
    manifests.recipe({"name": "demo"}, "mean", {}, digests.members_digest([]), [])
)
MANIFEST = digests.canonical_json(
    manifests.manifest(
        RECIPE,
        [
            manifests.FileEntry(
                name,
                formats.MEDIA_TYPES[name.partition(".")[2]],
                len(data),
                digests.digest_bytes(data),
            )
            for name, data in FILES.items()
        ],
        manifests.annotations(
            ref="ada/sea-mist",
            title="Sea Mist",
            licence="CC-BY-4.0",
            vector_digest=VECTOR_DIGEST,
            image_set_digest=NOBODYS,
            recipe_digest=digests.digest_bytes(RECIPE),
            space="demo",
            construction="mean",
            images=5,
            resultant_length=0.5,
            parents=[],
            attribution=[],
        ),
    )
)
VERSION_DIGEST = digests.digest_bytes(MANIFEST)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """A folder with all that `snapshot_download` brings."""
    everything = {
        **FILES,
        "sea-mist.manifest.json": MANIFEST,
        "sea-mist.recipe.json": RECIPE,
    }
    for name, data in everything.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def alone(folder: Path, name: str, data: bytes | None = None) -> Path:
    """Write one file into a folder where nothing else lies."""
    path = folder / name
    path.write_bytes(FILES[name] if data is None else data)
    return path


def test_all_of_a_download_is_right(downloads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = sorted(downloads.iterdir())
    assert len(paths) == 6
    assert main([str(path) for path in paths]) == 0
    printed = capsys.readouterr().out
    assert printed.count(": right\n") == 6
    assert printed.count(VERSION_DIGEST) == 6
    assert printed.count(VECTOR_DIGEST) == 4


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_file_alone_is_checked_by_what_it_says_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    assert main([str(alone(tmp_path, f"sea-mist.{kind}"))]) == 0
    printed = capsys.readouterr().out
    assert VECTOR_DIGEST in printed
    assert "There is no manifest beside it" in printed
    says = (
        "same vector digest itself" if kind in {"safetensors", "json"} else "no digest of its own"
    )
    assert says in printed


@pytest.mark.parametrize("kind", ["safetensors", "json"])
def test_a_file_that_says_another_digest_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    data = FILES[f"sea-mist.{kind}"].replace(VECTOR_DIGEST.encode(), NOBODYS.encode())
    assert main([str(alone(tmp_path, f"sea-mist.{kind}", data))]) == 1
    printed = capsys.readouterr().out
    assert "WRONG" in printed
    assert f"says that its vector digest is '{NOBODYS[:50]}" in printed


@pytest.mark.parametrize("kind", SUFFIXES)
def test_another_vector_under_the_name_is_wrong(
    downloads: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = alone(downloads, f"sea-mist.{kind}", formats.write_all(OTHER, CARD)[kind])
    assert main([str(path)]) == 1
    printed = capsys.readouterr().out
    assert f"sea-mist.{kind} in sea-mist.manifest.json, sha256" in printed
    assert "vector digest in sea-mist.manifest.json" in printed
    assert main([str(downloads / "sea-mist.manifest.json")]) == 1
    assert f"file sea-mist.{kind}, vector digest" in capsys.readouterr().out


def test_other_bytes_of_the_same_vector_are_another_file(
    downloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stripped = safetensors_files.write(VECTOR, {})
    assert main([str(alone(downloads, "sea-mist.safetensors", stripped))]) == 1
    printed = capsys.readouterr().out
    assert "sea-mist.safetensors in sea-mist.manifest.json, sha256" in printed
    assert "vector digest in" not in printed


@pytest.mark.parametrize("size", [0, 1, 100, 3000])
@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_file_that_was_cut_off_is_wrong(tmp_path: Path, kind: str, size: int) -> None:
    cut = FILES[f"sea-mist.{kind}"][:size]
    assert main([str(alone(tmp_path, f"sea-mist.{kind}", cut))]) == 1


def test_the_wanted_digest_may_be_that_of_file_vector_or_version(downloads: Path) -> None:
    path = str(downloads / "sea-mist.npy")
    file = digests.digest_bytes(FILES["sea-mist.npy"])
    for digest in (file, VECTOR_DIGEST, VERSION_DIGEST):
        assert main([path, "--digest", digest]) == 0
    assert main([path, "--digest", NOBODYS]) == 1
    assert main([str(downloads / "sea-mist.manifest.json"), "--digest", VECTOR_DIGEST]) == 1


def test_a_renamed_file_is_found_by_its_bytes(downloads: Path) -> None:
    renamed = (downloads / "sea-mist.pt").rename(downloads / "x.pt")
    manifest = str(downloads / "sea-mist.manifest.json")
    assert main([str(renamed), "--manifest", manifest]) == 0
    foreign = alone(downloads, "y.npy", plain_files.write_npy(OTHER))
    assert main([str(foreign), "--manifest", manifest]) == 1
    assert main([str(foreign)]) == 0  # nothing beside it says otherwise


def test_a_changed_manifest_or_recipe_is_wrong(
    downloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = alone(downloads, "sea-mist.recipe.json", RECIPE.replace(b'"mean"', b'"bean"'))
    assert main([str(recipe)]) == 1
    changed = MANIFEST.replace(VECTOR_DIGEST.encode(), NOBODYS.encode())
    manifest = alone(downloads, "sea-mist.manifest.json", changed)
    capsys.readouterr()
    assert main([str(manifest)]) == 1
    assert capsys.readouterr().out.count(f"expected {NOBODYS}, found {VECTOR_DIGEST}") == 4
    assert main([str(manifest), "--digest", VERSION_DIGEST]) == 1


@pytest.mark.parametrize("name", ["../a", "a/b", "", "..", "a\0b", "a\\b", "x" * 300, "\ud800"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_manifest_that_names_what_no_file_is_called_is_wrong(
    downloads: Path, capsys: pytest.CaptureFixture[str], name: str, options: list[str]
) -> None:
    manifest = json.loads(MANIFEST)
    manifest["layers"][0]["annotations"][manifests.FILE_NAME] = name
    crafted = json.dumps(manifest).encode()
    paths = [alone(downloads, "sea-mist.manifest.json", crafted), downloads / "sea-mist.npy"]
    if name == "\ud800":  # no JSON of one meaning, so not taken for a manifest
        assert main([*options, str(paths[0])]) == 1
        return
    assert main([*options, *map(str, paths)]) == 1
    printed = capsys.readouterr().out
    if options:
        first, second = json.loads(printed)
        assert [each["what"] for each in first["deviations"]] == ["manifest"]
        assert second["result"] == "unchecked"
        printed = first["deviations"][0]["found"] + second["reason"]
    assert printed.count("no file of a version has such a name") == 2


def test_a_recipe_with_a_vector_is_no_recipe(tmp_path: Path) -> None:
    facts = json.loads(FILES["sea-mist.json"]) | json.loads(RECIPE) | {"vector_digest": NOBODYS}
    assert main([str(alone(tmp_path, "sea-mist.json", json.dumps(facts).encode()))]) == 1


def test_what_cannot_be_looked_at_is_not_called_wrong(
    downloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(downloads / "nothing.npy")]) == 3
    assert "nothing.npy can't be read: No such file" in capsys.readouterr().out
    large = alone(downloads, "large.npy", bytes(2**20 + 1))
    assert main([str(large)]) == 3
    assert main(["ada/sea-mist@v1"]) == 3
    assert "--hub" in capsys.readouterr().out
    wrong = alone(downloads, "sea-mist.pt", b"PK")
    assert main([str(downloads / "nothing.npy"), str(wrong)]) == 1


@pytest.mark.parametrize("options", [[], ["x", "--digest", "sha256:x"], ["x", "--unknown"]])
def test_a_wrong_command_line_ends_with_two(options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2


def test_programs_read_json(downloads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = str(downloads / "sea-mist.npy"), str(alone(downloads, "x.pt", b"PK"))
    assert main(["--json", right, wrong, "nothing"]) == 1
    first, second, third = json.loads(capsys.readouterr().out)
    assert (first["name"], first["result"]) == (right, "right")
    assert first["digests"] == {
        "file": digests.digest_bytes(FILES["sea-mist.npy"]),
        "vector": VECTOR_DIGEST,
        "version": VERSION_DIGEST,
    }
    assert (second["result"], second["deviations"][0]["what"]) == ("wrong", "vector")
    assert (third["result"], third["reason"]) == (
        "unchecked",
        "nothing can't be read: No such file or directory.",
    )


def test_it_needs_no_django_no_torch_and_no_settings(downloads: Path) -> None:
    """In a process without settings, where an import of either would end it."""
    program = (
        "import sys; sys.modules.update(django=None, torch=None, rest_framework=None);"
        "from registry.verify.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(downloads / "sea-mist.pt")],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert VECTOR_DIGEST in done.stdout


def test_the_exit_statuses_are_told() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "registry.verify", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "exit status:\n  0  everything is what it is called\n  1  " in done.stdout
