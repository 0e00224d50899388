"""The smoke run's own readers, against the writers of the hub and of Pillow."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hub.smoke.verification import (
    SmokeError,
    check_file,
    digest,
    numbers,
    text_chunks,
    vector_digest,
)
from registry import digests, formats

CARD = formats.Card("a/b", "B", "a", "CC0-1.0", "", "demo", "0" * 64, "mean", 8)


@pytest.mark.parametrize("suffix", ["safetensors", "pt", "npy", "json"])
def test_the_vector_of_each_file_is_read_with_the_standard_library(suffix: str) -> None:
    vector = np.linspace(-1, 1, 768, dtype=np.float32)
    vector[5] = -0.0
    data = formats.write_all(vector, CARD)[suffix]
    assert vector_digest(numbers(f"b.{suffix}", data)) == digests.vector_digest(vector)


def test_the_texts_of_a_picture_are_read_with_the_standard_library() -> None:
    texts, file = PngInfo(), io.BytesIO()
    texts.add_text("parameters", "a house\nSteps: 20")
    texts.add_itxt("aesthetic", '{"ref": "é"}')
    Image.new("RGB", (2, 2)).save(file, "PNG", pnginfo=texts)
    found = text_chunks("plain", file.getvalue())
    assert found == {"parameters": "a house\nSteps: 20", "aesthetic": '{"ref": "é"}'}


def test_a_file_with_another_digest_is_named() -> None:
    headers = {"ETag": "", "Repr-Digest": ""}
    with pytest.raises(SmokeError, match=r"^b\.npy has the digest sha256:[0-9a-f]{64}, not "):
        check_file("b.npy", b"bytes", digest(b"other bytes"), headers)
