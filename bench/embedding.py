"""How fast a set is measured, beside the loop of the paper's code with the same weights.

    python -m bench.embedding [--pictures 64] [--clip-l]

`--clip-l` takes ViT-L/14's shapes with random weights, which cost the same time as real ones.
Prints a table and last one JSON line.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image

from bench.timing import in_turn, medians
from registry.encoder import Encoder, Source
from registry.pictures import pixels
from registry.statistics import mean

SAMPLES = Path(__file__).resolve().parents[1] / "demo" / "samples"
DEMO = f"local-dir:{SAMPLES.parent / 'weights' / 'open_clip'}"
BATCH = 16


def main() -> None:
    """Run both ways in turn and print how they compare."""
    options = parse()
    files = sorted([*SAMPLES.glob("*/*.jpg"), *SAMPLES.glob("*/*.png")])
    pictures = [files[index % len(files)].read_bytes() for index in range(options.pictures)]
    with tempfile.TemporaryDirectory() as folder:
        model = clip_l(Path(folder)) if options.clip_l else DEMO
        encoder = Encoder.load(Source(model))
        reference, _, transform = open_clip.create_model_and_transforms(model)
        reference.eval()
        ways: dict[str, Callable[[], np.ndarray]] = {
            "paper's loop": lambda: papers_loop(reference, transform, pictures),
            "hub": lambda: in_batches(encoder, pictures),
        }
        times, vectors = in_turn(ways, options.rounds)
    report(times, vectors, options.pictures)


def papers_loop(model: Any, transform: Any, pictures: list[bytes]) -> np.ndarray:
    """Encode one picture at a time, decoding in between, as the paper's code does."""
    features = []
    for data in pictures:
        picture = Image.open(BytesIO(data)).convert("RGB")
        with torch.no_grad():
            features.append(model.encode_image(transform(picture)[None])[0].numpy())
    return mean(np.stack(features))


def in_batches(encoder: Encoder, pictures: list[bytes]) -> np.ndarray:
    """Encode as a worker does, less the database."""
    size = encoder.description.image_size
    features = []
    for start in range(0, len(pictures), BATCH):
        arrays = [pixels(data, size) for data in pictures[start : start + BATCH]]
        features.append(encoder.encode_pictures(arrays))
    return mean(np.concatenate(features))


def report(times: dict[str, list[float]], vectors: dict[str, np.ndarray], count: int) -> None:
    """Print the table and the JSON line."""
    typical = medians(times)
    for name, median in typical.items():
        print(f"{name:14} {1000 * median / count:8.1f} ms a picture")
    ours, theirs = vectors["hub"], vectors["paper's loop"]
    cosine = float(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs))
    ratio = typical["paper's loop"] / typical["hub"]
    print(json.dumps({"embedding_speedup": round(ratio, 2), "cosine": round(cosine, 7)}))


def clip_l(folder: Path) -> str:
    """Write ViT-L/14 with random weights as a local folder and return its name."""
    torch.manual_seed(0)
    model = open_clip.create_model("ViT-L-14")
    from safetensors.torch import save_file

    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    configuration = {"model_cfg": open_clip.get_model_config("ViT-L-14"), "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(configuration), encoding="utf-8")
    return f"local-dir:{folder}"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clip-l", action="store_true", help="ViT-L/14's shapes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
