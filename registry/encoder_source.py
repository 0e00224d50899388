"""Find an encoder: a folder, or a name and a tag in; its description and its files out.

Nothing is built here, so that a space can be described by hashing its weights file alone.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import open_clip
from open_clip.transform import PreprocessCfg, merge_preprocess_dict

from registry.digests import canonical_json, digest_bytes, digest_file, hex_of

LOCAL = "local-dir:"
CONFIGURATION = "open_clip_config.json"
WEIGHTS = ("*.safetensors", "*.bin", "*.pth", "*.pt")  # What open_clip would take for weights.

# What open_clip builds where a vision configuration does not say.
DEFAULT_TOWER = {"width": 768, "layers": 12, "patch_size": 16, "image_size": 224}


class EncoderUnavailable(Exception):
    """The configured encoder can't be had; `code` says why to machines, `detail` to people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Source:
    """Where an encoder comes from: a "local-dir:PATH", or an open_clip name with a weights tag."""

    model: str
    pretrained: str | None = None
    device: str = "cpu"

    @property
    def folder(self) -> Path | None:
        """Return the folder of a "local-dir:", None for a name."""
        return Path(self.model.removeprefix(LOCAL)) if self.model.startswith(LOCAL) else None


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that decides an encoder's vectors, as one value; a part of the recipe digest.

    `architecture` is a readable tower and twelve hex digits of open_clip's whole configuration, so
    that the same configuration has the same name wherever its files lie. `preprocessing` is
    open_clip's part alone, ready for JSON.
    """

    architecture: str
    weights: str  # The digest of the file.
    preprocessing: dict[str, Any]
    width: int
    image_size: int


@dataclass(frozen=True, slots=True)
class Files:
    """An encoder found on disk: open_clip's configuration of it, its weights and BPE merges."""

    source: Source
    model: dict[str, Any]
    preprocess: dict[str, Any]
    weights: Path
    merges: Path | None  # None stands for open_clip's own, of 49,408 words.


def describe(source: Source) -> Description:
    """Describe the encoder of `source` and hash its weights, without building it.

    Raises EncoderUnavailable.
    """
    return description_of(find(source))


def find(source: Source) -> Files:
    """Return the encoder's files, downloaded where they are named. Raises EncoderUnavailable."""
    folder = source.folder
    files = _in_folder(source, folder) if folder else _pretrained(source)
    _refuse_unfit(files)
    return files


def description_of(files: Files) -> Description:
    preprocessing = _preprocessing(files)
    return Description(
        architecture=_architecture(files.model),
        weights=digest_file(files.weights),
        preprocessing=preprocessing,
        width=int(files.model["embed_dim"]),
        image_size=int(preprocessing["size"]),
    )


def _in_folder(source: Source, folder: Path) -> Files:
    if not folder.is_dir():
        raise EncoderUnavailable(
            "missing-directory",
            f"The encoder's folder {folder} does not exist; set ENCODER_MODEL to {LOCAL} followed "
            f"by a folder with {CONFIGURATION} and its weights.",
        )
    configuration = _read_configuration(folder / CONFIGURATION)
    weights = _only(folder, [path for ending in WEIGHTS for path in folder.glob(ending)], "weights")
    if weights is None:
        raise EncoderUnavailable(
            "missing-weights", f"The encoder's folder {folder} has no .safetensors file of weights."
        )
    return Files(
        source,
        model=configuration["model_cfg"],
        preprocess=configuration.get("preprocess_cfg", {}),
        weights=weights,
        merges=_only(folder, list(folder.glob("bpe_*.txt.gz")), "merges"),
    )


def _read_configuration(path: Path) -> dict[str, Any]:
    try:
        configuration = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EncoderUnavailable(
            "missing-configuration",
            f"The encoder's folder {path.parent} has no {CONFIGURATION}; copy it to the weights.",
        ) from error
    except ValueError as error:
        raise EncoderUnavailable(
            "invalid-configuration", f"{path} is not JSON: {error}."
        ) from error
    model = configuration.get("model_cfg") if isinstance(configuration, dict) else None
    if not isinstance(model, dict) or not {"embed_dim", "vision_cfg", "text_cfg"} <= model.keys():
        raise EncoderUnavailable(
            "invalid-configuration",
            f"{path} has no model_cfg with embed_dim, vision_cfg and text_cfg.",
        )
    return dict(configuration)


