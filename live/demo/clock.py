"""The clock in the picture: seven-segment digits as raw RGB frames.

Drawn here because ffmpeg's own text needs fonts, which a fresh machine may not have. It shows
the program's clock (UTC), so one sees that the video plays, and how far behind it is.
"""

from datetime import datetime

WIDTH, HEIGHT = 184, 48
# RGB: the panel, a lit segment, and an unlit one.
PANEL, LIT, UNLIT = b"\x06\x1c\x1e", b"\xff\xb3\x5c", b"\x12\x2d\x2f"

_TALL, _WIDE, _THICK = 30, 16, 3
_HALF = _TALL // 2
# Segments a to g: left, top, right, bottom.
_SEGMENTS = {
    "a": (_THICK, 0, _WIDE - _THICK, _THICK),
    "b": (_WIDE - _THICK, _THICK, _WIDE, _HALF),
    "c": (_WIDE - _THICK, _HALF, _WIDE, _TALL - _THICK),
    "d": (_THICK, _TALL - _THICK, _WIDE - _THICK, _TALL),
    "e": (0, _HALF, _THICK, _TALL - _THICK),
    "f": (0, _THICK, _THICK, _HALF),
    "g": (_THICK, _HALF - 1, _WIDE - _THICK, _HALF + 2),
}
_DIGITS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
_DOTS = ((0, 9, 4, 13), (0, 18, 4, 22))


def draw(at: datetime) -> bytes:
    """One frame, WIDTH × HEIGHT, three bytes a pixel."""
    rows = [bytearray(PANEL * WIDTH) for _ in range(HEIGHT)]
    left, top = 14, (HEIGHT - _TALL) // 2
    for character in f"{at:%H:%M:%S}":
        if character == ":":
            for dot in _DOTS:
                _fill(rows, dot, left, top, LIT)
            left += 12
        else:
            for name, segment in _SEGMENTS.items():
                _fill(rows, segment, left, top, LIT if name in _DIGITS[int(character)] else UNLIT)
            left += _WIDE + 7
    return b"".join(rows)


def _fill(rows: list[bytearray], box: tuple[int, int, int, int], left: int, top: int, colour: bytes) -> None:
    x, y, right, bottom = box
    for row in rows[top + y : top + bottom]:
        row[3 * (left + x) : 3 * (left + right)] = colour * (right - x)
