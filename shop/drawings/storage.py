"""Tackle storage: boxes with something in them, bags, tubes."""

from shop.drawings import lures
from shop.drawings.palette import STEEL, Palette
from shop.drawings.svg import Pen, circle, dark, group, light, path, rect, stroke

BRIGHT = (
    Palette("#2f7d5b", "#e2602a", "#f2e3a4", "bars"),
    Palette("#c2452d", "#f0a23a", "#f6d9a0", "craw"),
    Palette("#3d6f9e", "#e86a92", "#e8eef0", "scales"),
    Palette("#b8912f", "#2e6f64", "#f7efd2", "spots"),
    Palette("#5c6f3a", "#e8a33d", "#efe7c2", "stripe"),
    Palette("#7d4a8c", "#f0d24a", "#e9e0ee", "firetiger"),
)


def utility_box(pen: Pen, palette: Palette) -> str:
    """A clear box from above, a lure in each compartment."""
    case = rect(-290, -210, 580, 430, pen.shade(light(palette.main, 0.2), dark(palette.main, 0.15)), r=30)
    cells = [_cell(pen, palette, at) for at in range(6)]
    lid = [
        rect(-290, -210, 580, 430, "#ffffff", r=30, opacity=0.08),
        path("M-250,-190 L-90,-190 L-230,190 L-270,190 Z", "#ffffff", opacity=0.2),
        path("M-40,-190 L10,-190 L-130,190 L-180,190 Z", "#ffffff", opacity=0.12),
    ]
    latches = [
        rect(x, 196, 96, 46, pen.shade(light(palette.accent), palette.accent, dark(palette.accent)), r=12)
        + rect(x + 22, 212, 52, 8, dark(palette.accent, 0.4), r=4)
        for x in (-210, 114)
    ]
    hinges = [rect(x, -226, 110, 22, dark(palette.main, 0.4), r=9) for x in (-220, 110)]
    return group(*hinges, case, *cells, *lid, *latches, turn=-7)


