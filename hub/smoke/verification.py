"""Is a download what it says it is? Answered with the standard library alone, as anybody could."""

import base64
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Mapping

WIDTH = 768  # numbers of an embedding
PNG = b"\x89PNG\r\n\x1a\n"


class SmokeError(Exception):
    """Something is not as it should be; the sentence says what."""


def check(claim: bool, sentence: str) -> None:  # noqa: FBT001 - it is the claim, not a switch
    """Raise SmokeError with the sentence unless the claim holds."""
    if not claim:
        raise SmokeError(sentence)


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def check_file(name: str, data: bytes, claimed: str, headers: Mapping[str, str]) -> None:
    """Check bytes against the digest of the listing, the ETag, and Repr-Digest (RFC 9530)."""
    raw = hashlib.sha256(data).digest()
    check(digest(data) == claimed, f"{name} has the digest {digest(data)}, not {claimed}.")
    check(headers["ETag"] == f'"{raw.hex()}"', f"{name} has the ETag {headers['ETag']}.")
    expected = f"sha-256=:{base64.b64encode(raw).decode()}:"
    check(headers["Repr-Digest"] == expected, f"{name} has another Repr-Digest than {expected}.")


def numbers(name: str, data: bytes) -> bytes:
    """Return the 3,072 bytes of the vector in a downloaded file, little-endian float32."""
    suffix = name.rpartition(".")[2]
    return READERS[suffix](data)


def vector_digest(vector: bytes) -> str:
    """Return the digest of a vector's numbers, with -0.0 written as +0.0 (SPEC section 2)."""
    check(len(vector) == 4 * WIDTH, f"A vector has {len(vector)} bytes, not {4 * WIDTH}.")
    values = struct.unpack(f"<{WIDTH}f", vector)
    return digest(struct.pack(f"<{WIDTH}f", *(value + 0.0 for value in values)))


def text_chunks(name: str, data: bytes) -> dict[str, str]:
    """Return the text chunks (tEXt and uncompressed iTXt) of a PNG, by keyword."""
    check(data.startswith(PNG), f"The {name} picture is not a PNG.")
    found, position = {}, len(PNG)
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        position += 12 + length  # length, kind, body, checksum
        keyword, _, rest = body.partition(b"\0")
        if kind == b"tEXt":
            found[keyword.decode("latin-1")] = rest.decode("latin-1")
        elif kind == b"iTXt":  # two flags, a language, a translated keyword, the text
            found[keyword.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode()
    return found


def _from_safetensors(data: bytes) -> bytes:
    (length,) = struct.unpack_from("<Q", data)
    start, end = json.loads(data[8 : 8 + length])["aesthetic"]["data_offsets"]
    return data[8 + length + start : 8 + length + end]


def _from_pt(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("archive/data/0")


def _from_npy(data: bytes) -> bytes:
    (length,) = struct.unpack_from("<H", data, 8)
    return data[10 + length :]


def _from_json(data: bytes) -> bytes:
    return struct.pack(f"<{WIDTH}f", *json.loads(data)["vector"])


READERS = {
    "safetensors": _from_safetensors,
    "pt": _from_pt,
    "npy": _from_npy,
    "json": _from_json,
}
