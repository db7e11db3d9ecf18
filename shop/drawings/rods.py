"""Rods: the handle near, the blank running out of the picture, and the whole rod small behind it."""

from shop.drawings.palette import CORK, RUBBER, STEEL, WIRE, Palette
from shop.drawings.svg import Pen, circle, dark, ellipse, group, light, path, rect, stroke

SLANT = -41

Material = tuple[str, str, str]
Span = tuple[float, float]


def casting_rod(pen: Pen, palette: Palette) -> str:
    """Guides above, a trigger under the reel seat."""
    trigger = path("M-150,14 C-150,44 -130,62 -112,66 C-118,44 -112,28 -96,16 Z", dark(palette.main))
    return _both(pen, palette, grip=RUBBER, rear=(-452, -270), side=-1, rings=(17, 14, 12), extra=trigger)


def spinning_rod(pen: Pen, palette: Palette) -> str:
    """Guides below, the first one wide."""
    return _both(pen, palette, grip=CORK, rear=(-440, -262), side=1, rings=(36, 24, 16), extra="")


def fly_rod(pen: Pen, palette: Palette) -> str:
    """A cork grip in front of the reel seat, small snake guides."""
    fore = _grip(pen, CORK, -150, 60, 40)
    return _both(pen, palette, grip=RUBBER, rear=(-300, -276), side=1, rings=(12, 9, 8), extra=fore)


def surf_rod(pen: Pen, palette: Palette) -> str:
    """A spinning rod with a long rubber grip, leaning the other way."""
    whole = _both(pen, palette, grip=RUBBER, rear=(-470, -240), side=1, rings=(40, 30, 20), extra="")
    return group(whole, transform="scale(-1 1)")


def ultralight_rod(pen: Pen, palette: Palette) -> str:
    """Short and slim: the picture holds all of the handle."""
    near = _blank(pen, palette) + _guides(pen, palette, side=1, rings=(24, 17, 12))
    near += _handle(pen, palette, CORK, (-360, -250))
    return group(near, at=(-40, 60), turn=-58, scale=0.98) + group(_far(palette, 1), at=(120, 60), turn=-58)


def ice_rods(pen: Pen, palette: Palette) -> str:
    """Two whole rods, as short as they are."""
    places = ((-40, -90), (40, 110))
    return "".join(group(_ice_rod(pen, palette), at=place, turn=-22) for place in places)


def _ice_rod(pen: Pen, palette: Palette) -> str:
    blank = path(
        "M-150,-7 L250,-3 L250,3 L-150,7 Z", pen.shade(light(palette.main, 0.35), dark(palette.main, 0.4))
    )
    rings = [
        ellipse(x, half + ring, ring * 0.5, ring, "none", stroke=STEEL[1], stroke_width=4)
        + _wrap(palette, x - 9, 18, half)
        for x, half, ring in ((-60, 7, 17), (60, 6, 13), (160, 5, 10))
    ]
    bobber = stroke("M250,0 q46,2 78,24", STEEL[2], 4) + circle(330, 26, 11, palette.accent)
    grip = _grip(pen, RUBBER, -330, -160, 40) + rect(-166, -15, 20, 30, palette.accent, r=5)
    seats = rect(-292, -24, 16, 48, "#59656a", r=5) + rect(-214, -24, 16, 48, "#59656a", r=5)
    return blank + "".join(rings) + bobber + grip + seats


def _both(
    pen: Pen, palette: Palette, *, grip: Material, rear: Span, side: int, rings: tuple[int, ...], extra: str
) -> str:
    near = (
        _blank(pen, palette)
        + _guides(pen, palette, side=side, rings=rings)
        + _handle(pen, palette, grip, rear)
        + extra
    )
    return group(_far(palette, side), at=(-118, -138), turn=SLANT) + group(
        near, at=(58, 66), turn=SLANT, scale=1.22
    )


def _blank(pen: Pen, palette: Palette) -> str:
    colours = light(palette.main, 0.35), palette.main, dark(palette.main, 0.5)
    blank = path("M-60,-11 L640,-4 L640,4 L-60,11 Z", pen.shade(*colours))
    shine = stroke("M-20,-5 L640,-1.6", "#ffffff", 1.6, stroke_opacity=0.45)
    return blank + shine


