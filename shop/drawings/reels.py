"""Reels: spinning, low-profile baitcasting, round, and fly."""

import math

from shop.drawings.palette import RUBBER, STEEL, Palette
from shop.drawings.svg import Pen, circle, dark, ellipse, group, light, path, rect, smooth, stroke

DARK = ("#59636a", "#2c353a", "#151b1e")


def spinning_reel(pen: Pen, palette: Palette) -> str:
    metal = pen.shade(light(palette.main, 0.45), palette.main, dark(palette.main, 0.45))
    body = smooth([(8, -100), (95, -122), (165, -70), (178, 20), (130, 96), (30, 96), (-14, 50), (-18, -50)])
    parts = [
        rect(-92, -292, 236, 22, pen.shade(*DARK), r=11),
        path("M-8,-272 C6,-200 10,-160 26,-84 L112,-96 C84,-160 78,-220 76,-272 Z", metal),
        stroke("M20,-262 C30,-200 34,-160 46,-100", "#ffffff", 6, stroke_opacity=0.3),
        path(body, metal),
        stroke("M20,-86 C80,-112 140,-84 156,-20", "#ffffff", 7, stroke_opacity=0.35),
        circle(84, -10, 60, pen.glow(*DARK)),
        circle(84, -10, 60, "none", stroke=palette.accent, stroke_width=6),
        circle(84, -10, 34, pen.glow(*STEEL)),
        _rotor(pen, palette),
        _crank(pen, palette),
    ]
    return group(*parts, at=(52, 42), scale=1.02)


def _rotor(pen: Pen, palette: Palette) -> str:
    metal = pen.shade(light(palette.main, 0.35), dark(palette.main, 0.1), dark(palette.main, 0.6))
    line = pen.shade(light(palette.detail, 0.4), palette.detail, dark(palette.detail, 0.35))
    winds = [
        stroke(f"M{x},-84 V66", dark(palette.detail, 0.4), 1.2, stroke_opacity=0.5)
        for x in range(-236, -150, 7)
    ]
    return "".join(
        [
            stroke("M-222,-118 C-372,-138 -386,124 -222,106", pen.shade(*STEEL), 9),
            rect(-244, -88, 100, 158, line, r=8),
            *winds,
            rect(-272, -104, 30, 190, pen.shade(*STEEL), r=11),
            rect(-264, -104, 6, 190, palette.accent, opacity=0.9),
            rect(-318, -52, 48, 86, pen.shade(*DARK), r=14),
            *[stroke(f"M-316,{y} h34", "#0e1315", 3) for y in range(-38, 30, 13)],
            path("M-12,-92 L-122,-124 Q-150,-128 -150,-96 V78 Q-150,112 -122,106 L-12,78 Z", metal),
            rect(-246, -136, 130, 30, metal, r=13),
            rect(-246, 92, 130, 30, metal, r=13),
            circle(-232, -121, 17, pen.glow(*STEEL)),
            stroke("M-128,-100 V84", palette.accent, 5),
        ]
    )


def _crank(pen: Pen, palette: Palette) -> str:
    knob = rect(-36, -62, 72, 124, pen.shade(*RUBBER, across=True), r=30)
    ring = rect(-36, -8, 72, 12, palette.accent)
    shine = rect(-22, -46, 9, 88, "#ffffff", r=4, opacity=0.18)
    return (
        stroke("M84,-10 C130,40 170,90 196,150", pen.shade(*STEEL), 24)
        + circle(84, -10, 19, pen.glow(*STEEL))
        + circle(84, -10, 8, "#39444a")
        + group(knob, ring, shine, at=(212, 196), turn=-32)
    )


def baitcaster(pen: Pen, palette: Palette) -> str:
    shell = smooth(
        [(-246, 34), (-226, -60), (-130, -132), (0, -152), (128, -128), (216, -46), (232, 50), (180, 116),
         (30, 130), (-140, 126), (-224, 96)]
    )  # fmt: skip
    metal = pen.shade(light(palette.main, 0.4), palette.main, dark(palette.main, 0.5))
    parts = [
        rect(-150, 168, 300, 20, pen.shade(*DARK), r=10),
        path("M-76,110 H76 L52,172 H-52 Z", pen.shade(*DARK)),
        _spool(pen, palette),
        path(shell, metal),
        path(
            "M-246,34 C-228,-30 -180,-90 -120,-120 L-160,110 C-220,100 -244,70 -246,34 Z",
            dark(palette.main, 0.3),
            opacity=0.5,
        ),
        stroke("M-212,-52 C-150,-130 60,-160 150,-100", "#ffffff", 8, stroke_opacity=0.4),
        rect(-262, -12, 46, 30, pen.shade(*STEEL), r=8),
        circle(-240, 3, 7, "#2c353a"),
        circle(44, -4, 112, pen.glow(*DARK)),
        circle(44, -4, 112, "none", stroke=palette.accent, stroke_width=7),
        _star(pen, palette),
        _double_handle(pen, palette),
    ]
    return group(*parts, at=(6, -4), turn=-4, scale=1.1)


