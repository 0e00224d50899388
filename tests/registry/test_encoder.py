"""The encoder against open_clip itself, on the built-in weights and on a tiny CLIP made here."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import image_transform
from PIL import Image
from safetensors.torch import save_file

from registry.encoder import Encoder, EncoderUnavailable, Source, WordsTooLong, describe

DEMO = Path(__file__).parents[2] / "demo" / "weights" / "open_clip"
MERGES = "bpe_4k.txt.gz"
SIZE = 128  # pixels a side that the built-in encoder reads
DEMO_SOURCE = Source(f"local-dir:{DEMO}")

TINY = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {
        "image_size": 32,
        "layers": 1,
        "width": 32,
        "head_width": 16,
        "patch_size": 16,
    },
    "text_cfg": {
        "context_length": 77,
        "vocab_size": 49408,
        "width": 16,
        "heads": 1,
        "layers": 1,
    },
}


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(DEMO_SOURCE)


@pytest.fixture(scope="module")
def reference() -> Any:
    return open_clip.create_model(f"local-dir:{DEMO}").eval()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder as open_clip saves one, without merges of its own."""
    torch.manual_seed(0)
    save_file(open_clip.CLIP(**TINY).state_dict(), tmp_path / "open_clip_model.safetensors")
    configuration = {"model_cfg": TINY, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(configuration))
    return tmp_path


def photographs(count: int) -> list[Image.Image]:
    random = np.random.default_rng(7)
    coarse = random.integers(0, 256, (count, 9, 13, 3), dtype=np.uint8)
    return [Image.fromarray(pixels).resize((260, 180)) for pixels in coarse]


def refusal(source: Source) -> EncoderUnavailable:
    with pytest.raises(EncoderUnavailable) as caught:
        describe(source)
    with pytest.raises(EncoderUnavailable):
        Encoder.load(source)
    assert str(caught.value) == caught.value.detail
    return caught.value


def test_pictures_are_encoded_as_open_clip_encodes_them(encoder: Encoder, reference: Any) -> None:
    transform = image_transform(SIZE, is_train=False)
    resize, crop = transform.transforms[:2]
    pictures = photographs(3)

    features = encoder.encode_pictures([np.asarray(crop(resize(each))) for each in pictures])

    with torch.no_grad():
        expected = reference.encode_image(torch.stack([transform(each) for each in pictures]))
    assert features.dtype == np.float32
    assert features.shape == (3, 768)
    np.testing.assert_allclose(features, expected.numpy(), rtol=0, atol=1e-6)


def test_features_are_not_normalised(encoder: Encoder) -> None:
    pixels = [np.full((SIZE, SIZE, 3), level, np.uint8) for level in (0, 255)]
    lengths = np.linalg.norm(encoder.encode_pictures(pixels), axis=1)
    assert abs(lengths - 1).min() > 0.01


def test_words_are_encoded_as_open_clip_encodes_them(encoder: Encoder, reference: Any) -> None:
    words = ["a house by a tree", "neon", "", "日本 🎉"]
    tokenizer = open_clip.SimpleTokenizer(bpe_path=str(DEMO / MERGES))
    with torch.no_grad():
        expected = reference.encode_text(tokenizer(words))
    np.testing.assert_array_equal(encoder.encode_words(words), expected.numpy())


def test_related_words_agree_more_than_unrelated_ones(encoder: Encoder) -> None:
    features = encoder.encode_words(["a castle at night", "a castle in neon", "winter"])
    night, neon, winter = features / np.linalg.norm(features, axis=1, keepdims=True)
    assert night @ neon > night @ winter


def test_a_text_that_does_not_fit_is_refused_with_its_number_of_tokens(encoder: Encoder) -> None:
    assert encoder.encode_words(["tree " * 75]).shape == (1, 768)
    with pytest.raises(WordsTooLong, match="76 tokens and the encoder reads 75") as caught:
        encoder.encode_words(["a tree", "tree " * 76])
    assert caught.value.code == "words-too-long"


