"""Hostile `.pt` files by name: pickles that do more than make a tensor, and tricks with the zip."""

import io
import pickletools
import zipfile

import torch

from tests.registry.made_files import (
    MEMBERS,
    NUMBERS,
    PICKLE,
    SYSTEM_CALL,
    pt,
    saved,
    zipped,
)

with zipfile.ZipFile(io.BytesIO(saved(torch.zeros(1, 768)))) as archive:
    MEMOISED = archive.read("archive/data.pkl")  # the pickle as PyTorch writes it

GADGETS = {
    "os.system": SYSTEM_CALL,
    "a call before the tensor": SYSTEM_CALL[:-1] + b"0" + PICKLE[2:],
    "another global in the middle": PICKLE.replace(b"collections\nOrderedDict", b"builtins\nexec"),
    "another storage": PICKLE.replace(b"torch\nFloatStorage", b"posix\nsystem"),
    "a build step": PICKLE[:-1] + b"}b.",
    "a second pickle behind it": PICKLE + SYSTEM_CALL,
    "a memo read": PICKLE[:-1] + b"h\x00.",
    "an extension code": b"\x80\x02\x82\x01.",
    "protocol 4": b"\x80\x04" + PICKLE[2:],
    "a device longer than it says": PICKLE.replace(b"cpu", b"cpux"),
    "a device that is a program": PICKLE.replace(b"cpu", b"cp\n"),
    "no pickle": b"",
    "a class of another protocol": PICKLE[:-1] + b"\x8c\x02os\x8c\x06system\x93.",
    "an instance": PICKLE[:-1] + b"(ios\nsystem\n.",
    "a frame": b"\x80\x02\x95" + bytes(8) + PICKLE[2:],
    "a persistent id of another kind": PICKLE.replace(b"storage", b"modules"),
    "a count of another type": PICKLE.replace(b"M\x00\x03t", b"J\x00\x03\x00\x00t"),
    "two dots": PICKLE + b".",
    "a dot too early": PICKLE[:40] + b"." + PICKLE[40:],
}  # fmt: skip

# What calls, looks up or builds something, as one instruction each; put before every instruction
# of a plain pickle it must never pass for one.
INSTRUCTIONS = {
    "GLOBAL": b"cos\nsystem\n",
    "INST": b"ios\nsystem\n",
    "OBJ": b"o",
    "NEWOBJ": b"\x81",
    "NEWOBJ_EX": b"\x92",
    "STACK_GLOBAL": b"\x93",
    "REDUCE": b"R",
    "BUILD": b"b",
    "PERSID": b"Pid\n",
    "EXT1": b"\x82\x01",
    "BINGET": b"h\x00",
    "NEXT_BUFFER": b"\x97",
    "a whole call": SYSTEM_CALL[2:-1] + b"0",
}
PLACES = {
    name: [place for _, _, place in pickletools.genops(program) if place]
    for name, program in (("lean", PICKLE), ("memoised", MEMOISED))
}


def with_extra_field() -> bytes:
    """Zip the members with Info-ZIP's Unicode path, which some programs read for a name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in MEMBERS:
            info = zipfile.ZipInfo(name)
            info.extra = b"up\x08\x00\x01" + bytes(4) + b"x/y"
            archive.writestr(info, data)
    return buffer.getvalue()


STRIDES = b"M\x00\x03K\x01\x86\x89"

TWICE = zipped([*MEMBERS, ("a/data.PKL", SYSTEM_CALL)]).replace(b".PKL", b".pkl")

ZIPS: dict[str, tuple[bytes, str]] = {
    "prepended data": (b"PK" + pt(), "does not"),
    "trailing data": (pt() + b"\0", "does not end with its end record"),
    "a comment": (pt()[:-2] + b"\x05\x00hello", "does not end with its end record"),
    "a cut end": (pt()[:-1], "end record"),
    "only a beginning": (b"PK\x03\x04", "cut off"),
    "compression": (zipped(MEMBERS, zipfile.ZIP_DEFLATED), "compressed or encrypted"),
    "a second data.pkl": (TWICE, "names the member 'a/data.pkl' twice"),
    "a member more": (zipped([*MEMBERS, ("a/code.py", b"")]), "not those of one tensor"),
    "a member less": (zipped(MEMBERS[:2]), "not those of one tensor"),
    "two folders": (zipped([*MEMBERS[:2], ("b/version", b"3\n")]), "not those of one tensor"),
    "a climbing name": (zipped([*MEMBERS, ("a/../../x", b"")]), "not those of one tensor"),
    "too many members": (zipped([*MEMBERS, *((f"a/{n}", b"") for n in range(9))]), "12 members"),
    "big-endian numbers": (pt(byteorder=b"big"), "another kind of machine"),
    "an unknown format version": (pt(version=b"99\n"), "format version"),
    "too few numbers": (pt(numbers=NUMBERS[:-4]), "3068 bytes instead of 3072"),
    "too many numbers": (pt(numbers=NUMBERS + NUMBERS), "6144 bytes instead of 3072"),
    "a part of a larger tensor": (saved(torch.zeros(3, 768)[1]), "part of a larger one"),
    "an offset": (pt(PICKLE.replace(b"tQK\x00", b"tQK\x01")), "part of a larger one"),
    "other strides": (pt(PICKLE.replace(STRIDES, b"K\x01K\x02\x86\x89")), "strides"),
    "strides of one axis": (pt(PICKLE.replace(STRIDES, b"K\x01\x85\x89")), "strides"),
    "more than 64 kB": (pt(numbers=bytes(70_000)), "has fewer than 65,536"),
    "a damaged number": (pt().replace(NUMBERS[:8], bytes(8)), "checksum is wrong"),
    "a second tensor": (zipped([*MEMBERS, ("a/data/1", NUMBERS)]), "not those of one tensor"),
    "a name with a backslash": (zipped([*MEMBERS, ("a\\x", b"")]), "not those of one tensor"),
    "a name from the root": (zipped([*MEMBERS, ("/etc/passwd", b"")]), "not those of one tensor"),
    "a program for the loader": (zipped([*MEMBERS, ("a/constants.pkl", SYSTEM_CALL)]), "not those"),
    "a name in capitals": (pt(**{"DATA.PKL": SYSTEM_CALL}), "not those of one tensor"),
    "a zip in the zip": (pt(pt()), "does more than make one bare tensor"),
    "only an end": (b"PK\x05\x06" + bytes(4) + b"\1\0\1\0" + bytes(10), "belong to no member"),
    "65,535 members": (
        pt()[:-14] + b"\xff\xff\xff\xff" + pt()[-10:],
        "names 65535 members",
    ),
    "a directory that begins nowhere": (pt()[:-6] + b"\xff\xff\xff\xff" + pt()[-2:], "directory"),
    "an extra field": (with_extra_field(), "carries extra fields"),
    "another disk": (pt()[:-18] + b"\x01\x00" + pt()[-16:], "members"),
    "numbers that are not finite": (pt(numbers=b"\0\0\x80\x7f" + NUMBERS[4:]), "must be finite"),
    "an end in the middle": (pt() + pt(), "does not"),
}  # fmt: skip
