"""The four files of an embedding: their bytes, and who can read them."""

import hashlib
import io
import json
import re
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import digests, formats, packaging
from tests.registry.made_files import CARD, a_vector, in_old_layout, saved

# The older web UIs open a .pt file only if all its members have such names.
WEB_UI_NAMES = re.compile(r"[^/]+/(data/\d+|version|data\.pkl)")


def a_plain_vector() -> np.ndarray:
    """Return numbers that need no random generator, for digests that stand in this file."""
    return (np.arange(768, dtype=np.float32) - 384) / 64


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.floats(-(2.0**100), 2.0**100))
def test_all_four_files_hold_the_same_vector(seed: int, scale: float) -> None:
    vector = (a_vector(seed) * np.float32(scale)) + np.float32(0.0)
    for data in formats.write_all(vector, CARD).values():
        read = formats.read(data)
        assert read.dtype == np.float32
        assert read.tobytes() == vector.tobytes()


def test_there_is_a_media_type_for_every_file() -> None:
    assert formats.write_all(a_vector(), CARD).keys() == formats.MEDIA_TYPES.keys()


def test_the_files_have_the_bytes_that_were_published_once() -> None:
    # If one of these changes, files downloaded earlier no longer match their digests.
    files = formats.write_all(a_plain_vector(), CARD)
    assert {suffix: hashlib.sha256(data).hexdigest()[:16] for suffix, data in files.items()} == {
        "safetensors": "dd2865ea9e942f3b",
        "pt": "82f24d7246b330f8",
        "npy": "abb4e9a4a3205016",
        "json": "a6315faea62d8a06",
    }


def test_the_vector_digest_recomputes_from_every_file_with_hashlib_and_struct() -> None:
    vector = a_vector()
    files = formats.write_all(vector, CARD)
    raw = {
        "safetensors": files["safetensors"][-3072:],
        "npy": files["npy"][-3072:],
        "pt": files["pt"][223 : 223 + 3072],
        "json": struct.pack("<768f", *json.loads(files["json"])["vector"]),
    }
    for data in raw.values():
        assert "sha256:" + hashlib.sha256(data).hexdigest() == digests.vector_digest(vector)


@pytest.mark.parametrize("suffix", formats.MEDIA_TYPES)
def test_minus_zero_is_written_as_zero(suffix: str) -> None:
    positive, negative = a_vector(), a_vector()
    positive[5], negative[5] = 0.0, -0.0
    written = formats.write_all(negative, CARD)[suffix]
    assert written == formats.write_all(positive, CARD)[suffix]
    assert not np.signbit(formats.read(written)[5])


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_not_written(number: float) -> None:
    vector = a_vector()
    vector[7] = number
    with pytest.raises(ValueError, match="at position 7"):
        formats.write_all(vector, CARD)


def test_the_pt_file_is_a_plain_zip_of_three_members_and_3547_bytes() -> None:
    data = formats.write_pt(a_vector())
    assert len(data) == 3547
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert [info.filename for info in infos] == [
        "archive/data.pkl",
        "archive/data/0",
        "archive/version",
    ]
    assert all(WEB_UI_NAMES.fullmatch(info.filename) for info in infos)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}


def test_pytorch_loads_the_pt_file_without_trusting_it() -> None:
    vector = a_vector()
    # The one loader of our own file that others use; weights_only runs no foreign code.
    tensor = torch.load(io.BytesIO(formats.write_pt(vector)), weights_only=True)  # noqa: TID251
    assert tensor.shape == (1, 768)
    assert tensor.dtype == torch.float32
    assert tensor.device.type == "cpu"
    assert (tensor[0].numpy() == vector).all()


def test_the_safetensors_library_reads_ours_with_the_guard_first(tmp_path: Path) -> None:
    vector = a_vector()
    path = tmp_path / "sea-mist.safetensors"
    path.write_bytes(formats.write_safetensors(vector, CARD))
    loaded = safetensors.torch.load_file(path)
    assert list(loaded) == ["aa_guard", "aesthetic"]
    assert loaded["aa_guard"].shape == (1,)
    assert loaded["aesthetic"].shape == (1, 768)
    assert (loaded["aesthetic"][0].numpy() == vector).all()