def _handle(pen: Pen, palette: Palette, grip: Material, rear: Span) -> str:
    start, end = rear
    seat = pen.shade(*STEEL) if grip is CORK else pen.shade("#5c6567", "#2f3739", "#14191a")
    parts = [
        _grip(pen, grip, start, end, 42),
        rect(start - 16, -22, 22, 44, pen.shade(light(palette.accent), dark(palette.accent)), r=8),
        rect(end - 4, -17, -92 - end, 34, seat, r=8),
        path(f"M{end + 20},-17 h118 l-10,-9 h-98 Z", dark(palette.main, 0.1)),
        rect(-136, -21, 46, 42, pen.shade(light(palette.main), palette.main, dark(palette.main)), r=7),
        *[stroke(f"M{x},-18 V18", dark(palette.main, 0.5), 1.5) for x in range(-130, -94, 6)],
        _grip(pen, grip, -92, -22, 34),
        rect(-24, -14, 16, 28, pen.shade(light(palette.accent), palette.accent, dark(palette.accent)), r=3),
        _wrap(palette, -8, 56, 11),
        stroke("M26,12 q10,16 24,2", WIRE, 4),
    ]
    return "".join(parts)


def _grip(pen: Pen, material: Material, start: float, end: float, height: float) -> str:
    body = rect(start, -height / 2, end - start, height, pen.shade(*material), r=11)
    if material is not CORK:
        shine = rect(start + 10, -height / 2 + 5, end - start - 20, 4, "#ffffff", r=2, opacity=0.16)
        return body + shine
    seams = [
        stroke(f"M{x},{-height / 2 + 2} V{height / 2 - 2}", "#9c6f45", 1.6, stroke_opacity=0.55)
        for x in range(int(start) + 24, int(end) - 6, 24)
    ]
    flecks = [
        ellipse(x, ((x * 7) % 28) - 14, 3.4, 1.5, "#7d5433", opacity=0.55)
        for x in range(int(start) + 12, int(end) - 8, 13)
    ]
    return body + "".join(seams + flecks)


def _wrap(palette: Palette, x: float, width: float, half: float) -> str:
    body = rect(x, -half, width, 2 * half, palette.accent, r=2, opacity=0.95)
    rings = rect(x, -half, 5, 2 * half, palette.detail) + rect(
        x + width - 5, -half, 5, 2 * half, palette.detail
    )
    return body + rings + rect(x, -half + 2, width, 3, "#ffffff", opacity=0.35)


def _guides(pen: Pen, palette: Palette, *, side: int, rings: tuple[int, ...]) -> str:
    parts = []
    for x, ring in zip((150, 320, 455), rings, strict=True):
        half = 10 - x / 110
        top = side * (half + ring + 8)
        parts += [
            stroke(f"M{x - 26},{side * half} L{x},{top} L{x + 30},{side * half}", "#59656a", 4.5),
            ellipse(x, top, ring * 0.55, ring, "none", stroke=pen.shade(*STEEL), stroke_width=6),
            ellipse(x, top, ring * 0.55 - 3, ring - 3, "none", stroke="#2f5963", stroke_width=2.5),
            _wrap(palette, x - 46, 26, half),
            _wrap(palette, x + 22, 26, half),
        ]
    return "".join(parts)


def _far(palette: Palette, side: int) -> str:
    """The whole rod, thin and pale, so that its length is seen."""
    rings = [
        circle(x, side * (8 + 30 / (3 + at)), 20 / (3 + at), "none", stroke="#59656a", stroke_width=2)
        for at, x in enumerate(range(-150, 520, 95))
    ]
    blank = path("M-330,-4 L560,-1 L560,1 L-330,4 Z", palette.main)
    handle = rect(-420, -8, 100, 16, "#3a4243", r=7) + rect(-318, -6, 40, 12, palette.accent, r=3)
    return group(blank, handle, *rings, opacity=0.5)
