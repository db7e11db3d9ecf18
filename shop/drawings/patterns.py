"""What is painted on a lure: bars, scales, spots, a craw, a stripe. Drawn wide; the body clips it."""

import random

from shop.drawings.palette import Palette
from shop.drawings.svg import circle, dark, ellipse, group, light, path, stroke


def draw(palette: Palette) -> str:
    return PATTERNS[palette.pattern](palette)


def plain(palette: Palette) -> str:
    return ""


def bars(palette: Palette) -> str:
    """Tiger bars, as on a perch or a muskie."""
    shape = "M-14,-140 C10,-70 -8,-20 -2,44 C8,0 28,-60 26,-140 Z"
    return "".join(
        group(path(shape, dark(palette.main, 0.55), opacity=0.75), at=(x, 0)) for x in range(-190, 260, 62)
    )


def scales(palette: Palette) -> str:
    rows = []
    for row, y in enumerate(range(-96, 70, 17)):
        arcs = "".join(f"M{x + (row % 2) * 12},{y} q12,14 24,0" for x in range(-110, 290, 24))
        rows.append(stroke(arcs, dark(palette.main, 0.5), 2, stroke_opacity=0.38))
    line = stroke("M-120,-8 C0,-16 140,-12 300,0", palette.accent, 7, stroke_opacity=0.75)
    return "".join(rows) + line


def spots(palette: Palette) -> str:
    dice = random.Random(palette.main)
    dots = []
    for _ in range(58):
        x, y, r = dice.uniform(-200, 260), dice.uniform(-110, 24), dice.uniform(3, 8)
        dots.append(circle(x, y, r, dark(palette.main, 0.7), opacity=0.7))
    blush = ellipse(40, 6, 260, 18, palette.accent, opacity=0.45)
    return blush + "".join(dots)


def craw(palette: Palette) -> str:
    plates = [
        path(
            f"M{x},-140 C{x + 50},-50 {x + 40},10 {x - 10},60 C{x + 16},0 {x + 6},-60 {x - 22},-140 Z",
            dark(palette.main, 0.6),
            opacity=0.5,
        )
        for x in range(-90, 240, 74)
    ]
    belly = ellipse(20, 96, 260, 52, palette.accent, opacity=0.85)
    return belly + "".join(plates)


def stripe(palette: Palette) -> str:
    flash = path(
        "M-300,-14 C-120,-30 120,-24 320,-2 C120,10 -120,14 -300,10 Z",
        light(palette.accent, 0.15),
        opacity=0.9,
    )
    return flash + stroke(
        "M-300,-40 C-100,-66 100,-56 320,-14", dark(palette.main, 0.6), 9, stroke_opacity=0.5
    )


def firetiger(palette: Palette) -> str:
    return ellipse(0, 92, 280, 44, palette.accent, opacity=0.95) + bars(palette)


PATTERNS = {
    "plain": plain,
    "bars": bars,
    "scales": scales,
    "spots": spots,
    "craw": craw,
    "stripe": stripe,
    "firetiger": firetiger,
}