def test_the_safetensors_metadata_is_the_card(tmp_path: Path) -> None:
    path = tmp_path / "sea-mist.safetensors"
    path.write_bytes(formats.write_safetensors(a_vector(), CARD))
    with safetensors.safe_open(path, "numpy") as opened:
        assert opened.metadata() == {
            "format": "aesthetic-embedding/1",
            "vector_digest": digests.vector_digest(a_vector()),
            "space": "clip-vit-l-14-openai",
            "encoder_sha256": "sha256:" + "1" * 64,
            "construction": "mean",
            "n": "214",
            "ref": "ada/sea-mist",
            "licence": "CC0-1.0",
            "homepage": "https://example.org/ada/sea-mist",
            "modelspec.title": "Sea mist, 海霧",
            "modelspec.author": "ada",
            "modelspec.license": "CC0-1.0",
        }


def test_the_npy_file_is_what_numpy_writes() -> None:
    buffer = io.BytesIO()
    np.save(buffer, a_vector()[None])
    assert formats.write_npy(a_vector()) == buffer.getvalue()


def test_the_json_file_names_itself_and_its_vector() -> None:
    facts = json.loads(formats.write_json(a_vector(), CARD))
    assert facts["ref"] == "ada/sea-mist"
    assert facts["space"] == "clip-vit-l-14-openai"
    assert facts["vector_digest"] == digests.vector_digest(a_vector())
    assert facts["images"] == 214
    assert np.array(facts["vector"], dtype=np.float32).tobytes() == a_vector().tobytes()


@pytest.mark.parametrize("layout", ["new", "old"])
@pytest.mark.parametrize("shape", [(768,), (1, 768)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_what_pytorch_saves_is_imported(
    layout: str,
    shape: tuple[int, ...],
    dtype: torch.dtype,
    device: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: device)
    tensor = torch.from_numpy(a_vector()).to(dtype).reshape(shape)
    data = saved(tensor)
    assert device.encode() in data
    if layout == "old":
        data = in_old_layout(data, "fantasy")
    assert (formats.read(data) == tensor.float().numpy().reshape(-1)).all()


@pytest.mark.parametrize("shape", [(768,), (1, 768)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["aesthetic", "embedding"])
def test_a_safetensors_file_of_one_tensor_is_imported(
    shape: tuple[int, ...], dtype: torch.dtype, name: str
) -> None:
    tensor = torch.from_numpy(a_vector()).to(dtype).reshape(shape)
    data = safetensors.torch.save({name: tensor})
    assert (formats.read(data) == tensor.float().numpy().reshape(-1)).all()


@pytest.mark.parametrize("shape", [(768,), (1, 768)])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_what_numpy_saves_is_imported(shape: tuple[int, ...], dtype: type) -> None:
    array: np.ndarray = a_vector().astype(dtype).reshape(shape)
    buffer = io.BytesIO()
    np.save(buffer, array)
    assert (formats.read(buffer.getvalue()) == array.astype(np.float32).reshape(-1)).all()


def test_an_imported_minus_zero_becomes_zero() -> None:
    tensor = torch.from_numpy(a_vector()).half()
    tensor[5] = -0.0
    assert not np.signbit(formats.read(saved(tensor))[5])


def test_what_was_read_may_be_changed() -> None:
    for data in formats.write_all(a_vector(), CARD).values():
        formats.read(data)[0] = 1.0


def test_a_file_with_a_card_says_which_space_it_belongs_to() -> None:
    files = formats.write_all(a_vector(), CARD)
    spaces = {suffix: formats.read_content(data).space for suffix, data in files.items()}
    assert spaces == {
        "safetensors": "clip-vit-l-14-openai",
        "pt": None,
        "npy": None,
        "json": "clip-vit-l-14-openai",
    }


@pytest.mark.parametrize("suffix", ["safetensors", "json"])
def test_the_credits_of_very_many_ancestors_leave_files_that_can_be_read(suffix: str) -> None:
    homepage = "https://" + "h" * 200
    line = "\N{SUNRISE}" * 120 + f" ({'o' * 39}/{'s' * 64}@v1) by {'o' * 39}, CC-BY-4.0, {homepage}"
    credits_of_all = packaging.credits_in_file([line] * 2_000, homepage)
    card = replace(CARD, attribution=credits_of_all)
    data = formats.write_all(a_vector(), card)[suffix]
    assert formats.read(data).tobytes() == a_vector().tobytes()
    assert credits_of_all.endswith(f"and 1950 more, see the manifest and {homepage}")
