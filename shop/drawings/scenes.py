"""The shop's own scenes: the dam of the front page, and the catch of a page that is not there.

They are part of the design, so they stand in static/img/ as files; a test holds them
to what is drawn here.
"""

import math
import random

from shop.drawings import waders
from shop.drawings.palette import Palette
from shop.drawings.svg import Pen, circle, document, ellipse, group, path, rect, smooth, stroke

WIDTH, HEIGHT = 1600, 720
SHORE = 470


def banner() -> str:
    pen = Pen()
    return document(
        pen, WIDTH, HEIGHT, _sky(pen), _hills(pen), _dam(pen), _lake(pen), _reeds(), _boat(pen), _birds()
    )


def snag() -> str:
    """An old boot on a hook, half out of the water."""
    pen = Pen()
    boot = group(waders.hip_boot(pen, Palette("#6a7440", "#d9531e")), at=(206, 122), turn=-10, scale=0.34)
    line = stroke("M196,-4 C190,4 189,8 189,14", "#5a6662", 2)
    hook = stroke("M189,14 v12 c0,14 -20,12 -20,-2 l6,6", "#39464a", 4.5)
    drops = "".join(
        ellipse(x, y, 4, 6, "#5fa8a3") for x, y in ((148, 186), (262, 178), (276, 200), (136, 204))
    )
    water = [
        path(
            f"M0,{y} C90,{y - 14} 160,{y + 12} 220,{y} S340,{y - 12} 420,{y} V260 H0 Z", colour, opacity=0.92
        )
        for y, colour in ((214, "#8fc4bd"), (228, "#4f9690"), (244, "#2d7370"))
    ]
    return document(pen, 420, 260, line, hook, boot, drops, *water)


def _sky(pen: Pen) -> str:
    sky = rect(0, 0, WIDTH, HEIGHT, pen.shade("#0d3436", "#14504f", "#3f7f74", "#e0a468", "#f3c98b"))
    sun = circle(1110, 318, 66, "#ffe3ad") + circle(1110, 318, 128, "#ffd493", opacity=0.22)
    return sky + sun + circle(1110, 318, 210, "#ffd493", opacity=0.12)


def _hills(pen: Pen) -> str:
    far = smooth(
        [
            (0, 400),
            (170, 318),
            (360, 372),
            (560, 300),
            (760, 372),
            (980, 336),
            (1200, 384),
            (1400, 306),
            (1600, 352),
        ],
        closed=False,
    )
    near = smooth(
        [
            (0, 380),
            (140, 398),
            (330, 340),
            (520, 412),
            (720, 440),
            (940, 448),
            (1240, 430),
            (1440, 380),
            (1600, 398),
        ],
        closed=False,
    )
    close = f" V{HEIGHT} H0 Z"
    pines = "".join(_pine(x, 424 + 14 * math.sin(x / 90), 46 + (x * 7) % 34) for x in range(-10, 520, 31))
    return (
        path(far + close, pen.shade("#3b6f66", "#2c5f5a"), opacity=0.9)
        + path(near + close, pen.shade("#1f4f4a", "#123b3a"))
        + pines
    )


def _pine(x: float, foot: float, height: float) -> str:
    tiers = "".join(
        f"M{x - height * (0.16 + 0.09 * tier):.0f},{foot - height * (0.62 - 0.27 * tier):.0f} "
        f"L{x:.0f},{foot - height * (1.05 - 0.25 * tier):.0f} "
        f"L{x + height * (0.16 + 0.09 * tier):.0f},{foot - height * (0.62 - 0.27 * tier):.0f}Z"
        for tier in range(3)
    )
    return path(tiers, "#0f3533") + rect(x - 2, foot - 8, 4, 14, "#0c2b2a")


def _dam(pen: Pen) -> str:
    concrete = pen.shade("#e9e2d0", "#bfb7a3")
    wall = path(f"M800,392 H1600 V{SHORE + 22} H776 Z", pen.shade("#b9b29e", "#857f70"))
    bays = [_bay(pen, x) for x in range(856, 1560, 118)]
    deck = rect(792, 378, 808, 20, concrete) + rect(792, 366, 808, 5, "#8f8a79")
    posts = [rect(x, 366, 3, 14, "#8f8a79") for x in range(796, 1600, 22)]
    roof = path("M792,302 L831,270 L870,302 Z", "#a8442a")
    tower = rect(800, 300, 62, 96, concrete, r=3) + roof + rect(818, 322, 26, 22, "#ffd98f", r=3)
    return wall + "".join(bays) + deck + "".join(posts) + tower


