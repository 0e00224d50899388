"""Files made for tests: an embedding as people save it, and parts of files that do harm."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
import torch

from registry import formats, pt_files, stored_zip

CARD = formats.Card(
    ref="ada/sea-mist",
    title="Sea mist, 海霧",
    author="ada",
    licence="CC0-1.0",
    homepage="https://example.org/ada/sea-mist",
    space="clip-vit-l-14-openai",
    encoder_sha256="sha256:" + "1" * 64,
    construction="mean",
    images=214,
)


def a_vector(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(768).astype(np.float32)


def saved(thing: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(thing, buffer)
    return buffer.getvalue()


def in_old_layout(data: bytes, folder: str) -> bytes:
    """Keep the three members that PyTorch 1.6 wrote, in a folder named after the file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as new, zipfile.ZipFile(buffer, "w") as old:
        for name in ("data.pkl", "data/0", "version"):
            old.writestr(f"{folder}/{name}", new.read(f"archive/{name}"))
    return buffer.getvalue()


PICKLE = pt_files.TENSOR_PICKLE
NUMBERS = a_vector().tobytes()
MEMBERS = [("a/data.pkl", PICKLE), ("a/data/0", NUMBERS), ("a/version", b"3\n")]
SYSTEM_CALL = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R."  # a pickle that runs `id`


def refusal(data: bytes) -> formats.FileRefused:
    with pytest.raises(formats.FileRefused) as caught:
        formats.read(data)
    assert str(caught.value) == caught.value.detail
    assert caught.value.detail.endswith((".", ".)"))
    return caught.value


def pt(program: bytes = PICKLE, numbers: bytes = NUMBERS, **others: bytes) -> bytes:
    members = {"data.pkl": program, "data/0": numbers, "version": b"3\n", **others}
    return stored_zip.write({f"archive/{name}": data for name, data in members.items()})


def zipped(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def safetensors_of(header: object, numbers: bytes = NUMBERS) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def tensor(begin: int, end: int, **changes: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [768], "data_offsets": [begin, end], **changes}


def json_of(**changes: object) -> bytes:
    return json.dumps({**json.loads(formats.write_json(a_vector(), CARD)), **changes}).encode()


def npy_of(header: str, numbers: bytes = NUMBERS) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + numbers
