"""How a routing table reaches a router: the promise that every publisher keeps."""

from typing import Protocol

from edge.routing import Table


class NotServed(Exception):
    """The table was handed over, and the router does not serve it. The message says what it serves."""


class Publisher(Protocol):
    """A module of this package is one: `builtin`."""

    def existing(self) -> Table | None:
        """The table that the router was last given, or None."""

    def publish(self, table: Table) -> None:
        """Hand the table over: the router has the old one or this one, never a part."""

    def wait(self, version: int) -> None:
        """Return when the router serves this version. Raise NotServed when it does not."""
