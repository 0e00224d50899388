"""An embedding and its card in, the four files that people download out; and a vector back.

Readers never unpickle and never evaluate: each accepts exactly the layouts it knows, and raises
FileRefused for everything else. What is read from elsewhere is stored only as written here again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry import plain_files, pt_files, safetensors_files
from registry.digests import vector_digest
from registry.raw_vectors import Content, FileRefused, unsafe

__all__ = [
    "FORMAT",
    "MEDIA_TYPES",
    "Card",
    "Content",
    "FileRefused",
    "kind_of",
    "read",
    "read_content",
    "write_all",
    "write_json",
    "write_npy",
    "write_pt",
    "write_safetensors",
]

FORMAT = "aesthetic-embedding/1"

MEDIA_TYPES = {
    "safetensors": "application/vnd.aesthetic-embedding.vector.v1.safetensors",
    "pt": "application/vnd.aesthetic-embedding.vector.v1.pt+zip",
    "npy": "application/vnd.aesthetic-embedding.vector.v1.npy",
    "json": "application/vnd.aesthetic-embedding.vector.v1+json",
}

READERS = {
    "safetensors": safetensors_files.read,
    "pt": pt_files.read,
    "npy": plain_files.read_npy,
    "json": plain_files.read_json,
}

LEGACY_PICKLE = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9"  # how PyTorch before 1.6 begins a file


@dataclass(frozen=True, slots=True)
class Card:
    """What goes with a vector wherever it goes."""

    ref: str
    title: str
    author: str
    licence: str
    homepage: str
    space: str
    encoder_sha256: str  # of the encoder's weights, as the caller writes digests
    construction: str
    images: int  # how many it was measured from; 0 where it was imported or blended
    attribution: str = ""  # lines of credit for what it was made of


def write_all(vector: NDArray[np.float32], card: Card) -> dict[str, bytes]:
    """Return the four files by their suffixes without the dot, the keys of MEDIA_TYPES."""
    return {
        "safetensors": write_safetensors(vector, card),
        "pt": write_pt(vector),
        "npy": write_npy(vector),
        "json": write_json(vector, card),
    }


def write_safetensors(vector: NDArray[np.float32], card: Card) -> bytes:
    """Write the vector [768] with its card as texts."""
    return safetensors_files.write(
        vector,
        {
            "format": FORMAT,
            "vector_digest": vector_digest(vector),
            "space": card.space,
            "encoder_sha256": card.encoder_sha256,
            "construction": card.construction,
            **({"n": str(card.images)} if card.images else {}),
            "ref": card.ref,
            "licence": card.licence,
            "homepage": card.homepage,
            "modelspec.title": card.title,
            "modelspec.author": card.author,
            "modelspec.license": card.licence,
            **({"attribution": card.attribution} if card.attribution else {}),
        },
    )


def write_pt(vector: NDArray[np.float32]) -> bytes:
    """Write the vector [768] for the web UIs' `aesthetic_embeddings` folder."""
    return pt_files.write(vector)


def write_npy(vector: NDArray[np.float32]) -> bytes:
    return plain_files.write_npy(vector)


def write_json(vector: NDArray[np.float32], card: Card) -> bytes:
    """Write the vector [768] with its card, for programs that read nothing else."""
    return plain_files.write_json(
        vector,
        {
            "format": FORMAT,
            "vector_digest": vector_digest(vector),
            "space": card.space,
            "encoder_sha256": card.encoder_sha256,
            "construction": card.construction,
            **({"images": card.images} if card.images else {}),
            "ref": card.ref,
            "title": card.title,
            "author": card.author,
            "licence": card.licence,
            "homepage": card.homepage,
            **({"attribution": card.attribution} if card.attribution else {}),
        },
    )


def read(data: bytes) -> NDArray[np.float32]:
    """Return the vector [768] of any of the four kinds of file, or raise FileRefused."""
    return read_content(data).vector


def read_content(data: bytes) -> Content:
    """Return the vector and the space the file says it belongs to, or raise FileRefused."""
    return READERS[kind_of(data)](data)


def kind_of(data: bytes) -> str:
    """Tell by its first bytes which of the four kinds a file is, or raise FileRefused."""
    if data.startswith(b"PK"):
        return "pt"
    if data.startswith(b"\x93NUMPY"):
        return "npy"
    if safetensors_files.looks_like_one(data):
        return "safetensors"
    if data.lstrip().startswith(b"{"):
        return "json"
    raise unsafe(_unknown(data))


def _unknown(data: bytes) -> str:
    if data.startswith(LEGACY_PICKLE):
        return (
            "The file was saved by PyTorch before 1.6, as a bare pickle, so it was not opened. Load"
            " it where you trust it and save its tensor again with a later release."
        )
    return (
        "The file is none of .safetensors, .pt, .npy and .json, which are the ones that are read."
    )
