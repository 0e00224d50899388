"""A vector in, the bytes of a PyTorch `.pt` file out; and back, without ever unpickling.

A `.pt` file is a zip whose member `data.pkl` is a pickle, a program for a small machine that can
call any Python function. The program that makes one bare tensor is always the same but for a few
numbers, so it is compared as bytes with that one program, and nothing is run. All 144 aesthetic
embeddings found in public were `torch.save(tensor)` of shape [768] or [1, 768], which passes.

Written by hand as well, since what `torch.save` writes today fails the older web UIs' check of
member names, and changes from release to release.
"""

import re

import numpy as np
from numpy.typing import NDArray

from registry import stored_zip
from registry.digests import WIDTH, vector_bytes
from registry.raw_vectors import Content, check_shape, quoted, unsafe, vector_from

LARGEST_FILE = 64 * 1024  # bytes; a real one has fewer than 5,000

NEEDED_MEMBERS = frozenset({"data.pkl", "data/0", "version"})
# What later releases of PyTorch write beside the three of release 1.6; the last two since 2.7.
KNOWN_MEMBERS = NEEDED_MEMBERS | {
    "byteorder",
    ".data/serialization_id",
    ".format_version",
    ".storage_alignment",
}

# The one program: the tensor [1, 768] of 768 floats on the CPU, as a pickle of protocol 2.
TENSOR_PICKLE = (
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n"
    b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
    b"M\x00\x03tQK\x00K\x01M\x00\x03\x86M\x00\x03K\x01\x86\x89ccollections\nOrderedDict\n)RtR."
)

# The same program, step by step, with all that may differ. PyTorch puts the result of each step
# into its numbered memory (BINPUT); that is never read again, so we leave it out.
NUMBER = rb"(?:K.|M..)"  # BININT1 or BININT2: one byte or two
STEPS = (
    rb"\x80\x02ctorch\._utils\n_rebuild_tensor_v2\n",
    rb"\(\(X\x07\x00\x00\x00storage",
    rb"ctorch\n(?P<storage>Float|Half)Storage\n",
    rb"X\x01\x00\x00\x000",
    rb"X(?P<length>.)\x00\x00\x00(?P<device>[a-z]{1,16}(?::[0-9]{1,3})?)",
    rb"(?P<count>" + NUMBER + rb")t",
    rb"Q(?P<offset>" + NUMBER + rb")(?P<shape>" + NUMBER + rb"\x85|" + NUMBER * 2 + rb"\x86)",
    rb"(?P<strides>" + NUMBER + rb"\x85|" + NUMBER * 2 + rb"\x86)",
    rb"\x89ccollections\nOrderedDict\n",
    rb"\)R",
    rb"t",
    rb"R",
)
LEAN_PROGRAM = re.compile(rb"".join(STEPS) + rb"\.", re.DOTALL)
TORCH_PROGRAM = re.compile(
    rb"".join(step + rb"q\x%02x" % place for place, step in enumerate(STEPS)) + rb"\.", re.DOTALL
)

DTYPES = {b"Float": "F32", b"Half": "F16"}


def write(vector: NDArray[np.float32]) -> bytes:
    """Write the vector [768] as a float32 tensor [1, 768]: always 3,547 bytes."""
    return stored_zip.write({
        "archive/data.pkl": TENSOR_PICKLE,
        "archive/data/0": vector_bytes(vector),
        "archive/version": b"3\n",
    })  # fmt: skip


def read(data: bytes) -> Content:
    """Read one bare tensor of 768 floats; raise FileRefused for everything else."""
    if len(data) > LARGEST_FILE:
        raise unsafe(
            f"The .pt file has {len(data):,} bytes; one of {WIDTH} numbers has fewer than"
            f" {LARGEST_FILE:,}. It holds something else as well."
        )
    members = _members(data)
    if members.get("byteorder", b"little") != b"little" or members["version"] != b"3\n":
        raise unsafe("The .pt file was written for another kind of machine or format version.")
    return Content(vector_from(members["data/0"], _dtype(members["data.pkl"])))


def _members(data: bytes) -> dict[str, bytes]:
    """Return the zip's members by name, without the folder that they all lie in."""
    try:
        stored = stored_zip.read(data, most_members=len(KNOWN_MEMBERS))
    except stored_zip.ZipRefused as error:
        raise unsafe(f"The .pt file is not a plain zip as PyTorch writes it. {error}") from error
    folders = {name.partition("/")[0] for name in stored}
    members = {name.partition("/")[2]: content for name, content in stored.items()}
    if len(folders) != 1 or not NEEDED_MEMBERS <= members.keys() <= KNOWN_MEMBERS:
        raise unsafe(
            f"The .pt file holds the members {quoted(sorted(stored))}, which are not those of one"
            " tensor saved by PyTorch."
        )
    return members


def _dtype(program: bytes) -> str:
    """Match the pickle with the one program; return the dtype of the numbers that it describes."""
    match = TORCH_PROGRAM.fullmatch(program) or LEAN_PROGRAM.fullmatch(program)
    if match is None or len(match["device"]) != match["length"][0]:
        raise unsafe(
            "The pickle in the .pt file does more than make one bare tensor of 16- or 32-bit"
            " floats, so it was not opened. Save the tensor alone where you trust the file, with"
            " torch.save(tensor.detach().clone(), path), or send a .safetensors file."
        )
    shape, strides = _numbers(match["shape"][:-1]), _numbers(match["strides"][:-1])
    check_shape(shape)
    if len(strides) != len(shape) or strides[-1] != 1:
        raise unsafe(f"The tensor of shape {list(shape)} has the strides {list(strides)}.")
    if _numbers(match["count"] + match["offset"]) != (WIDTH, 0):
        raise unsafe(
            "The tensor in the .pt file is a part of a larger one. Save it alone, with"
            " torch.save(tensor.clone(), path)."
        )
    return DTYPES[match["storage"]]


def _numbers(operands: bytes) -> tuple[int, ...]:
    """Read BININT1 and BININT2 instructions that follow one another."""
    found = re.findall(NUMBER, operands, re.DOTALL)
    return tuple(int.from_bytes(instruction[1:], "little") for instruction in found)
