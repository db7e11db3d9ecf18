"""Soft baits: bands of soft plastic with flecks in it, several from one bag side by side."""

import random
from collections.abc import Callable, Sequence

from shop.drawings import lures
from shop.drawings.palette import HOOK, Palette
from shop.drawings.svg import Pen, Point, circle, dark, ellipse, group, light, path, ribbon, smooth, stroke


def stick_worm(pen: Pen, palette: Palette) -> str:
    return _three(pen, palette, _worm, gap=112, turn=-14)


def curl_worm(pen: Pen, palette: Palette) -> str:
    return _three(pen, palette, _curl, gap=132, turn=-10)


def grub(pen: Pen, palette: Palette) -> str:
    return _three(pen, palette, _grub, gap=158, turn=-12)


def craw(pen: Pen, palette: Palette) -> str:
    return group(_craw(pen, palette), at=(-30, -104), turn=-10, scale=0.94) + group(
        _craw(pen, palette), at=(46, 124), turn=8, scale=0.94
    )


def tube(pen: Pen, palette: Palette) -> str:
    return _three(pen, palette, _tube, gap=146, turn=-12)


def paddletail(pen: Pen, palette: Palette) -> str:
    return _three(pen, palette, _paddle, gap=160, turn=-9)


def frog(pen: Pen, palette: Palette) -> str:
    trunk = "-170,6 -130,-70 -30,-108 80,-90 140,-24 140,34 60,78 -60,84 -146,58"
    skin = pen.shade(light(palette.main, 0.1), palette.main, palette.detail)
    warts = ((-40, -70, 13), (10, -44, 18), (64, -60, 11), (50, -10, 14), (-10, -2, 9), (100, -26, 9))
    return group(
        *_skirt(palette),
        stroke("M70,60 C120,120 190,90 176,20 l-14,18", HOOK, 9),
        path(smooth(lures.points(trunk)), skin),
        *[circle(x, y, r, dark(palette.main, 0.55), opacity=0.6) for x, y, r in warts],
        stroke("M-150,40 C-110,30 -80,34 -50,52", dark(palette.main, 0.6), 5, stroke_opacity=0.6),
        stroke("M-120,-50 C-70,-92 20,-98 70,-80", "#ffffff", 11, stroke_opacity=0.4),
        lures.eye(pen, -112, -26, 26, palette),
        at=(-20, 0),
        scale=1.12,
    )


def _skirt(palette: Palette) -> list[str]:
    """The strands that trail behind a frog, in two colours."""
    return [
        path(
            f"M120,{y} C180,{y - 26} 230,{y + tip} 306,{y + tip * 1.6} "
            f"C240,{y + tip + 12} 186,{y + 4} 120,{y + 16} Z",
            palette.detail if at % 2 else palette.accent,
            opacity=0.9,
        )
        for at, (y, tip) in enumerate(((0, -30), (6, -12), (12, 8), (18, 30), (24, 52)))
    ]


def _three(pen: Pen, palette: Palette, one: Callable[[Pen, Palette], str], *, gap: float, turn: float) -> str:
    places = ((-24, -gap), (20, 0), (-10, gap))
    return "".join(group(one(pen, palette), at=place, turn=turn) for place in places)


def _band(
    pen: Pen, palette: Palette, points: Sequence[Point], widths: Sequence[float], ribs: Sequence[float] = ()
) -> str:
    outline = ribbon(points, widths)
    skin = pen.shade(light(palette.main, 0.22), palette.main, dark(palette.main, 0.35))
    rings = [stroke(f"M{x},-60 q10,60 0,120", dark(palette.main, 0.55), 3, stroke_opacity=0.4) for x in ribs]
    shine = [(x, y - width * 0.2) for (x, y), width in zip(points, widths, strict=True)][1:-1]
    inside = [
        path(outline, skin),
        *rings,
        _flecks(palette),
        stroke(smooth(shine, closed=False), "#ffffff", 5, stroke_opacity=0.42),
    ]
    return group(*inside, clip_path=pen.clip(path(outline, "#000")))


def _flecks(palette: Palette) -> str:
    dice = random.Random(palette.accent)
    return "".join(
        circle(
            dice.uniform(-320, 330),
            dice.uniform(-70, 70),
            dice.uniform(1.6, 3.4),
            palette.accent,
            opacity=0.85,
        )
        for _ in range(110)
    )


