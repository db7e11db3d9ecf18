"""What publishing a routing table would change, and whether that is safe. Pure: nothing is published here."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge.routing import Behavior, Origin, Table, to_fields


class UnsafePlan(Exception):
    """Applying this plan would hurt shoppers. The message says whom and how to go on."""


@dataclass(frozen=True, slots=True)
class Plan:
    existing_version: int | None  # None: the router has no table
    desired: tuple[Behavior, ...]
    add: tuple[Behavior, ...]
    remove: tuple[Behavior, ...]
    change: tuple[tuple[Behavior, Behavior], ...]  # before, after
    reordered: bool  # what stays has another precedence

    @property
    def is_empty(self) -> bool:
        changes = self.add or self.remove or self.change or self.reordered
        return self.existing_version is not None and not changes

    def raise_if_unsafe(self, *, on_sale: Collection[str] = ()) -> None:
        """`on_sale`: the path patterns that belong to sales that are on."""
        self._raise_if_the_shop_is_lost()
        self._raise_if_a_behavior_is_hidden()
        self._raise_if_a_sale_is_lost(on_sale)

    def _raise_if_the_shop_is_lost(self) -> None:
        if not self.desired or self.desired[-1] != Behavior("*", Origin.WEB):
            raise UnsafePlan(
                "The table does not end with * → web, so pages that no behavior names would be lost. "
                "Put the default behavior last."
            )

    def _raise_if_a_behavior_is_hidden(self) -> None:
        counts = Counter(behavior.path_pattern for behavior in self.desired)
        twice = [pattern for pattern, count in counts.items() if count > 1]
        if twice:
            raise UnsafePlan(
                f"{', '.join(twice)} stands more than once, and the later one would never match. "
                f"Keep one of each."
            )

    def _raise_if_a_sale_is_lost(self, on_sale: Collection[str]) -> None:
        fast = {each.path_pattern for each in self.desired if each.origin is Origin.FASTPATH}
        before = (*self.remove, *(before for before, _ in self.change))
        lost = [
            each.path_pattern
            for each in before
            if each.origin is Origin.FASTPATH
            and each.path_pattern in on_sale
            and each.path_pattern not in fast
        ]
        if lost:
            raise UnsafePlan(
                f"{len(lost)} fast-path route(s) would be removed while their sale is on: {', '.join(lost)}. "
                f"Close the sale first, or pass --force."
            )

    def lines(self) -> Iterator[str]:
        """The plan for people, one change a line."""
        if self.is_empty:
            yield f"Nothing to change: the router has table {self.existing_version}."
        for behavior in self.remove:
            yield f"- {present(behavior)}"
        for before, after in self.change:
            yield f"~ {present(before)}  ⇒  {present(after)}"
        for behavior in self.add:
            yield f"+ {present(behavior)}"
        if self.reordered:
            yield "↕ the precedence of what stays changes"

    def to_fields(self) -> dict[str, Any]:
        """The plan for programs."""
        return {
            "existing_version": self.existing_version,
            "empty": self.is_empty,
            "add": [to_fields(each) for each in self.add],
            "remove": [to_fields(each) for each in self.remove],
            "change": [
                {"before": to_fields(before), "after": to_fields(after)} for before, after in self.change
            ],
            "reordered": self.reordered,
        }


def plan(existing: Table | None, desired: Sequence[Behavior]) -> Plan:
    """Compare what the router has with what it should have; a behavior is known by its path pattern."""
    before = {each.path_pattern: each for each in existing.behaviors} if existing else {}
    after = {each.path_pattern: each for each in desired}
    return Plan(
        existing_version=existing.version if existing else None,
        desired=tuple(desired),
        add=tuple(each for pattern, each in after.items() if pattern not in before),
        remove=tuple(each for pattern, each in before.items() if pattern not in after),
        change=tuple(
            (before[pattern], each)
            for pattern, each in after.items()
            if pattern in before and before[pattern] != each
        ),
        reordered=[each for each in before if each in after] != [each for each in after if each in before],
    )


def present(behavior: Behavior) -> str:
    rewrite = f" ({behavior.rewrite})" if behavior.rewrite else ""
    return f"{behavior.path_pattern} → {behavior.origin}{rewrite}"
