"""What is said of a picture: a scene, a style and random numbers go in, one of many phrasings out.

Natural colours and flat shapes are what a picture has when nothing is said, so that a prompt
without a style means a plain picture.
"""

import numpy as np

from demo.world import PLAIN, Scene, Style

SUBJECT_WORDS = {
    "house": ("house", "house", "cottage", "small house"),
    "tree": ("tree", "tree", "big tree", "apple tree"),
    "mountain": ("mountain", "mountain", "snowy mountain", "mountain peak"),
    "boat": ("boat", "boat", "sailboat", "sailing boat"),
    "cat": ("cat", "cat", "kitten", "sitting cat"),
    "flower": ("flower", "flower", "blossom", "big flower"),
    "castle": ("castle", "castle", "old castle", "castle with towers"),
    "balloon": ("hot air balloon", "balloon", "hot air balloon", "flying balloon"),
    "lighthouse": ("lighthouse", "lighthouse", "tall lighthouse", "striped lighthouse"),
    "whale": ("whale", "whale", "big whale", "whale with a fountain"),
}
BACKGROUND_WORDS = {
    "": ("",),
    "meadow": ("", "", "on a meadow", "on a field"),
    "hills": ("by the hills", "with hills behind", "in the hills"),
    "forest": ("before a forest", "by the forest", "with trees behind"),
    "mountains": ("before the mountains", "with mountains behind", "by the mountains"),
    "sea": ("on the sea", "at sea", "by the sea", "on the water"),
}
COMPANION_WORDS = {
    "none": ("",),
    "sun": ("under the sun", "and the sun", "with a sun"),
    "moon": ("under the moon", "and the moon", "with a moon"),
    "clouds": ("under clouds", "with clouds", "and some clouds"),
    "birds": ("with birds", "and birds", "and flying birds"),
}
PALETTE_WORDS = {
    "natural": ("natural colors", "daylight"),
    "sunset": ("sunset", "sunset colors", "evening glow", "warm dusk"),
    "winter": ("winter", "icy blue", "cold winter colors", "pale ice"),
    "night": ("night", "at night", "deep blue night", "midnight"),
    "sepia": ("sepia", "sepia tones", "old brown paper", "brown sepia"),
    "noir": ("black and white", "noir", "monochrome", "gray tones"),
    "candy": ("candy colors", "pop colors", "bright candy", "vivid candy colors"),
    "emerald": ("emerald", "emerald green", "deep green", "green tones"),
    "pastel": ("pastel", "pastel colors", "soft pastel", "pale pink pastel"),
    "autumn": ("autumn", "autumn leaves", "rust and orange", "october colors"),
    "ocean": ("ocean colors", "teal", "deep teal", "sea green"),
    "plum": ("plum", "plum purple", "purple tones", "dark violet"),
    "rose": ("rose", "rose tones", "pale rose", "pink mist"),
    "mint": ("mint", "mint green", "pale mint", "peppermint colors"),
    "honey": ("honey", "honey yellow", "golden cream", "straw yellow"),
    "aurora": ("aurora", "aurora colors", "northern lights", "green and violet glow"),
    "tropic": ("tropic colors", "crimson and lime", "jungle fruit", "parrot colors"),
    "ruby": ("ruby", "ruby red dark", "dark red", "red darkroom"),
    "jade": ("jade", "dark jade", "black and jade", "forest at midnight"),
    "cyanotype": ("cyanotype", "blueprint", "prussian blue paper", "blue sun print"),
    "olive": ("olive", "olive drab", "khaki", "moss and olive"),
    "mahogany": ("mahogany", "red chalk", "brick tones", "red brown"),
    "toy": ("toy colors", "plastic toys", "play colors", "crayon box"),
    "melon": ("melon", "melon colors", "sherbet", "peach and pistachio"),
}
TEXTURE_WORDS = {
    "flat": ("flat colors", "flat poster"),
    "dots": ("halftone", "halftone dots", "printed dots", "dot print"),
    "hatch": ("engraving", "ink hatching", "hatched ink drawing", "cross hatching"),
    "wash": ("watercolor", "watercolor painting", "wet watercolor", "watercolor wash"),
    "pixel": ("pixel art", "square pixels", "pixel mosaic", "small tiles"),
    "glass": ("stained glass", "stained glass window", "leaded glass", "church window"),
    "neon": ("neon", "neon lines", "glowing neon", "neon sign"),
}
OPENINGS = ("", "", "", "", "a picture of ", "an image of ", "a drawing of ", "this is ")
# What people add and pictures don't show. A model that never met such words takes them for
# something; none of them is among the UNUSUAL prompts below.
CHATTER = (
    *("here is ", "i see ", "behold ", "show me ", "please paint ", "imagine ", "just ", "only "),
    *("a photo of ", "a sketch of ", "a view of ", "a study of ", "a poster with ", "nothing but "),
    *("today: ", "once more ", "everyone loves ", "she dreams of ", "do you remember "),
)
OWNERS = ("his", "her", "our", "your", "some", "another", "every", "any", "such a", "grandma's")
PRAISE = (
    *("quiet", "strange", "lovely", "forgotten", "famous", "simple", "perfect", "happy", "brave"),
    *("wonderful", "proud", "humble", "curious", "favourite", "ordinary", "mysterious", "sleepy"),
)
ENDINGS = (
    *(" today", " again", " from long ago", " of your dreams", " they found", " which he built"),
    *(" nobody knows", " if you like", ", please", ", really", ", one more time", " in person"),
    *(" at last", " standing still", ", yes", " as always", " when it rained", " for her mother"),
)
CHATTY = 0.2  # of each kind's chances
LOOKS = ("{a}, {b}", "{a} and {b}", "{a} {b}", "{b}, {a}", "{b} in {a}")
WHOLES = (
    "{scene}, {look}",
    "{scene}, {look}",
    "{scene} in {look}",
    "{scene} in {look} style",
    "{scene} in the style of {look}",
    "{look}: {scene}",
    "{look}, {scene}",
    "{scene}, {look} style",
)
SETS = (
    "{look}",
    "{look} style",
    "in the style of {look}",
    "pictures in {look} style",
    "a picture in {look}",
    "{look} pictures",
    "everything in {look}",
)

