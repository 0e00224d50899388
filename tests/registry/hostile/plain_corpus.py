"""Hostile `.safetensors`, `.npy` and `.json` files by name, each with what its refusal says."""

import struct

from registry import formats
from tests.registry.made_files import (
    CARD,
    NUMBERS,
    SYSTEM_CALL,
    a_vector,
    json_of,
    npy_of,
    safetensors_of,
    tensor,
)

FILES = formats.write_all(a_vector(), CARD)
PLAIN_HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (768,), }\n"

SAFETENSORS: dict[str, tuple[bytes, str]] = {
    "a huge header": (struct.pack("<Q", 2**40) + b"{" + bytes(99), "announces a header of 1,099"),
    "a cut header": (struct.pack("<Q", 900) + b'{"x":', "cut off"),
    "a repeated key": (safetensors_of(b'{"x":{},"x":{}}'), "same key twice"),
    "a header that is no JSON": (safetensors_of(b"{x}"), "not JSON"),
    "a bottomless header": (safetensors_of(b'{"x":' + b"[" * 60_000), "not JSON"),
    "a header that is no UTF-8": (safetensors_of(b'{"\xff":1}'), "not JSON"),
    "NaN in the header": (safetensors_of(b'{"x":NaN}'), "NaN, which is no JSON"),
    "no tensor": (safetensors_of({}, b""), "0 tensors"),
    "two tensors": (
        safetensors_of({"x": tensor(0, 3072), "y": tensor(3072, 6144)}, NUMBERS * 2),
        "2 tensors",
    ),
    "a guard alone": (
        safetensors_of({"aa_guard": tensor(0, 3072), "x": tensor(3072, 6144)}, NUMBERS * 2),
        "2 tensors",
    ),
    "a gap": (safetensors_of({"x": tensor(4, 3076)}, NUMBERS + bytes(4)), "does not follow"),
    "an overlap": (safetensors_of({"x": tensor(0, 3072), "y": tensor(0, 3072)}), "does not follow"),
    "uncovered bytes": (safetensors_of({"x": tensor(0, 3072)}, NUMBERS + b"x"), "has 3073"),
    "missing bytes": (safetensors_of({"x": tensor(0, 3072)}, NUMBERS[:-1]), "has 3071"),
    "a size that contradicts the shape": (safetensors_of({"x": tensor(0, 3068)}), "another size"),
    "a negative size": (safetensors_of({"x": tensor(0, 3072, shape=[-768])}), "oddly"),
    "a size beyond any file": (safetensors_of({"x": tensor(0, 3072, shape=[2**62])}), "oddly"),
    "a size that is true": (safetensors_of({"x": tensor(0, 3072, shape=[True])}), "oddly"),
    "many axes": (safetensors_of({"x": tensor(0, 3072, shape=[1] * 9)}), "oddly"),
    "three offsets": (safetensors_of({"x": tensor(0, 3072, data_offsets=[0, 1, 2])}), "oddly"),
    "a key too many": (safetensors_of({"x": tensor(0, 3072, code="eval")}), "oddly"),
    "a list for a tensor": (safetensors_of({"x": [1]}), "oddly"),
    "whole numbers": (safetensors_of({"x": tensor(0, 3072, dtype="I32")}), "F32, F16 and BF16"),
    "a dtype that is a list": (safetensors_of({"x": tensor(0, 3072, dtype=["F32"])}), "oddly"),
    "metadata of numbers": (safetensors_of({"__metadata__": {"a": 1}}), "metadata is not"),
    "metadata that is a list": (safetensors_of({"__metadata__": []}), "metadata is not"),
    "another vector's digest": (
        FILES["safetensors"][:-4] + struct.pack("<f", 0.5),
        "damaged or changed",
    ),
    "no bytes of a header": (bytes(8) + NUMBERS, "none of .safetensors"),
    "numbers without a tensor": (safetensors_of(b"{}"), "describe 0 bytes"),
    "a header with something behind it": (safetensors_of(b'{"x":{}}{}'), "not JSON"),
    "a header that begins with a space": (
        (9).to_bytes(8, "little") + b' {"x":{}}',
        "none of .safetensors",
    ),
    "a header as UTF-16": (safetensors_of(b"{" + '"x":1}'.encode("utf-16")), "not JSON"),
    "metadata with the same key twice": (
        safetensors_of(b'{"__metadata__":{"space":"a","space":"b"}}'),
        "same key twice",
    ),
    "numbers of 64 bits": (safetensors_of({"x": tensor(0, 6144, dtype="F64")}), "F32, F16"),
    "numbers of 8 bits": (safetensors_of({"x": tensor(0, 768, dtype="F8_E4M3")}), "F32, F16"),
    "offsets that run backwards": (safetensors_of({"x": tensor(3072, 0)}), "another size"),
    "an offset below nothing": (safetensors_of({"x": tensor(-4, 3068)}), "oddly"),
    "offsets that are no whole numbers": (
        safetensors_of({"x": tensor(0, 3072, data_offsets=[0.0, 3072.0])}),
        "oddly",
    ),
    "a shape of texts": (safetensors_of({"x": tensor(0, 3072, shape=["768"])}), "oddly"),
    "a shape that multiplies to the size by chance": (
        safetensors_of({"x": tensor(0, 3072, shape=[2**40, 0])}, NUMBERS),
        "another size",
    ),
    "no shape": (safetensors_of({"x": {"dtype": "F32", "data_offsets": [0, 3072]}}), "oddly"),
    "a number that is not finite": (
        safetensors_of({"x": tensor(0, 3072)}, b"\0\0\x80\x7f" + NUMBERS[4:]),
        "must be finite",
    ),
    "half of a surrogate pair": (
        safetensors_of({"__metadata__": {"space": "\ud800"}, "x": tensor(0, 3072)}),
        "half of a surrogate pair",
    ),
}


