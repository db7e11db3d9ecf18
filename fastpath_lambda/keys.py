"""The names under which a product's ledger and its live room stand in Redis.

All keys of one product share the hash tag {slug}, so the take script, which writes
the ledger and the room in one step, runs on a cluster too. Keys of a generation end
with it: an old sale's claims are never mistaken for a new one's.
"""

from functools import lru_cache

PREFIX = "spillway"


@lru_cache(maxsize=256)
def ledger(product: str, generation: int) -> tuple[str, ...]:
    """What the scripts of the ledger are given, in the order in which common.lua names them."""
    room = f"product:{product}"
    generations = (left, buyers, claims, intents, given_back)
    return (
        sale(product),
        *(name(product, generation) for name in generations),
        room_log(room),
        room_state(room),
        room_meta(room),
    )


def sale(product: str) -> str:
    """Hash: the loaded sale's state, window, limit, generation, revision, and per SKU its label."""
    return f"{PREFIX}:{{{product}}}:sale"


def left(product: str, generation: int) -> str:
    """Hash: SKU → units left, and SKU → the version viewers have seen, as `left:SKU` and `version:SKU`."""
    return f"{PREFIX}:{{{product}}}:{generation}:left"


def buyers(product: str, generation: int) -> str:
    """Hash: buyer → units taken over all requests."""
    return f"{PREFIX}:{{{product}}}:{generation}:buyers"


def claims(product: str, generation: int) -> str:
    """Hash: order id → the claim as JSON (claims.py). Kept after the drain, for repeats and status."""
    return f"{PREFIX}:{{{product}}}:{generation}:claims"


def intents(product: str, generation: int) -> str:
    """Sorted set: order id of each claim not yet drained → when it was last handed to the buffer (ms)."""
    return f"{PREFIX}:{{{product}}}:{generation}:intents"


def given_back(product: str, generation: int) -> str:
    """Sorted set: order id whose units came back → when, in running numbers; negative once settled."""
    return f"{PREFIX}:{{{product}}}:{generation}:given-back"


def room_log(room: str) -> str:
    """Stream: entry `<offset>-0` with one field `changes`: JSON, SKU (or name) → its whole value."""
    return f"{PREFIX}:{{{_tag(room)}}}:room:log"


def room_state(room: str) -> str:
    """Hash: SKU (or name) → its whole value as JSON."""
    return f"{PREFIX}:{{{_tag(room)}}}:room:state"


def room_meta(room: str) -> str:
    """Hash: `epoch` (text, new when the room had to be made anew) and `offset` (of the last log entry)."""
    return f"{PREFIX}:{{{_tag(room)}}}:room:meta"


def room_viewers(room: str) -> str:
    """Hash: process → how many connections it has that watch the room, and when it said so."""
    return f"{PREFIX}:{{{_tag(room)}}}:room:viewers"


def order(order_id: str) -> str:
    """Hash: `status` and `version` of one order, as far as it got; absent while it is only a claim."""
    return f"{PREFIX}:{{{order_id}}}:order"


def whole() -> str:
    """Text: set while each sale that is on is in this store. A wiped store does not have it."""
    return f"{PREFIX}:whole"


def loaded_sales() -> str:
    """Set: the sales in the ledger, each as `loaded_sale` names it."""
    return f"{PREFIX}:sales"


def loaded_sale(product: str, generation: int) -> str:
    # With its generation: whoever retires a sale a second time leaves the product's next one alone.
    return f"{product}:{generation}"


def product_of(loaded_sale: str) -> str:
    return loaded_sale.partition(":")[0]


def _tag(room: str) -> str:
    # A product's room lies with its ledger: `product:lamp` has the tag {lamp}.
    return room.removeprefix("product:")
