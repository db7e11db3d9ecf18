"""The fast path's two addresses of a product: where it is ordered, and where an order is looked up."""

from dataclasses import dataclass
from functools import lru_cache

_LONGEST_SLUG = 100
_LONGEST_PATH = 300
_HEXADECIMAL = frozenset("0123456789abcdef-")


@dataclass(frozen=True, slots=True)
class Route:
    category: str
    product: str
    order_id: str | None = None  # None: the address that takes orders

    @property
    def methods(self) -> tuple[str, ...]:
        return ("GET", "HEAD") if self.order_id else ("POST",)

    @property
    def page(self) -> str:
        return f"/shop/{self.category}/{self.product}/"


def find_route(path: str) -> Route | None:
    """The route of `/shop/<category>/<product>/order[/<id>]`, or None."""
    return _parse(path) if len(path) <= _LONGEST_PATH else None


# A sale has one hot address.
@lru_cache(maxsize=1024)
def _parse(path: str) -> Route | None:
    parts = path.split("/")
    if len(parts) not in (5, 6) or parts[0] or parts[1] != "shop" or parts[4] != "order":
        return None
    if not (_is_slug(parts[2]) and _is_slug(parts[3])):
        return None
    if len(parts) == 5:
        return Route(parts[2], parts[3])
    return Route(parts[2], parts[3], parts[5]) if _is_order_id(parts[5]) else None


def find_token(query: str) -> str | None:
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if name == "token" and equals:
            return value
    return None


def _is_slug(text: str) -> bool:
    # What comes from a client becomes part of a key's name: nothing but a slug may.
    letters = text.replace("-", "").replace("_", "")
    return letters.isalnum() and text.isascii() and len(text) <= _LONGEST_SLUG


def _is_order_id(text: str) -> bool:
    return len(text) == 36 and _HEXADECIMAL.issuperset(text)
