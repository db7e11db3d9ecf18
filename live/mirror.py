"""One room as this process holds it: what the log has told, and what of that was shown.

Pure: no clock, no store, no sockets. Changes wait here until the hub shows them, all
at once and the latest of each name only. Answers to newcomers are of what was shown
last, so what waits reaches them once, with everybody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Raw, Struct

from live import messages
from live.frames import Frame

Changes = Mapping[str, Raw]


class Gap(Exception):
    """An entry of the log is missing: it was trimmed before this process read it. Read the state."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A room as the store held it at one instant."""

    epoch: str
    offset: int
    state: Changes
    log: Sequence[tuple[int, Changes]] = ()


class _Status(Struct):
    status: str = ""


_status_decoder = msgspec.json.Decoder(_Status)


class Mirror:
    """A room's state up to `offset`, which was shown, and the changes up to `read_to`, which were not."""

    def __init__(self, name: str, stored: Stored) -> None:
        self.name = name
        self.read_to = 0
        self._offset = 0
        self._epoch = ""
        self._state: dict[str, Raw] = {}
        self._waiting: dict[str, Raw] = {}
        # Since when each name's value stands, and the oldest position from which that is known.
        self._changed_at: dict[str, int] = {}
        self._floor = 0
        self._snapshot: Frame | None = None
        # Where we stood when the store was seen ahead of us last, None where it was not.
        self._stood_at: int | None = None
        self._replace(stored)

    def take(self, offset: int, changes: Changes) -> None:
        """Take in one entry of the log. Raises Gap where it does not follow the one before."""
        if offset <= self.read_to:
            return
        if offset != self.read_to + 1:
            raise Gap(f"{self.name}: {offset} follows {self.read_to}")
        self._waiting.update(changes)
        self.read_to = offset

    def refresh(self, stored: Stored) -> bool:
        """Take in the room's present state. False where that is no continuation: then show a snapshot.

        Within an epoch, what differs from the state before is all that an unread part of
        the log can have said, so a gap costs its watchers no more than the changes.
        """
        if not self._is_continued_by(stored):
            self._replace(stored)
            return False
        current = self._state | self._waiting
        self._waiting.update(
            {name: value for name, value in stored.state.items() if current.get(name) != value}
        )
        self.read_to = stored.offset
        return True

    def is_cut_off(self, position: tuple[str, int] | None) -> bool:
        """Whether the log will not bring us to this position, which the store says the room has."""
        if position is None or position[0] != self._epoch or position[1] < self.read_to:
            return True
        # What is ahead of us is on its way; unless it was when we looked last, and nothing came since.
        stood_at, self._stood_at = self._stood_at, self.read_to if position[1] > self.read_to else None
        return self._stood_at is not None and stood_at == self._stood_at

    @property
    def epoch(self) -> str:
        return self._epoch

    @property
    def has_news(self) -> bool:
        return self.read_to > self._offset

    @property
    def is_urgent(self) -> bool:
        """Whether a status changed: sold out, back in stock and the like wait for nobody."""
        return changes_a_status(self._state, self._waiting)

    def show(self) -> Changes:
        """Make what waits part of the state, and return it."""
        changes, self._waiting = self._waiting, {}
        self._state.update(changes)
        self._offset = self.read_to
        self._changed_at.update(dict.fromkeys(changes, self._offset))
        self._snapshot = None
        return changes

    def snapshot(self) -> Frame:
        """All of it, as it was shown last."""
        if self._snapshot is None:
            self._snapshot = Frame(messages.Snapshot(self.name, self.position, self._state))
        return self._snapshot

    def answer(self, position: messages.Position | None) -> Frame:
        """What brings somebody who stands at `position` to where everybody is."""
        if position is None or not self._reaches(position):
            return self.snapshot()
        missed = {name: self._state[name] for name in self.changed_since(position.offset)}
        return Frame(messages.Update(self.name, self.position, missed, recovered=True))

    def changed_since(self, offset: int) -> list[str]:
        """The names whose shown values are newer than this offset, which must not be before `floor`."""
        return [name for name in self._state if self._changed_at.get(name, 0) > offset]

    @property
    def floor(self) -> int:
        return self._floor

    @property
    def state(self) -> Changes:
        """What was shown last."""
        return self._state

    @property
    def position(self) -> messages.Position:
        return messages.Position(self._epoch, self._offset)

    def _reaches(self, position: messages.Position) -> bool:
        return position.epoch == self._epoch and self._floor <= position.offset <= self._offset

    def _is_continued_by(self, stored: Stored) -> bool:
        return (
            stored.epoch == self._epoch
            and stored.offset >= self.read_to
            and stored.state.keys() >= self._state.keys()
        )

    def _replace(self, stored: Stored) -> None:
        self._epoch = stored.epoch
        self._offset = self.read_to = stored.offset
        self._state, self._waiting = dict(stored.state), {}
        self._changed_at, self._floor = {}, stored.offset
        self._snapshot = None
        if stored.log and stored.log[-1][0] == stored.offset:
            self._floor = stored.log[0][0] - 1
            for offset, changes in stored.log:
                self._changed_at.update(dict.fromkeys(changes, offset))


def changes_a_status(state: Changes, changes: Changes) -> bool:
    return any(_status(state.get(name)) != _status(value) for name, value in changes.items())


def _status(value: Raw | None) -> str:
    if value is None:
        return ""
    try:
        return _status_decoder.decode(value).status
    except msgspec.DecodeError:
        return ""
