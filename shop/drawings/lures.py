"""Hard baits and swimbaits: a body through a few points, a pattern clipped to it, hooks and a bill."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from shop.drawings import patterns
from shop.drawings.palette import HOOK, STEEL, WIRE, Palette
from shop.drawings.svg import Pen, Point, circle, dark, ellipse, group, light, path, smooth, stroke


@dataclass(frozen=True, slots=True)
class Shape:
    """One body: nose to the left."""

    outline: Sequence[Point]
    eye: Point
    eye_size: float
    hooks: Sequence[Point]
    bill: str = ""
    tail: str = ""


def points(text: str) -> list[Point]:
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


SQUARE_BILL = Shape(
    points("-210,-10 -170,-82 -60,-122 70,-96 180,-36 226,-4 180,26 60,84 -70,104 -170,66"),
    (-142, -30),
    25,
    [(-70, 106), (170, 36)],
    bill="M-196,26 L-306,74 L-288,134 L-150,86 Z",
)
DEEP_DIVER = Shape(
    points("-206,-6 -160,-72 -50,-104 80,-78 180,-28 236,0 180,24 60,70 -70,88 -166,56"),
    (-140, -24),
    23,
    [(-40, 90), (176, 32)],
    bill="M-190,22 C-270,60 -350,104 -372,158 C-352,196 -306,190 -278,168 C-230,130 -190,104 -150,76 Z",
)
LIPLESS = Shape(
    points("-236,22 -196,-60 -110,-128 0,-120 120,-66 226,-2 170,42 40,84 -110,92 -206,72"),
    (-168, -8),
    24,
    [(-90, 94), (186, 44)],
)
JERKBAIT = Shape(
    points("-300,2 -250,-44 -120,-60 60,-54 220,-26 312,0 220,24 60,48 -120,52 -250,38"),
    (-246, -8),
    19,
    [(-170, 52), (20, 52), (290, 12)],
    bill="M-288,18 L-348,62 C-340,84 -316,88 -300,78 L-256,40 Z",
)
POPPER = Shape(
    points("-214,-68 -120,-76 20,-56 140,-26 224,2 140,32 20,62 -120,80 -214,72 -190,0"),
    (-140, -20),
    25,
    [(-70, 80), (216, 8)],
    tail="feather",
)
WALKER = Shape(
    points("-300,4 -262,-44 -120,-62 60,-60 220,-36 300,4 220,40 60,64 -120,64 -262,46"),
    (-246, -8),
    20,
    [(-150, 64), (230, 44)],
)
SHAD = Shape(
    points("-290,8 -240,-62 -120,-116 20,-110 150,-58 236,-22 262,0 236,22 150,52 20,96 -120,106 -244,72"),
    (-226, -14),
    24,
    [(-110, 106), (110, 70)],
    tail="fork",
)
TROUT = Shape(
    points("-310,6 -262,-48 -130,-82 30,-78 180,-40 262,-20 280,2 262,22 180,38 30,68 -130,76 -264,52"),
    (-254, -10),
    18,
    [(-140, 76), (90, 58)],
    tail="fork",
)


def hard_bait(pen: Pen, palette: Palette, shape: Shape) -> str:
    bill = path(
        shape.bill,
        pen.shade("#ffffff", "#cfe3e4", "#9fbcc0"),
        fill_opacity=0.82,
        stroke="#7f9a9e",
        stroke_width=3,
    )
    hooks = [treble(pen, point) for point in shape.hooks]
    nose = shape.outline[0]
    loop = circle(nose[0] - 12, nose[1] - 2, 10, "none", stroke=WIRE, stroke_width=5)
    return (
        _tail(pen, palette, shape)
        + "".join(hooks)
        + (bill if shape.bill else "")
        + loop
        + body(pen, palette, shape)
    )


def jointed(pen: Pen, palette: Palette, shape: Shape, cuts: Sequence[float]) -> str:
    """The same body in pieces that swing: each is clipped from the whole and turned a little."""
    edges = [-420, *cuts, 420]
    pieces = []
    for at, (left, right) in enumerate(pairwise(edges)):
        window = path(
            f"M{left + 6},-240 H{right - 6} L{right - 14},0 L{right - 6},240 H{left + 6} L{left - 2},0 Z",
            "#000",
        )
        whole = _tail(pen, palette, shape) + body(pen, palette, shape) + _fins(palette, shape)
        turn = (-1.5, 1.5, -1.5, 2)[at % 4]
        pieces.append(group(group(whole, clip_path=pen.clip(window)), turn=turn))
    pins = [circle(x, 4, 9, pen.glow(*STEEL)) for x in cuts]
    return "".join(treble(pen, point) for point in shape.hooks) + "".join(pins + pieces)


def body(pen: Pen, palette: Palette, shape: Shape) -> str:
    outline = smooth(shape.outline)
    skin = pen.shade(
        dark(palette.main, 0.45),
        palette.main,
        light(palette.main, 0.25),
        palette.detail,
        light(palette.detail, 0.5),
    )
    x, y = shape.eye
    inside = [
        path(outline, skin),
        patterns.draw(palette),
        path(
            f"M{x + 62},-140 C{x + 34},-60 {x + 40},30 {x + 74},130 L{x - 300},130 V-140 Z",
            dark(palette.main, 0.2),
            opacity=0.22,
        ),
        stroke(
            f"M{x + 62},-120 C{x + 36},-50 {x + 42},30 {x + 74},110",
            dark(palette.main, 0.6),
            4,
            stroke_opacity=0.45,
        ),
        group(stroke(outline, "#0b1a18", 16, stroke_opacity=0.12)),
        stroke(
            smooth([(px + 14, py * 0.62) for px, py in shape.outline if py < -12], closed=False),
            "#ffffff",
            12,
            stroke_opacity=0.38,
        ),
    ]
    return group(*inside, clip_path=pen.clip(path(outline, "#000"))) + eye(pen, x, y, shape.eye_size, palette)


def eye(pen: Pen, x: float, y: float, size: float, palette: Palette) -> str:
    return "".join(
        [
            circle(x, y, size, "#101c1c"),
            circle(x, y, size * 0.86, pen.glow("#fff6c9", "#e8bd3a", dark(palette.accent, 0.2))),
            circle(x, y, size * 0.46, "#0a1213"),
            circle(x - size * 0.3, y - size * 0.32, size * 0.2, "#ffffff"),
        ]
    )


def treble(pen: Pen, at: Point, scale: float = 1.0) -> str:
    bends = [
        stroke("M0,34 V70 C0,106 -44,104 -46,66 l10,12", HOOK, 6.5),
        stroke("M0,34 V70 C0,106 44,104 46,66 l-10,12", HOOK, 6.5),
        stroke("M0,34 V92 C2,112 16,108 14,84", dark(HOOK), 5.5),
        stroke("M0,20 V66", pen.shade("#c9d2d3", HOOK), 6.5),
    ]
    rings = circle(0, 4, 10, "none", stroke=WIRE, stroke_width=4.5) + circle(
        0, 20, 7, "none", stroke=HOOK, stroke_width=4.5
    )
    return group(*bends, rings, at=at, scale=scale)


def _tail(pen: Pen, palette: Palette, shape: Shape) -> str:
    x = shape.outline[len(shape.outline) // 2][0]
    if shape.tail == "fork":
        fin = smooth(
            [
                (x - 40, -10),
                (x + 30, -52),
                (x + 98, -92),
                (x + 70, 0),
                (x + 98, 92),
                (x + 30, 52),
                (x - 40, 14),
            ]
        )
        rays = [
            stroke(f"M{x - 6},0 L{x + 78},{y}", dark(palette.main, 0.4), 2.5, stroke_opacity=0.5)
            for y in (-66, -36, 36, 66)
        ]
        return path(
            fin, pen.shade(light(palette.main, 0.1), dark(palette.main, 0.25), across=True)
        ) + "".join(rays)
    if shape.tail == "feather":
        colours = (palette.detail, palette.accent, light(palette.detail, 0.4), palette.accent, palette.detail)
        return "".join(
            path(
                f"M{x - 20},4 C{x + 40},{4 + spread} {x + 100},{12 + spread * 2} "
                f"{x + 140},{10 + spread * 2.6} C{x + 90},{26 + spread * 2} "
                f"{x + 40},{22 + spread} {x - 20},10 Z",
                colour,
                opacity=0.92,
            )
            for spread, colour in zip((-26, -13, 0, 13, 26), colours, strict=True)
        )
    return ""


def _fins(palette: Palette, shape: Shape) -> str:
    back = path(
        "M-30,-92 C0,-146 54,-150 80,-132 C70,-112 66,-96 70,-74 Z", dark(palette.main, 0.3), opacity=0.9
    )
    side = ellipse(-96, 36, 44, 15, dark(palette.main, 0.25), opacity=0.65, transform="rotate(24 -96 36)")
    return back + side
