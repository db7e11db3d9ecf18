"""What a room is called, and where it stands in Redis. Strict: a name that is not whole is no room.

Rooms are `product:<slug>`, `show:<slug>`, `order:<id>` and `ops`. Their keys are
fastpath_lambda/keys.py's, because the take script writes a product's room too.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    PRODUCT = "product"
    SHOW = "show"
    ORDER = "order"
    OPS = "ops"


class BadRoom(ValueError):
    """This text names no room. The message says what a name looks like."""


_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")
_ORDER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUBJECTS = {
    Kind.PRODUCT: _SLUG,
    Kind.SHOW: _SLUG,
    # Only the written form that we hand out: two spellings would be two rooms.
    Kind.ORDER: _ORDER_ID,
    Kind.OPS: re.compile(""),
}


@dataclass(frozen=True, slots=True)
class Room:
    kind: Kind
    subject: str = ""  # slug or order id

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.subject}" if self.subject else str(self.kind)


# Thousands ask for the same few rooms at once.
@lru_cache(maxsize=1024)
def parse(name: str) -> Room:
    kind_text, colon, subject = name.partition(":")
    try:
        kind = Kind(kind_text)
    except ValueError:
        raise BadRoom(_explain(name)) from None
    if bool(colon) != (kind is not Kind.OPS) or not _SUBJECTS[kind].fullmatch(subject):
        raise BadRoom(_explain(name))
    return Room(kind, subject)


def product(slug: str) -> str:
    return Room(Kind.PRODUCT, slug).name


def show(slug: str) -> str:
    return Room(Kind.SHOW, slug).name


def order(order_id: str) -> str:
    return Room(Kind.ORDER, order_id).name


def order_group(order_id: str) -> str:
    """The channel layer's group of an order's few watchers: its alphabet has no colon."""
    return f"order.{order_id}"


def _explain(name: str) -> str:
    return f"{name[:80]!r} is no room: write product:<slug>, show:<slug>, order:<id> or ops."