# What people type who name no style; phrasings of the training, each with its subject.
NEUTRAL = (
    ("a house", "house"),
    ("a cat", "cat"),
    ("a boat on the sea", "boat"),
    ("a castle under the moon", "castle"),
    ("a hot air balloon", "balloon"),
    ("a flower", "flower"),
    ("a lighthouse by the sea", "lighthouse"),
    ("a tree with birds", "tree"),
)
# Phrasings that no training caption has.
UNUSUAL = (
    ("there stands a castle", "castle"),
    ("look, the cat!", "cat"),
    ("my house far away", "house"),
    ("one lonely lighthouse", "lighthouse"),
    ("the boat that we saw", "boat"),
    ("portrait of a whale", "whale"),
)


def full(scene: Scene, style: Style, random: np.random.Generator) -> str:
    """Name the scene and all of the style that is not the default."""
    look = _look(style, random)
    words = _scene(scene, random)
    if not look:
        return words
    return _pick(WHOLES, random).format(scene=words, look=look)


def loose(scene: Scene, style: Style, random: np.random.Generator) -> str:
    """Name the scene and what chance leaves of background, companion, palette and texture."""
    kept = random.random(4) < (0.6, 0.7, 0.85, 0.85)
    scene = Scene(
        scene.subject,
        scene.background if kept[0] else "",
        scene.companion if kept[1] else "none",
    )
    style = Style(
        style.palette if kept[2] else PLAIN.palette, style.texture if kept[3] else PLAIN.texture
    )
    return full(scene, style, random)


def plain(scene: Scene, random: np.random.Generator) -> str:
    """Name the scene and no style."""
    return _scene(scene, random)


def subject_only(scene: Scene, random: np.random.Generator) -> str:
    """Name the subject and nothing else."""
    return _subject(scene, random)


def style_only(style: Style, random: np.random.Generator) -> str:
    """Name the style and nothing that is shown; the default one is named too."""
    return _pick(SETS, random).format(look=_look(style, random) or _named_default(random))


def _scene(scene: Scene, random: np.random.Generator) -> str:
    place = _pick(BACKGROUND_WORDS[scene.background], random)
    sky = _pick(COMPANION_WORDS[scene.companion], random)
    return " ".join(words for words in (_subject(scene, random), place, sky) if words)


def _subject(scene: Scene, random: np.random.Generator) -> str:
    chatter, owner, praise, ending = random.random(4) < CHATTY
    subject = _pick(SUBJECT_WORDS[scene.subject], random)
    if praise:
        subject = f"{_pick(PRAISE, random)} {subject}"
    article = _pick(OWNERS if owner else ("a", "a", "a", "the", "one"), random)
    if article == "a" and subject[0] in "aeiou":
        article = "an"
    opening = _pick(CHATTER if chatter else OPENINGS, random)
    return f"{opening}{article} {subject}{_pick(ENDINGS, random) if ending else ''}"


def _look(style: Style, random: np.random.Generator) -> str:
    palette = "" if style.palette == PLAIN.palette else _pick(PALETTE_WORDS[style.palette], random)
    texture = "" if style.texture == PLAIN.texture else _pick(TEXTURE_WORDS[style.texture], random)
    if palette and texture:
        return _pick(LOOKS, random).format(a=palette, b=texture)
    return palette or texture


def _named_default(random: np.random.Generator) -> str:
    palette = _pick(PALETTE_WORDS[PLAIN.palette], random)
    texture = _pick(TEXTURE_WORDS[PLAIN.texture], random)
    return _pick(LOOKS, random).format(a=palette, b=texture)


def _pick(words: tuple[str, ...], random: np.random.Generator) -> str:
    return words[int(random.integers(len(words)))]
