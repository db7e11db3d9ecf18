"""The pen: shapes as SVG text, smooth curves through points, and colours mixed from colours."""

import math
from collections.abc import Callable, Sequence

Point = tuple[float, float]


class Pen:
    """Draws elements, and keeps the gradients and clips that they refer to."""

    def __init__(self) -> None:
        self._definitions: dict[str, str] = {}

    def definitions(self) -> str:
        return element("defs", *self._definitions.values())

    def shade(self, *colours: str, across: bool = False) -> str:
        """A paint that runs through these colours, top to bottom, or left to right."""
        return self._gradient("linearGradient", colours, {"x2": 1, "y2": 0} if across else {"x2": 0, "y2": 1})

    def glow(self, *colours: str) -> str:
        """A paint that runs through these colours, from the upper left of the middle outwards."""
        return self._gradient("radialGradient", colours, {"cx": 0.4, "cy": 0.35, "r": 0.75})

    def clip(self, shape: str) -> str:
        name = f"c{len(self._definitions)}"
        return f"url(#{self._define(shape, lambda: element('clipPath', shape, id=name), name)})"

    def _gradient(self, tag: str, colours: Sequence[str], attributes: dict[str, float]) -> str:
        name = f"g{len(self._definitions)}"
        last = max(len(colours) - 1, 1)
        stops = [element("stop", offset=at / last, stop_color=colour) for at, colour in enumerate(colours)]
        key = f"{tag}{attributes}{colours}"
        return f"url(#{self._define(key, lambda: element(tag, *stops, id=name, **attributes), name)})"

    def _define(self, key: str, make: Callable[[], str], name: str) -> str:
        if key not in self._definitions:
            self._definitions[key] = make()
            return name
        found = self._definitions[key]
        return found.split('id="', 1)[1].split('"', 1)[0]


def document(pen: Pen, width: int, height: int, *parts: str) -> str:
    size = {"width": width, "height": height, "viewBox": f"0 0 {width} {height}"}
    return element("svg", pen.definitions(), *parts, xmlns="http://www.w3.org/2000/svg", **size)


def element(tag: str, *children: str, **attributes: object) -> str:
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_text(value)}"' for name, value in attributes.items()
    )
    return f"<{tag}{written}>{''.join(children)}</{tag}>" if children else f"<{tag}{written}/>"


def group(*children: str, at: Point = (0, 0), turn: float = 0, scale: float = 1, **attributes: object) -> str:
    """These elements, moved, turned (degrees, clockwise) and scaled, in this order."""
    moves = f"translate({_text(at[0])} {_text(at[1])})" if at != (0, 0) else ""
    moves += f" rotate({_text(turn)})" if turn else ""
    moves += f" scale({_text(scale)})" if scale != 1 else ""
    return element("g", *children, **({"transform": moves.strip()} if moves else {}), **attributes)


def path(d: str, fill: str = "none", **attributes: object) -> str:
    return element("path", d=d, fill=fill, **attributes)


def stroke(d: str, colour: str, width: float, **attributes: object) -> str:
    more = {"stroke_linecap": "round", "stroke_linejoin": "round"} | attributes
    return element("path", d=d, fill="none", stroke=colour, stroke_width=width, **more)


def circle(x: float, y: float, r: float, fill: str, **attributes: object) -> str:
    return element("circle", cx=x, cy=y, r=r, fill=fill, **attributes)


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, **attributes: object) -> str:
    return element("ellipse", cx=x, cy=y, rx=rx, ry=ry, fill=fill, **attributes)


def rect(
    x: float, y: float, width: float, height: float, fill: str, r: float = 0, **attributes: object
) -> str:
    return element("rect", x=x, y=y, width=width, height=height, rx=r, fill=fill, **attributes)


def smooth(points: Sequence[Point], *, closed: bool = True) -> str:
    """A curve through all points (Catmull-Rom, written as cubic Béziers)."""
    around = list(points)
    before = [around[-1], *around[:-1]] if closed else [around[0], *around[:-1]]
    after = around[1:] + (around[:1] if closed else around[-1:])
    beyond = after[1:] + after[:1] if closed else [*after[1:], after[-1]]
    d = f"M{_pair(around[0])}"
    steps = list(zip(before, around, after, beyond, strict=True))
    for p0, p1, p2, p3 in steps if closed else steps[:-1]:
        first = (p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6)
        second = (p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6)
        d += f"C{_pair(first)} {_pair(second)} {_pair(p2)}"
    return d + ("Z" if closed else "")


def ribbon(points: Sequence[Point], widths: Sequence[float]) -> str:
    """The outline of a band along these points, as wide as `widths` at each."""
    left, right = [], []
    for at, ((x, y), width) in enumerate(zip(points, widths, strict=True)):
        back, ahead = points[max(at - 1, 0)], points[min(at + 1, len(points) - 1)]
        angle = math.atan2(ahead[1] - back[1], ahead[0] - back[0])
        dx, dy = -math.sin(angle) * width / 2, math.cos(angle) * width / 2
        left.append((x + dx, y + dy))
        right.append((x - dx, y - dy))
    return smooth(left + right[::-1])


def mix(colour: str, other: str, share: float) -> str:
    """`share` of the other colour in this one; both as #rrggbb."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def light(colour: str, share: float = 0.3) -> str:
    return mix(colour, "#ffffff", share)


def dark(colour: str, share: float = 0.3) -> str:
    return mix(colour, "#0b1a18", share)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _pair(point: Point) -> str:
    return f"{_text(point[0])},{_text(point[1])}"


def _text(value: object) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