def _spool(pen: Pen, palette: Palette) -> str:
    line = pen.shade(light(palette.detail, 0.4), palette.detail, dark(palette.detail, 0.4))
    winds = [
        stroke(f"M{x},-172 V-110", dark(palette.detail, 0.4), 1.2, stroke_opacity=0.5)
        for x in range(-84, 70, 8)
    ]
    flanges = rect(-112, -190, 18, 90, pen.shade(*STEEL), r=8) + rect(
        76, -190, 18, 90, pen.shade(*STEEL), r=8
    )
    return rect(-98, -176, 178, 80, line, r=10) + "".join(winds) + flanges


def _star(pen: Pen, palette: Palette) -> str:
    points = []
    for at in range(12):
        reach, angle = (84 if at % 2 else 52), math.radians(30 * at + 12)
        points.append((44 + reach * math.cos(angle), -4 + reach * math.sin(angle)))
    return path(
        smooth(points), pen.glow(light(palette.accent, 0.35), palette.accent, dark(palette.accent, 0.4))
    )


def _double_handle(pen: Pen, palette: Palette) -> str:
    bar = smooth(
        [
            (-176, -18),
            (-60, -26),
            (0, -22),
            (60, -10),
            (178, -18),
            (180, 18),
            (60, 26),
            (0, 22),
            (-60, 10),
            (-174, 18),
        ]
    )
    knobs = [
        group(
            rect(-34, -50, 68, 100, pen.shade(*RUBBER, across=True), r=24),
            rect(-20, -36, 8, 72, "#ffffff", r=4, opacity=0.2),
            circle(0, 0, 13, palette.accent),
            at=(x, 0),
            turn=24,
        )
        for x in (-186, 186)
    ]
    middle = circle(0, 0, 26, pen.glow(*STEEL)) + circle(0, 0, 11, "#39444a")
    return group(path(bar, pen.shade(*STEEL)), *knobs, middle, at=(44, -4), turn=-24)


def round_reel(pen: Pen, palette: Palette) -> str:
    metal = pen.glow(light(palette.main, 0.5), palette.main, dark(palette.main, 0.5))
    line = pen.shade(light(palette.detail, 0.4), palette.detail, dark(palette.detail, 0.4))
    pillars = [rect(-150, y, 160, 20, pen.shade(*STEEL), r=8) for y in (-172, 152)]
    return group(
        rect(-170, 204, 300, 20, pen.shade(*DARK), r=10),
        path("M-110,150 H70 L44,208 H-84 Z", pen.shade(*STEEL)),
        circle(-136, 0, 184, pen.shade(*DARK)),
        rect(-136, -120, 150, 240, line),
        *[
            stroke(f"M{x},-118 V118", dark(palette.detail, 0.4), 1.3, stroke_opacity=0.5)
            for x in range(-126, 0, 8)
        ],
        *pillars,
        circle(40, 0, 190, pen.shade(*STEEL)),
        circle(40, 0, 168, metal),
        circle(40, 0, 168, "none", stroke=dark(palette.main, 0.4), stroke_width=4),
        circle(40, 0, 112, "none", stroke=palette.accent, stroke_width=5),
        *[
            circle(40 + 140 * math.cos(a), 140 * math.sin(a), 9, pen.glow(*STEEL))
            for a in (0.5, 2.1, 3.7, 5.3)
        ],
        group(_star(pen, palette), at=(-4, 4)),
        group(_double_handle(pen, palette), at=(-4, 4)),
        at=(30, -8),
    )


def fly_reel(pen: Pen, palette: Palette) -> str:
    metal = pen.glow(light(palette.main, 0.5), palette.main, dark(palette.main, 0.45))
    holes = [
        group(
            ellipse(0, -158, 17, 30, palette.detail),
            ellipse(0, -152, 13, 22, dark(palette.detail, 0.25)),
            turn=30 * at,
        )
        for at in range(12)
    ]
    spokes = [
        group(path("M-15,-104 L15,-104 L9,-44 L-9,-44 Z", dark(palette.main, 0.6)), turn=60 * at)
        for at in range(6)
    ]
    return group(
        rect(-130, -296, 260, 20, pen.shade(*DARK), r=10),
        path("M-40,-278 H40 L56,-200 H-56 Z", pen.shade(*STEEL)),
        circle(0, 0, 226, pen.shade(*DARK)),
        circle(0, 0, 210, metal),
        *holes,
        circle(0, 0, 118, "none", stroke=dark(palette.main, 0.35), stroke_width=5),
        *spokes,
        circle(0, 0, 44, pen.glow(*STEEL)),
        circle(0, 0, 22, palette.accent),
        stroke("M-150,-130 A198,198 0 0 1 40,-194", "#ffffff", 9, stroke_opacity=0.45),
        group(
            rect(-24, -30, 48, 74, pen.shade(*RUBBER, across=True), r=20),
            ellipse(0, -26, 24, 9, light(RUBBER[0], 0.25)),
            at=(116, 104),
        ),
        at=(0, 34),
    )