def test_nothing_in_gives_nothing_out(encoder: Encoder) -> None:
    assert encoder.encode_pictures([]).shape == (0, 768)
    assert encoder.encode_words([]).shape == (0, 768)


def test_pixels_of_another_size_or_kind_are_refused(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[224, 224, 3\]; the encoder reads uint8 \[128"):
        encoder.encode_pictures([np.zeros((224, 224, 3), np.uint8)])
    with pytest.raises(ValueError, match="Pixels are float32"):
        encoder.encode_pictures([np.zeros((SIZE, SIZE, 3), np.float32)])


def test_the_text_projection_takes_hidden_states_to_features(
    encoder: Encoder, reference: Any
) -> None:
    assert encoder.text_projection.shape == (192, 768)
    assert torch.equal(encoder.text_projection, reference.text_projection)
    encoder.text_projection.zero_()
    assert torch.equal(encoder.text_projection, reference.text_projection)


def test_a_description_names_weights_preprocessing_and_width(encoder: Encoder) -> None:
    description = describe(DEMO_SOURCE)
    weights = (DEMO / "open_clip_model.safetensors").read_bytes()
    assert description.weights == f"sha256:{hashlib.sha256(weights).hexdigest()}"
    assert (description.width, description.image_size) == (768, SIZE)
    assert description.architecture.startswith("vit-192x5-patch16/")
    preprocessing = json.loads(json.dumps(description.preprocessing))
    assert preprocessing == description.preprocessing
    assert preprocessing["size"] == SIZE
    assert preprocessing["interpolation"] == "bicubic"
    assert preprocessing["resize_mode"] == "shortest"
    assert preprocessing["mean"] == pytest.approx([0.48145467, 0.45782751, 0.40821072])
    assert encoder.description == description


def test_a_description_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    copy = shutil.copytree(DEMO, tmp_path / "elsewhere")
    assert describe(Source(f"local-dir:{copy}")) == describe(DEMO_SOURCE)


def test_another_activation_is_another_architecture(tiny: Path) -> None:
    before = describe(Source(f"local-dir:{tiny}"))
    configuration = {"model_cfg": {**TINY, "quick_gelu": False}}
    (tiny / "open_clip_config.json").write_text(json.dumps(configuration))
    after = describe(Source(f"local-dir:{tiny}"))
    assert before.weights == after.weights
    assert before.architecture != after.architecture


def test_a_tiny_clip_with_the_usual_tokenizer_is_loaded_by_the_same_code(tiny: Path) -> None:
    encoder = Encoder.load(Source(f"local-dir:{tiny}"))
    reference = open_clip.create_model(f"local-dir:{tiny}").eval()
    pixels = np.arange(32 * 32 * 3, dtype=np.uint32).reshape(32, 32, 3).astype(np.uint8)
    inputs = (torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255 - 0.5) / 0.25
    with torch.no_grad():
        picture = reference.encode_image(inputs)
        words = reference.encode_text(open_clip.get_tokenizer("ViT-L-14")(["a red fox"]))
    np.testing.assert_allclose(encoder.encode_pictures([pixels]), picture.numpy(), atol=1e-6)
    np.testing.assert_array_equal(encoder.encode_words(["a red fox"]), words.numpy())
    assert encoder.text_projection.shape == (16, 24)


def test_a_width_other_than_768_is_described_as_it_is(tiny: Path) -> None:
    assert describe(Source(f"local-dir:{tiny}")).width == 24


def test_a_missing_folder_is_refused_with_what_to_set(tmp_path: Path) -> None:
    error = refusal(Source(f"local-dir:{tmp_path}/nowhere"))
    assert error.code == "missing-directory"
    assert f"{tmp_path}/nowhere does not exist; set ENCODER_MODEL" in error.detail


def test_a_folder_without_configuration_is_refused(tiny: Path) -> None:
    (tiny / "open_clip_config.json").unlink()
    error = refusal(Source(f"local-dir:{tiny}"))
    assert error.code == "missing-configuration"
    assert "has no open_clip_config.json" in error.detail


@pytest.mark.parametrize("text", ["{", "[]", '{"model_cfg": {"embed_dim": 768}}', "\x00"])
def test_a_configuration_that_describes_no_model_is_refused(tiny: Path, text: str) -> None:
    (tiny / "open_clip_config.json").write_text(text)
    assert refusal(Source(f"local-dir:{tiny}")).code == "invalid-configuration"


def test_a_folder_without_weights_is_refused(tiny: Path) -> None:
    (tiny / "open_clip_model.safetensors").unlink()
    assert refusal(Source(f"local-dir:{tiny}")).code == "missing-weights"


def test_a_folder_with_two_files_of_weights_is_refused(tiny: Path) -> None:
    (tiny / "pytorch_model.bin").write_bytes(b"")
    error = refusal(Source(f"local-dir:{tiny}"))
    assert error.code == "ambiguous-weights"
    assert "2 files of weights (open_clip_model.safetensors, pytorch_model.bin)" in error.detail


def test_a_pickle_of_weights_is_refused_unopened(tiny: Path) -> None:
    (tiny / "open_clip_model.safetensors").rename(tiny / "pytorch_model.bin")
    error = refusal(Source(f"local-dir:{tiny}"))
    assert error.code == "unsafe-weights"
    assert "only .safetensors is read here" in error.detail


def test_weights_of_another_shape_are_refused(tiny: Path) -> None:
    configuration = {"model_cfg": {**TINY, "embed_dim": 48}}
    (tiny / "open_clip_config.json").write_text(json.dumps(configuration))
    with pytest.raises(EncoderUnavailable, match="size mismatch") as caught:
        Encoder.load(Source(f"local-dir:{tiny}"))
    assert caught.value.code == "invalid-weights"


def test_a_device_that_is_too_small_is_not_the_fault_of_the_weights(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr("open_clip.create_model", full)
    with pytest.raises(torch.OutOfMemoryError):
        Encoder.load(Source(f"local-dir:{tiny}"))


def test_a_broken_file_of_weights_is_refused(tiny: Path) -> None:
    (tiny / "open_clip_model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(EncoderUnavailable) as caught:
        Encoder.load(Source(f"local-dir:{tiny}"))
    assert caught.value.code == "invalid-weights"


def test_merges_of_another_vocabulary_are_refused(tiny: Path) -> None:
    shutil.copy(DEMO / MERGES, tiny)
    with pytest.raises(EncoderUnavailable, match="4096 words and its text tower 49408") as caught:
        Encoder.load(Source(f"local-dir:{tiny}"))
    assert caught.value.code == "mismatched-merges"


def test_preprocessing_that_the_hub_does_not_do_is_refused(tiny: Path) -> None:
    configuration = {"model_cfg": TINY, "preprocess_cfg": {"resize_mode": "squash"}}
    (tiny / "open_clip_config.json").write_text(json.dumps(configuration))
    assert refusal(Source(f"local-dir:{tiny}")).code == "unsupported-preprocessing"


def test_an_unknown_model_is_refused_by_name() -> None:
    error = refusal(Source("ViT-L-15", "openai"))
    assert error.code == "unknown-model"
    assert "no model 'ViT-L-15'; set ENCODER_MODEL" in error.detail


@pytest.mark.parametrize("tag", ["closedai", None])
def test_unknown_weights_are_refused_with_the_known_ones(tag: str | None) -> None:
    error = refusal(Source("ViT-L-14", tag))
    assert error.code == "unknown-weights"
    assert f"no weights {tag!r} for ViT-L-14; it has openai, laion400m_e31" in error.detail


def test_without_a_network_a_named_encoder_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    error = refusal(Source("ViT-L-14", "openai"))
    assert error.code == "weights-unavailable"
    assert "The weights openai of ViT-L-14 could not be downloaded" in error.detail
    assert "set ENCODER_MODEL to local-dir:" in error.detail