PLAIN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "none of .safetensors"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "none of .safetensors"),
    "a bare pickle": (SYSTEM_CALL, "none of .safetensors"),
    "a file of PyTorch before 1.6": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "before 1.6"),
    "numpy objects": (
        npy_of("{'descr': '|O', 'fortran_order': False, 'shape': (768,), }\n", SYSTEM_CALL),
        "plain 16- or 32-bit floats",
    ),
    "numpy with code": (npy_of("{'descr': exit(), 'shape': (768,)}\n"), "plain 16-"),
    "numpy version 3": (b"\x93NUMPY\x03\x00" + bytes(99), "plain 16-"),
    "numpy cut off": (FILES["npy"][:-1], "3071 bytes instead of 3072"),
    "JSON cut off": (FILES["json"][:-1], "not JSON"),
    "JSON with NaN": (FILES["json"].replace(b'"vector":[', b'"vector":[NaN,'), "NaN"),
    "JSON with a huge number": (json_of(vector=[1e39] * 768), "too large"),
    "JSON with an endless number": (json_of(vector=[10**400] + [0] * 767), "too large"),
    "JSON with more digits than Python reads": (b'{"vector":[' + b"1" * 9000 + b"]}", "not JSON"),
    "JSON with truths": (json_of(vector=[True] * 768), "no list of numbers"),
    "JSON with texts": (json_of(vector=["1"] * 768), "no list of numbers"),
    "JSON without a vector": (b"{}", "no list of numbers"),
    "JSON of another vector": (json_of(vector=[0.5] * 768), "damaged or changed"),
    "JSON with a numbered space": (json_of(space=1), "“space” is not a text"),
    "JSON of 65 kB": (b"{" + b" " * 65_536 + b"}", "up to 65,536 are read"),
    "JSON nested without end": (b'{"a":' + b"[" * 60_000, "not JSON"),
    "a program": (b"\x7fELF" + bytes(99), "none of .safetensors"),
    "a page": (b"<html><script>alert(1)</script></html>", "none of .safetensors"),
    "a compressed file": (b"\x1f\x8b\x08" + bytes(99), "none of .safetensors"),
    "numpy with the bytes the other way round": (
        npy_of(PLAIN_HEADER.replace("<f4", ">f4")),
        "plain 16- or 32-bit floats",
    ),
    "numpy with 64 bits": (npy_of(PLAIN_HEADER.replace("<f4", "<f8")), "plain 16- or 32-bit"),
    "numpy with complex numbers": (npy_of(PLAIN_HEADER.replace("<f4", "<c8")), "plain 16-"),
    "numpy with a shape of three": (
        npy_of(PLAIN_HEADER.replace("(768,)", "(1, 768, 1)")),
        "plain 16-",
    ),
    "numpy with a shape below nothing": (
        npy_of(PLAIN_HEADER.replace("(768,)", "(-768,)")),
        "plain 16-",
    ),
    "numpy with a header that ends after the file": (
        b"\x93NUMPY\x01\x00\xff\xff" + PLAIN_HEADER.encode(),
        "0 bytes instead of 3072",
    ),
    "numpy with a second key of the same name": (
        npy_of(PLAIN_HEADER.replace("{", "{'descr': '|O', ")),
        "plain 16-",
    ),
    "numpy with a second file behind it": (
        npy_of(PLAIN_HEADER, NUMBERS + npy_of(PLAIN_HEADER)),
        "bytes instead of 3072",
    ),
    "numpy with NaN": (npy_of(PLAIN_HEADER, b"\0\0\xc0\x7f" + NUMBERS[4:]), "must be finite"),
    "JSON that is a list": (b"[0.5]", "none of .safetensors"),
    "JSON with a byte order mark": (b"\xef\xbb\xbf{}", "none of .safetensors"),
    "JSON as UTF-16": (b"{\0}\0", "not JSON"),
    "JSON with the same vector twice": (
        b'{"vector":[1],"vector":' + b"[" + b"0," * 767 + b"0]}",
        "same key twice",
    ),
    "JSON with infinity": (
        FILES["json"].replace(b'"vector":[', b'"vector":[-Infinity,'),
        "no JSON",
    ),
    "JSON with a number beyond doubles": (
        b'{"vector":[1e999' + b",0" * 767 + b"]}",
        "must be finite",
    ),
    "JSON with a list in a list": (json_of(vector=[[0.5] * 768]), "no list of numbers"),
    "JSON with a digest that is a list": (json_of(vector_digest=["sha256"]), "is not a text"),
    "JSON with half of a surrogate pair": (json_of(space="\udfff"), "half of a surrogate pair"),
    "JSON with half of one in a name": (json_of(**{"\ud800": 1}), "half of a surrogate pair"),
}