def _only(folder: Path, found: list[Path], what: str) -> Path | None:
    """Refuse to guess: which of several files was meant decides every vector."""
    if len(found) > 1:
        names = ", ".join(sorted(path.name for path in found))
        raise EncoderUnavailable(
            f"ambiguous-{what}",
            f"The encoder's folder {folder} has {len(found)} files of {what} ({names}); leave one.",
        )
    return found[0] if found else None


def _pretrained(source: Source) -> Files:
    name, tag = source.model, source.pretrained
    if name not in open_clip.list_models():
        raise EncoderUnavailable(
            "unknown-model",
            f"open_clip has no model {name!r}; set ENCODER_MODEL to one of its names, such as "
            f"ViT-L-14, or to {LOCAL} followed by a folder.",
        )
    pretrained = open_clip.get_pretrained_cfg(name, tag or "")
    if not pretrained:
        known = ", ".join(open_clip.list_pretrained_tags_by_model(name)) or "none"
        raise EncoderUnavailable(
            "unknown-weights",
            f"open_clip has no weights {tag!r} for {name}; it has {known}. Set ENCODER_PRETRAINED.",
        )
    model = open_clip.get_model_config(name)
    if pretrained.get("quick_gelu"):
        # OpenAI's weights were trained with the quick GELU, which the plain name does not say;
        # open_clip only warns, and then computes other features.
        model["quick_gelu"] = True
    return Files(source, model, pretrained, _download(source, pretrained), merges=None)


def _download(source: Source, pretrained: dict[str, Any]) -> Path:
    try:
        return Path(open_clip.download_pretrained(pretrained))
    except (OSError, RuntimeError) as error:
        raise EncoderUnavailable(
            "weights-unavailable",
            f"The weights {source.pretrained} of {source.model} could not be downloaded: {error} "
            f"Let this machine reach the Hugging Face Hub once, or set ENCODER_MODEL to {LOCAL} "
            "followed by a folder that holds them.",
        ) from error


def _refuse_unfit(files: Files) -> None:
    name, preprocessing = files.source.model, _preprocessing(files)
    if files.weights.suffix != ".safetensors":
        raise EncoderUnavailable(
            "unsafe-weights",
            f"The weights of {name} are {files.weights.name}; only .safetensors is read here.",
        )
    if files.model.get("custom_text") or "hf_model_name" in files.model["text_cfg"]:
        raise EncoderUnavailable(
            "unsupported-encoder",
            f"{name} has no text tower of CLIP's own kind, which personalising prompts needs.",
        )
    size, resizing = preprocessing["size"], preprocessing["interpolation"]
    side = preprocessing["resize_mode"]
    if (resizing, side) != ("bicubic", "shortest") or not isinstance(size, int):
        raise EncoderUnavailable(
            "unsupported-preprocessing",
            f"{name} wants pictures of size {size} by {resizing} resizing ({side}); here they are "
            "made square by bicubic resizing of the shortest side.",
        )


def _preprocessing(files: Files) -> dict[str, Any]:
    """Merge as open_clip does: its defaults, the configuration's, the vision tower's own size."""
    merged = merge_preprocess_dict(asdict(PreprocessCfg()), files.preprocess)
    return {
        "size": (DEFAULT_TOWER | files.model["vision_cfg"])["image_size"],
        "mean": [float(value) for value in merged["mean"]],
        "std": [float(value) for value in merged["std"]],
        "interpolation": merged["interpolation"],
        "resize_mode": merged["resize_mode"],
    }


def _architecture(model: dict[str, Any]) -> str:
    vision = DEFAULT_TOWER | model["vision_cfg"]
    shape = f"vit-{vision['width']}x{vision['layers']}-patch{vision['patch_size']}"
    tower = vision.get("timm_model_name", shape)
    return f"{tower}/{hex_of(digest_bytes(canonical_json(model)))[:12]}"