def _bay(pen: Pen, x: float) -> str:
    """One open gate: the pier to its left, and the water that falls through."""
    falls = path(
        f"M{x},404 H{x + 84} C{x + 88},440 {x + 94},470 {x + 98},{SHORE + 24} "
        f"H{x - 14} C{x - 10},470 {x - 4},440 {x},404 Z",
        pen.shade("#ffffff", "#d7ecea", "#9fcfcb"),
    )
    threads = "".join(
        f"M{x + at},410 C{x + at},440 {x + at - 4 + at / 8},470 {x + at - 8 + at / 5},{SHORE + 16} "
        for at in (12, 28, 44, 60, 74)
    )
    pier = rect(x - 22, 352, 24, SHORE - 338, pen.shade("#e9e2d0", "#bfb7a3"), r=3)
    cap = rect(x - 28, 344, 36, 12, "#f4eee0", r=3)
    return falls + stroke(threads, "#7fb9b5", 2.4, stroke_opacity=0.6) + pier + cap


def _lake(pen: Pen) -> str:
    dice = random.Random(7)
    water = path(
        f"M0,{SHORE - 18} C300,{SHORE - 10} 600,{SHORE + 12} 800,{SHORE + 14} H1600 V{HEIGHT} H0 Z",
        pen.shade("#2d7370", "#15494c", "#0a2a2e"),
    )
    sunlight = [
        ellipse(1110 + dice.uniform(-60, 60), 510 + 11 * at, 90 - 2.4 * at, 2.6, "#ffdca0", opacity=0.32)
        for at in range(20)
    ]
    return water + _foam(dice) + _glints(dice) + "".join(sunlight)


def _foam(dice: random.Random) -> str:
    return "".join(
        ellipse(
            x, SHORE + dice.uniform(14, 30), dice.uniform(14, 44), dice.uniform(4, 9), "#fff", opacity=0.75
        )
        for x in (dice.uniform(820, 1600) for _ in range(46))
    )


def _glints(dice: random.Random) -> str:
    glints = []
    for _ in range(120):
        x, y, width = dice.uniform(0, WIDTH), dice.uniform(SHORE + 26, HEIGHT), dice.uniform(18, 64)
        curve = f"M{x:.0f},{y:.0f} q{width:.0f},-5 {width * 2:.0f},0"
        glints.append(stroke(curve, "#bfe3da", 2.2, stroke_opacity=0.1 + (HEIGHT - y) / 900))
    return "".join(glints)


def _boat(pen: Pen) -> str:
    hull = path("M-150,0 C-120,52 100,56 156,-8 C100,8 -90,12 -150,0 Z", pen.shade("#d9531e", "#8f3413"))
    shadow = ellipse(6, 48, 168, 13, "#06191b", opacity=0.55)
    gunwale = stroke("M-150,0 C-90,12 100,8 156,-8", "#f6e6c8", 6)
    angler = [
        path("M-6,4 C-10,-40 -6,-74 14,-80 C38,-78 44,-40 42,4 Z", "#173f3e"),
        path("M12,-60 C-16,-58 -36,-64 -52,-76 L-46,-88 C-30,-78 -8,-76 14,-78 Z", "#1d4f4c"),
        circle(16, -98, 17, "#e3b58c"),
        path("M-8,-104 C-2,-128 34,-128 38,-104 L50,-100 L-14,-100 Z", "#f0c15a"),
        stroke("M64,0 V-40", "#2c3b3c", 12),
        rect(52, -54, 26, 22, "#39484a", r=5),
    ]
    rod = stroke("M-44,-80 C-110,-150 -180,-196 -262,-214", "#f6e6c8", 4)
    line = stroke("M-262,-214 C-360,-180 -410,-60 -424,44", "#ffffff", 1.6, stroke_opacity=0.8)
    bobber = circle(-424, 46, 8, "#fff6e6") + path("M-432,46 a8,8 0 0 1 16,0 Z", "#d9531e")
    rings = [
        ellipse(-424, 54, r, r / 5, "none", stroke="#cfeae4", stroke_width=2, opacity=0.9 - r / 90)
        for r in (18, 36, 58)
    ]
    return group(shadow, hull, *angler, gunwale, rod, line, *rings, bobber, at=(1220, 606), scale=1.06)


def _reeds() -> str:
    dice = random.Random(3)
    blades = []
    for _ in range(70):
        x, height = 1600 - abs(dice.gauss(0, 90)), dice.uniform(60, 190)
        lean = dice.uniform(-40, 10)
        blades.append(
            stroke(
                f"M{x:.0f},{HEIGHT} Q{x:.0f},{HEIGHT - height * 0.6:.0f} "
                f"{x + lean:.0f},{HEIGHT - height:.0f}",
                "#0a2523",
                4.5,
            )
        )
    tails = [rect(1496 + 34 * at, HEIGHT - 176 + 26 * (at % 2), 10, 42, "#5a3a1f", r=5) for at in range(3)]
    return "".join(blades + tails)


def _birds() -> str:
    return "".join(
        stroke(f"M{x},{y} q8,-9 16,0 q8,-9 16,0", "#0d3436", 3)
        for x, y in ((930, 196), (984, 168), (1034, 210))
    )