def _worm(pen: Pen, palette: Palette) -> str:
    points = [(-310, 8), (-290, 4), (-180, -14), (-60, -4), (60, 14), (180, 6), (280, -12), (310, -16)]
    return _band(pen, palette, points, [6, 30, 40, 42, 42, 38, 28, 8], range(-290, 300, 15))


def _curl(pen: Pen, palette: Palette) -> str:
    points = [
        (-310, 20),
        (-286, 14),
        (-170, -10),
        (-50, -4),
        (70, 22),
        (160, 18),
        (224, -16),
        (276, -40),
        (308, -6),
        (284, 34),
        (250, 24),
    ]
    return _band(pen, palette, points, [6, 30, 40, 40, 34, 26, 26, 30, 30, 22, 4], range(-290, 120, 16))


def _grub(pen: Pen, palette: Palette) -> str:
    points = [
        (-250, 4),
        (-226, 2),
        (-140, -6),
        (-40, -2),
        (40, 10),
        (120, 8),
        (196, -34),
        (256, -26),
        (262, 26),
        (216, 40),
    ]
    return _band(pen, palette, points, [18, 54, 62, 60, 38, 26, 44, 52, 36, 4], range(-220, 40, 17))


def _tube(pen: Pen, palette: Palette) -> str:
    strands = [
        path(
            ribbon([(40, y * 0.5), (140, y), (230, y * 1.5 + wave), (300, y * 1.9 - wave)], [14, 12, 10, 3]),
            shade,
        )
        for y, wave, shade in (
            (-26, -8, dark(palette.main, 0.2)),
            (-13, 8, palette.main),
            (0, -8, palette.accent),
            (13, 8, palette.main),
            (26, -6, dark(palette.main, 0.2)),
        )
    ]
    hull = _band(pen, palette, [(-250, 0), (-236, 0), (-140, 0), (-20, 0), (70, 0)], [20, 48, 66, 66, 58])
    return "".join(strands) + hull


def _paddle(pen: Pen, palette: Palette) -> str:
    points = [(-280, 6), (-262, 4), (-170, -8), (-50, -8), (80, 4), (170, 8), (222, 6)]
    tail = ellipse(
        244,
        10,
        26,
        54,
        pen.shade(light(palette.main, 0.2), dark(palette.main, 0.3)),
        transform="rotate(16 244 10)",
    )
    belly = path(
        smooth([(-262, 12), (-150, 20), (-20, 22), (80, 16), (-20, 40), (-160, 42)]),
        palette.detail,
        opacity=0.7,
    )
    trunk = _band(pen, palette, points, [10, 46, 82, 84, 48, 24, 18], range(-120, 190, 20))
    return tail + trunk + belly + lures.eye(pen, -228, -2, 13, palette)


def _craw(pen: Pen, palette: Palette) -> str:
    parts = []
    for side in (-1, 1):
        arm = [(70, 20 * side), (130, 62 * side), (190, 66 * side)]
        claw = smooth(
            [
                (180, 52 * side),
                (230, 40 * side),
                (300, 52 * side),
                (262, 66 * side),
                (312, 88 * side),
                (236, 104 * side),
                (184, 84 * side),
            ]
        )
        parts += [
            path(ribbon(arm, [18, 16, 20]), palette.main),
            path(claw, pen.shade(light(palette.main, 0.2), dark(palette.main, 0.3))),
            *[
                path(
                    ribbon([(x, 18 * side), (x + 26, 54 * side), (x + 10, 82 * side)], [9, 8, 2]),
                    dark(palette.main, 0.2),
                )
                for x in (-20, 20, 56)
            ],
            stroke(
                f"M96,{8 * side} C180,{10 * side} 240,{-4 * side} 300,{18 * side}",
                dark(palette.accent, 0.1),
                3.5,
            ),
        ]
    points = [(-280, 0), (-262, 0), (-170, 0), (-60, 0), (50, 0), (110, 0), (130, 0)]
    return "".join(parts) + _band(pen, palette, points, [60, 66, 44, 52, 64, 42, 8], range(-250, 40, 22))