def _cell(pen: Pen, palette: Palette, at: int) -> str:
    x, y = -262 + (at % 2) * 268, -182 + (at // 2) * 126
    shapes = (lures.SQUARE_BILL, lures.JERKBAIT, lures.LIPLESS, lures.WALKER, lures.DEEP_DIVER, lures.POPPER)
    floor = rect(x, y, 256, 114, pen.shade("#f6f3ea", "#dfe4df"), r=12)
    shadow = rect(x, y, 256, 12, "#0b1a18", r=6, opacity=0.1)
    lure = group(lures.hard_bait(pen, BRIGHT[at], shapes[at]), at=(x + 134, y + 52), scale=0.36)
    return floor + shadow + lure


def tackle_box(pen: Pen, palette: Palette) -> str:
    """A hard box standing open, its trays stepped up."""
    shell = pen.shade(light(palette.main, 0.25), palette.main, dark(palette.main, 0.4))
    trays = [
        rect(-270 + 26 * step, -60 - 82 * step, 540 - 52 * step, 64, pen.shade("#f3eee1", "#cfcab9"), r=10)
        + "".join(
            _small(pen, at + 3 * step, -176 + 26 * step + at * (176 - 14 * step), -34 - 82 * step)
            for at in range(3)
        )
        + rect(
            -270 + 26 * step,
            -32 - 82 * step,
            540 - 52 * step,
            44,
            pen.shade(light(palette.main, 0.4), palette.main),
            r=10,
            opacity=0.93,
        )
        for step in (1, 0)
    ]
    arms = stroke("M-262,40 L-232,-190 M262,40 L232,-190", STEEL[1], 13)
    lid = path(
        "M-262,-176 L-290,-286 Q-293,-300 -276,-300 H276 Q293,-300 290,-286 L262,-176 Z",
        dark(palette.main, 0.35),
    )
    lid += path("M-240,-192 L-262,-280 H262 L240,-192 Z", dark(palette.main, 0.55))
    base = rect(-300, 4, 600, 216, shell, r=24) + rect(-300, 4, 600, 26, light(palette.main, 0.35), r=13)
    latches = [
        rect(x, -4, 62, 78, pen.shade(*STEEL), r=12) + rect(x + 16, 34, 30, 10, "#5b6668", r=5)
        for x in (-190, 128)
    ]
    badge = rect(-92, 96, 184, 66, palette.accent, r=14) + stroke(
        "M-62,132 q16,-22 31,0 t31,0 t31,0 t31,0", "#ffffff", 8
    )
    feet = [rect(x, 214, 90, 18, dark(palette.main, 0.6), r=8) for x in (-250, 160)]
    return group(lid, arms, *trays, *feet, base, *latches, badge, at=(0, 36))


def _small(pen: Pen, at: int, x: float, y: float) -> str:
    shapes = (lures.SQUARE_BILL, lures.LIPLESS, lures.POPPER)
    return group(lures.body(pen, BRIGHT[at % 6], shapes[at % 3]), at=(x, y), scale=0.26, turn=-6)


def backpack(pen: Pen, palette: Palette) -> str:
    cloth = pen.shade(light(palette.main, 0.22), palette.main, dark(palette.main, 0.3))
    pocket = pen.shade(light(palette.main, 0.12), dark(palette.main, 0.2))
    buckles = [
        rect(x, 4, 34, 92, dark(palette.main, 0.5), r=6) + rect(x - 6, 54, 46, 34, pen.shade(*STEEL), r=8)
        for x in (-112, 78)
    ]
    return group(
        stroke("M-70,-236 C-66,-300 66,-300 70,-236", dark(palette.main, 0.5), 22),
        path(
            "M-200,250 C-236,60 -216,-240 -120,-244 H120 C216,-240 236,60 200,250 "
            "Q196,276 160,276 H-160 Q-196,276 -200,250 Z",
            cloth,
        ),
        path(
            "M-196,-90 C-186,-200 -150,-244 -110,-244 H110 C150,-244 "
            "186,-200 196,-90 C120,-56 -120,-56 -196,-90 Z",
            dark(palette.main, 0.12),
        ),
        stroke("M-190,-88 C-118,-56 118,-56 190,-88", palette.accent, 7),
        rect(-164, 10, 328, 216, pocket, r=30),
        stroke("M-150,62 H150", dark(palette.main, 0.6), 6, stroke_dasharray="9 8"),
        rect(-214, 60, 40, 150, dark(palette.main, 0.25), r=16),
        rect(174, 60, 40, 150, dark(palette.main, 0.25), r=16),
        *buckles,
        rect(-58, 122, 116, 58, palette.accent, r=10),
        stroke("M-38,154 q10,-16 19,0 t19,0 t19,0 t19,0", "#ffffff", 6),
        stroke("M-160,-190 C-176,-100 -190,40 -176,200", "#ffffff", 9, stroke_opacity=0.2),
        stroke("M186,-160 L246,-250 M186,210 V-120", "#5b6668", 7),
        at=(0, 8),
    )


def rod_tube(pen: Pen, palette: Palette) -> str:
    body = pen.shade(light(palette.main, 0.4), palette.main, dark(palette.main, 0.55))
    end = pen.shade(light(palette.accent, 0.3), palette.accent, dark(palette.accent, 0.45))
    straps = [rect(x, -46, 26, 92, dark(palette.main, 0.6), r=5) for x in (-130, 110)]
    return "".join(
        group(
            stroke("M-118,-44 C-80,-124 80,-124 122,-44", dark(palette.main, 0.6), 16) if first else "",
            rect(-330, -42, 640, 84, body, r=20),
            rect(-350, -48, 84, 96, end, r=20),
            rect(260, -48, 84, 96, end, r=20),
            *straps,
            rect(-300, -28, 580, 9, "#ffffff", r=4, opacity=0.25),
            at=place,
            turn=-24,
        )
        for place, first in (((-20, -96), True), ((24, 66), False))
    )


def lure_wrap(pen: Pen, palette: Palette) -> str:
    """A roll of pockets, laid open."""
    cloth = pen.shade(light(palette.main, 0.15), dark(palette.main, 0.2))
    pockets = [
        rect(-250 + 128 * at, -170, 116, 320, "#eef3f0", r=12, opacity=0.9)
        + group(
            lures.hard_bait(
                pen, BRIGHT[at + 1], (lures.JERKBAIT, lures.WALKER, lures.TROUT, lures.JERKBAIT)[at]
            ),
            at=(-192 + 128 * at, -8),
            turn=-82,
            scale=0.42,
        )
        + rect(-250 + 128 * at, 66, 116, 84, palette.main, r=10, opacity=0.55)
        for at in range(4)
    ]
    ties = stroke("M290,-40 C350,-70 330,20 380,-10 M290,40 C340,60 330,110 370,120", palette.accent, 13)
    edge = rect(
        -284, -220, 574, 440, "none", r=28, stroke=palette.accent, stroke_width=6, stroke_dasharray="16 11"
    )
    rivets = [circle(x, y, 9, pen.glow(*STEEL)) for x in (-262, 268) for y in (-198, 198)]
    return group(ties, rect(-300, -236, 606, 472, cloth, r=34), *pockets, edge, *rivets, turn=-5, scale=0.94)
