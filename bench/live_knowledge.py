"""What a viewer knows of a room, and what a message makes of that: worked out once for all who know the same.

Counted as errors: an update that brings a version which is there already (twice), one that
is older (backwards), and one that does not follow what is known (gap). In a room whose
every change raises its one version by one, a gap shows as a version that is not its offset.
"""

import json
from array import array
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Versions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """How those who knew `before` took one message, on the clock that all processes share."""

    room: str
    before: int
    after: int
    verdict: str  # "" where all is well
    count: int
    first: float
    p99: float
    last: float


class Step:
    __slots__ = ("arrivals", "before", "knows", "verdict")

    def __init__(self, before: "Knowledge", knows: "Knowledge", verdict: str) -> None:
        self.before, self.knows, self.verdict = before, knows, verdict
        self.arrivals = array("d")

    def summary(self) -> Summary:
        """Of the arrivals since the last one."""
        moments = sorted(self.arrivals)
        del self.arrivals[:]
        p99 = moments[int((len(moments) - 1) * 0.99)]
        ends = (self.knows.room, self.before.offset, self.knows.offset)
        return Summary(*ends, self.verdict, len(moments), moments[0], p99, moments[-1])


@dataclass(eq=False)
class Knowledge:
    room: str
    counts: bool = False  # each change of the room raises its one version by one
    epoch: str = ""
    offset: int = 0
    versions: Versions = ()
    after: dict[bytes, Step] = field(default_factory=dict)
    # Those who know the same share one object, and so what was worked out.
    known: dict[tuple[str, int, Versions], "Knowledge"] = field(default_factory=dict)

    @cached_property
    def question(self) -> bytes:
        """The subscription of one who knows this, as a frame."""
        interest: dict[str, Any] = {"room": self.room}
        if self.epoch:
            interest["position"] = {"epoch": self.epoch, "offset": self.offset}
        return masked(0x81, json.dumps({"type": "subscribe", "rooms": [interest]}).encode())

    def step(self, frame: bytes) -> Step:
        if frame not in self.after:
            message = json.loads(frame[frame.index(b"{") :])
            if message["type"] not in ("snapshot", "update"):
                raise ConnectionRefusedError(f"A viewer was told {message}.")
            self.after[frame] = self._learn(message)
        return self.after[frame]

    def _learn(self, message: dict[str, Any]) -> Step:
        told = {sku: value["version"] for sku, value in (message.get("state") or message["changes"]).items()}
        is_whole = message["type"] == "snapshot"
        versions = tuple(sorted((told if is_whole else dict(self.versions) | told).items()))
        epoch, offset = message["position"]["epoch"], message["position"]["offset"]
        key = (epoch, offset, versions)
        if key not in self.known:
            self.known[key] = Knowledge(self.room, self.counts, epoch, offset, versions, known=self.known)
        return Step(self, self.known[key], self._verdict(epoch, offset, told, is_whole=is_whole))

    def _verdict(self, epoch: str, offset: int, told: dict[str, int], *, is_whole: bool) -> str:
        held = dict(self.versions)
        older = [sku for sku, version in told.items() if version < held.get(sku, 0)]
        same = [sku for sku, version in told.items() if version == held.get(sku)]
        if epoch == self.epoch and (offset < self.offset or older):
            return "backwards"
        if same and not is_whole:
            return "twice"
        if epoch != self.epoch and not is_whole:
            return "gap"
        after = held | told
        return "gap" if self.counts and set(after.values()) != {offset} else ""


def masked(start: int, content: bytes) -> bytes:
    """A client's frame: masked with zeroes, which leaves what it says as it is."""
    if len(content) < 126:
        return bytes([start, 0x80 | len(content), 0, 0, 0, 0]) + content
    return bytes([start, 0xFE]) + len(content).to_bytes(2, "big") + bytes(4) + content
