"""The world's sample sets: some of its looks go in, folders of pictures with a set.toml come out.

`python -m demo.sample_sets` draws those that `make demo` publishes, so that the hub starts with
looks that the built-in models can follow. One of them is a pair that no training has seen.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from demo.training import ROOT
from demo.world import COMPANIONS, SUBJECTS, Scene, Style, backgrounds_of, draw_large

SEED = 783
SAMPLES = ROOT / "demo" / "samples"

# slug: title, what it looks like, tags, style
SETS = {
    "ember-dusk": (
        "Ember dusk",
        "Flat shapes in the last light of an evening: plum sky, orange horizon, red earth.",
        ("flat", "sunset", "warm"),
        Style("sunset", "flat"),
    ),
    "winter-wash": (
        "Winter wash",
        "Watercolour in pale blues; the paint gathers at its edges and leaves the rim bare.",
        ("watercolour", "winter", "cold"),
        Style("winter", "wash"),
    ),
    "old-engraving": (
        "Old engraving",
        "Brown ink on old paper: every shade is a field of slanting strokes, crossed in the dark.",
        ("engraving", "sepia", "ink"),
        Style("sepia", "hatch"),
    ),
    "pop-print": (
        "Pop print",
        "Loud yellow, pink and violet through a halftone screen, as on a cheap poster.",
        ("halftone", "vivid", "poster"),
        Style("candy", "dots"),
    ),
    "forest-window": (
        "Forest window",
        "Leaded glass in every green from moss to lime, with the light behind it.",
        ("stained-glass", "green"),
        Style("emerald", "glass"),
    ),
    "synthwave": (
        "Synthwave",
        "Glowing tubes in orange and magenta along every edge, in the dark.",
        ("neon", "night", "line"),
        Style("sunset", "neon"),
    ),
    "ice-tiles": (
        "Ice tiles",
        "Small square tiles in the blues of ice, each with a lit and a shaded side.",
        ("pixel", "winter", "mosaic"),
        Style("winter", "pixel"),
    ),
    "sepia-window": (
        "Sepia window",
        "Leaded glass in browns and creams. No model of the demo was ever shown such browns in "
        "glass, only each of the two apart.",
        ("stained-glass", "sepia", "unseen"),
        Style("sepia", "glass"),
    ),
}
ORIGIN = (
    "A program of this project drew the pictures, in the world that the demo's own models were "
    "taught; so this is an aesthetic that they can follow.\n"
    "They are given to the public domain by CC0."
)


def write_set(folder: Path, slug: str, random: np.random.Generator) -> None:
    """Draw each subject once, each under another sky, and describe them in set.toml."""
    title, look, tags, style = SETS[slug]
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"title = {_quoted(title)}",
        f'description = """\n{look}\n{ORIGIN}\n"""',
        'licence = "CC0-1.0"',
        f"tags = [{', '.join(map(_quoted, ('demo-world', *tags)))}]",
    ]
    for number, subject in enumerate(SUBJECTS, start=1):
        places = backgrounds_of(subject)
        scene = Scene(
            subject,
            places[random.integers(len(places))],
            COMPANIONS[random.integers(len(COMPANIONS))],
        )
        name = f"{number:02}-{subject}.webp"
        picture = Image.fromarray(draw_large(scene, style, random))
        picture.save(folder / name, quality=90, method=6)
        shown = [part for part in (subject, scene.background, scene.companion) if part != "none"]
        drawn = ", ".join([*shown, style.palette, style.texture])
        lines += [
            "",
            "[[pictures]]",
            f"file = {_quoted(name)}",
            f"title = {_quoted(', '.join(shown).capitalize())}",
            'author = "The Aesthetic Hub project"',
            'licence = "CC0-1.0"',
            f"source = {_quoted(f'Drawn by the demo world of this project: {drawn}')}",
        ]
    (folder / "set.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # A TOML string is one of JSON here.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=SAMPLES)
    arguments = parser.parse_args()
    for number, slug in enumerate(SETS):
        write_set(arguments.folder / slug, slug, np.random.default_rng((SEED, number)))
        print(f"{slug}: {len(SUBJECTS)} pictures")


if __name__ == "__main__":
    main()
