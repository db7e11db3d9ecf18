"""The door to the drawings: a product's picture, and a category's."""

import math
import random
from collections.abc import Callable, Mapping, Sequence

from shop.drawings import lures, reels, rods, soft, storage, waders
from shop.drawings.palette import Palette
from shop.drawings.svg import Pen, dark, document, ellipse, group, light, rect, smooth, stroke

SIZE = 800
# Where one, two or three things stand in a category's picture, and how large.
PLACES = {
    1: ((400, 400, 1.0),),
    2: ((300, 290, 0.74), (510, 540, 0.74)),
    3: ((330, 230, 0.66), (470, 420, 0.66), (330, 610, 0.66)),
}

Drawing = Callable[[Pen, Palette], str]


def _bait(shape: lures.Shape) -> Drawing:
    return lambda pen, palette: group(lures.hard_bait(pen, palette, shape), at=(12, -16), turn=-8, scale=0.98)


def _jointed(shape: lures.Shape, *cuts: float) -> Drawing:
    return lambda pen, palette: group(
        lures.jointed(pen, palette, shape, cuts), at=(-16, -10), turn=-8, scale=0.98
    )


KINDS: Mapping[str, Drawing] = {
    "casting_rod": rods.casting_rod,
    "spinning_rod": rods.spinning_rod,
    "surf_rod": rods.surf_rod,
    "ultralight_rod": rods.ultralight_rod,
    "ice_rods": rods.ice_rods,
    "fly_rod": rods.fly_rod,
    "spinning_reel": reels.spinning_reel,
    "baitcaster": reels.baitcaster,
    "round_reel": reels.round_reel,
    "fly_reel": reels.fly_reel,
    "square_bill": _bait(lures.SQUARE_BILL),
    "deep_diver": _bait(lures.DEEP_DIVER),
    "lipless": _bait(lures.LIPLESS),
    "jerkbait": _bait(lures.JERKBAIT),
    "popper": _bait(lures.POPPER),
    "walker": _bait(lures.WALKER),
    "frog": soft.frog,
    "stick_worm": soft.stick_worm,
    "curl_worm": soft.curl_worm,
    "grub": soft.grub,
    "craw": soft.craw,
    "tube": soft.tube,
    "paddletail": soft.paddletail,
    "glide": _jointed(lures.SHAD, 10),
    "swim_shad": _jointed(lures.SHAD, -60, 70, 160),
    "swim_trout": _jointed(lures.TROUT, -90, 50, 160),
    "utility_box": storage.utility_box,
    "tackle_box": storage.tackle_box,
    "backpack": storage.backpack,
    "rod_tube": storage.rod_tube,
    "lure_wrap": storage.lure_wrap,
    "chest_waders": waders.chest_waders,
    "hip_waders": waders.hip_waders,
    "wading_boots": waders.wading_boots,
    "jacket": waders.jacket,
}


def product(kind: str, palette: Palette, *, ground: str, seed: str) -> str:
    """The picture of one product as an SVG document, on the colour of its category."""
    pen = Pen()
    drawn = group(KINDS[kind](pen, palette), at=(400, 400))
    return document(pen, SIZE, SIZE, _ground(pen, ground, seed), _shadow(kind), drawn)


def category(things: Sequence[tuple[str, Palette]], *, ground: str, seed: str) -> str:
    """The picture of a category: up to three of its things together."""
    pen = Pen()
    drawn = [
        group(KINDS[kind](pen, palette), at=(x, y), scale=scale)
        for (kind, palette), (x, y, scale) in zip(things, PLACES[len(things)], strict=True)
    ]
    return document(pen, SIZE, SIZE, _ground(pen, ground, seed), *drawn)


def _ground(pen: Pen, colour: str, seed: str) -> str:
    """The lines of a lake's depth chart, another lake for each product."""
    dice = random.Random(seed)
    middle = (dice.uniform(240, 560), dice.uniform(240, 560))
    bumps = [(dice.uniform(0.04, 0.13), dice.randint(2, 5), dice.uniform(0, 6.3)) for _ in range(3)]
    rings = [_depth_line(middle, 90 + 74 * ring, bumps) for ring in range(10)]
    lines = [stroke(ring, dark(colour, 0.22), 2, stroke_opacity=0.3) for ring in rings]
    return rect(0, 0, SIZE, SIZE, pen.glow(light(colour, 0.65), light(colour, 0.3), colour)) + "".join(lines)


def _depth_line(middle: tuple[float, float], radius: float, bumps: list[tuple[float, int, float]]) -> str:
    points = []
    for at in range(24):
        angle = math.tau * at / 24
        reach = radius * (1 + sum(size * math.sin(waves * angle + turn) for size, waves, turn in bumps))
        points.append((middle[0] + 1.15 * reach * math.cos(angle), middle[1] + reach * math.sin(angle)))
    return smooth(points)


def _shadow(kind: str) -> str:
    if kind.endswith(("_rod", "_rods")):
        return ""
    return ellipse(400, 716, 230, 17, "#0b1a18", opacity=0.1)
