"""How fast the drain may write, by what the database takes to answer others.

Additive increase, multiplicative decrease, as TCP has it: while the database answers
about as quickly as when it is left alone, the rate rises step by step; when it does
not, it falls by the share by which it is too slow (within bounds, as in Netflix's
gradient limits). Several drainers that follow one database come to equal rates this way.

What is quick is learned while nothing is drained. A drain that slows its database down
must not get used to that; so while it drains, the measure can only become stricter.

Everything here is a pure function of its arguments. How it is felt: see pacing.py.
"""

from dataclasses import dataclass, replace

# Of the ceiling, each time the database is quick enough: from nothing to all of it in twenty.
STEP = 0.05
LEAST_CUT, MOST_CUT = 0.9, 0.5
# Below this nobody feels a difference: a page asks the database some ten times. Without it, twice
# next to nothing would count as slow.
LEAST_QUIET = 0.0005
FORGET, LEARN = 0.5, 0.02


@dataclass(frozen=True, slots=True)
class Limits:
    ceiling: float  # orders a second
    floor: float  # a slow database still gets this many: orders that never come are no help to anybody
    tolerance: float  # times the quiet latency that shoppers may feel

    def __post_init__(self) -> None:
        if not 0 < self.floor <= self.ceiling:
            raise ValueError(f"floor is {self.floor}, ceiling {self.ceiling}: 0 < floor <= ceiling is wanted")
        if self.tolerance <= 1:
            raise ValueError(f"tolerance is {self.tolerance}: at 1 or below, no database is quick enough")


@dataclass(frozen=True, slots=True)
class Pace:
    rate: float  # orders a second, of all drainers together
    quiet: float  # seconds that the database takes when nothing is drained


def follow(pace: Pace, *, felt: float, is_draining: bool, limits: Limits) -> Pace:
    """The pace after one more measurement; `felt` is in seconds."""
    tolerated = limits.tolerance * max(pace.quiet, LEAST_QUIET)
    if felt <= tolerated:
        rate = min(limits.ceiling, pace.rate + STEP * limits.ceiling)
    else:
        rate = max(limits.floor, pace.rate * max(MOST_CUT, min(LEAST_CUT, tolerated / felt)))
    # The ceiling may have been lowered since.
    return replace(pace, rate=min(rate, limits.ceiling), quiet=_learn(pace.quiet, felt, is_draining))


def _learn(quiet: float, felt: float, is_draining: bool) -> float:
    """Down at once, up slowly: what the drain leaves behind (mails, payments) is no quiet either."""
    if felt < quiet:
        return quiet + FORGET * (felt - quiet)
    return quiet if is_draining else quiet + LEARN * (felt - quiet)
