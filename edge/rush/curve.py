"""A curve of demand: how many visitors come in each second. Pure."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

# Each is a task of one process, from its coming to its answer.
MOST_VISITORS = 1_000_000


class BadCurve(ValueError):
    """The file is no curve of demand. The message says which line is wrong, and how to write it."""


def read(lines: Iterable[str]) -> list[int]:
    """Visitors per second, from CSV with a head line, whose last column is a whole number."""
    rows = [row for row in csv.reader(lines) if row]
    counts = []
    for number, row in enumerate(rows[1:], start=2):
        if not row[-1].strip().isdecimal():
            raise BadCurve(
                f"line {number} says {row[-1]!r}: write a second and a whole number, as 20:00:03,7"
            )
        counts.append(int(row[-1]))
    if not sum(counts):
        raise BadCurve("nobody comes: write a head line, then a line for each second, as 20:00:03,7")
    return counts


def scaled(counts: Sequence[int], scale: float) -> list[int]:
    """Times `scale`, in whole visitors. Rounded as a running sum, so that the total is right too."""
    if not 0 < scale < float("inf"):
        raise BadCurve(f"the scale is {scale}: write a number above 0")
    total = round(sum(counts) * scale)
    if not 1 <= total <= MOST_VISITORS:
        raise BadCurve(
            f"at scale {scale:g}, {total:,} visitors come: write one at which 1 to {MOST_VISITORS:,} do"
        )
    sums = [round(total * scale) for total in accumulate(counts, initial=0)]
    return [after - before for before, after in pairwise(sums)]


def arrivals(counts: Sequence[int]) -> Iterator[float]:
    """When each visitor comes, in seconds from the start: spread evenly inside their second."""
    for second, count in enumerate(counts):
        for place in range(count):
            yield second + place / count


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of these are not above (nearest rank); 0 where there are none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]
