"""What is said over the socket `/live/`: every message, both ways, typed.

A message is one JSON text. Values travel as they were written into the room's log
(`Raw`), so a value is encoded once, where it was made, and never again on its way.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

# A page subscribes to what it shows; a whole category with its positions fits many times.
MAX_LENGTH = 16 * 1024
MAX_ROOMS = 100

PRODUCT_STATUSES = ["in_stock", "on_sale", "opens_soon", "paused", "sold_out"]
ORDER_STATUSES = ["accepted", "placed", "paid", "confirmed", "shipped", "cancelled", "refunded"]
SHOW_STATUSES = ["scheduled", "live", "ended"]
ERROR_CODES = {
    "not_json": "What you sent is not JSON.",
    "bad_message": "It is JSON, but none of the three messages.",
    "too_large": f"A message is longer than {MAX_LENGTH} characters.",
    "too_many_rooms": f"A message names, or a connection watches, more than {MAX_ROOMS} rooms.",
    "unknown_room": "The name is no room, or there is no such product or show.",
    "forbidden": "An order's room without its token, or the staff's without a pass that is still good.",
    "unavailable": "The room cannot be read now: ask again in a few seconds.",
}

RoomName = Annotated[str, Meta(max_length=80)]


class Position(Struct, frozen=True):
    """Where a client is in a room. Offsets of different epochs cannot be compared."""

    epoch: Annotated[str, Meta(max_length=64)]
    offset: Annotated[int, Meta(ge=0, lt=2**53)]


class Interest(Struct, frozen=True, omit_defaults=True):
    """One room asked for, from a position on if the client has one.

    An order's room wants the token of its status link, the staff's a pass from a page of /ops/.

    Viewers: whether somebody looks at it, to be counted among its viewers and told how many there are.
    """

    room: RoomName
    position: Position | None = None
    token: Annotated[str, Meta(max_length=200)] | None = None
    viewers: bool = False


class Subscribe(Struct, tag_field="type", tag="subscribe", frozen=True):
    """Answered for each room with its snapshot, what the position misses of it, or an error."""

    rooms: list[Interest]


class Unsubscribe(Struct, tag_field="type", tag="unsubscribe", frozen=True):
    """Not answered: these rooms are silent from now on."""

    rooms: list[Interest]


class Ping(Struct, tag_field="type", tag="ping", frozen=True):
    """Is anybody there?"""


class Snapshot(Struct, tag_field="type", tag="snapshot", frozen=True):
    """A room's whole state."""

    room: str
    position: Position
    state: dict[str, Raw]


class Update(Struct, tag_field="type", tag="update", frozen=True, omit_defaults=True):
    """What changed in a room since the last message: whole values. Recovered: since the client's position."""

    room: str
    position: Position
    changes: dict[str, Raw]
    recovered: bool = False


class Error(Struct, tag_field="type", tag="error", frozen=True, omit_defaults=True):
    """What was asked for is not done, and why. The connection goes on."""

    code: Annotated[str, Meta(extra_json_schema={"enum": list(ERROR_CODES)})]
    message: str
    room: str | None = None


class Viewers(Struct, tag_field="type", tag="viewers", frozen=True):
    """How many look at a room, over all processes. Told at most once a second, to those who are counted."""

    room: str
    count: int


class Pong(Struct, tag_field="type", tag="pong", frozen=True):
    """The answer to a ping."""


class ProductValue(Struct, frozen=True):
    """What a product's room holds under each SKU."""

    sku: str
    available: int
    price: str
    currency: str
    status: Annotated[str, Meta(extra_json_schema={"enum": PRODUCT_STATUSES})]
    version: int


class OrderValue(Struct, frozen=True):
    """What an order's room holds under `order`."""

    order_id: str
    status: Annotated[str, Meta(extra_json_schema={"enum": ORDER_STATUSES})]
    version: int


class ListedSku(Struct, frozen=True):
    """One of a listed product's SKUs. Its price, stock and status are under the SKU itself."""

    sku: str
    label: str


class ListedProduct(Struct, frozen=True):
    """One product as the show's page lists it, beside its price and stock."""

    product: str  # slug
    name: str
    summary: str
    url: str  # its page's; `order` after it is where it is bought
    picture: str | None
    limit: int  # units in one order
    skus: list[ListedSku]


class ShowValue(Struct, frozen=True):
    """What a show's room holds under `show`. Beside it: each SKU of its products, as in their own rooms.

    The lineup is what its page lists, in its order. Null or missing: an older version wrote the room.

    Times are absolute, in UTC: those of pins and moments on the video's clock (PROGRAM-DATE-TIME).
    """

    status: Annotated[str, Meta(extra_json_schema={"enum": SHOW_STATUSES})]
    title: str
    host: str
    starts_at: str
    went_live_at: str | None
    ended_at: str | None
    hls_url: str
    products: list[str]  # slugs of all, also of what has nothing to sell yet
    version: int
    lineup: list[ListedProduct] | None = None


class PinValue(Struct, frozen=True):
    """Under `pin:<id>`: from `at` on this product is pinned, or none. The latest `at` wins, then the id."""

    at: str
    product: str | None
    version: int


class MomentValue(Struct, frozen=True, omit_defaults=True):
    """Under `moment:<id>`: an instant worth jumping to. One that was taken back is only `removed`."""

    version: int
    at: str | None = None
    title: str | None = None
    removed: bool = False


class OpsSale(Struct, frozen=True):
    """One sale in the ledger. Lag: how old the claim is that waits longest to be drained."""

    product: str
    state: str
    left: int
    accepted: int  # claims
    waiting: int  # claims that are not yet drained
    lag_seconds: int


class OpsValue(Struct, frozen=True):
    """What the staff's room holds under `now`, anew each second while somebody looks. Null: no answer."""

    at: str
    sales: list[OpsSale]
    buffered: int | None  # messages
    dead: int | None
    sockets: int
    version: int


ShowPart = ShowValue | PinValue | MomentValue

FromClient = Subscribe | Unsubscribe | Ping
FromServer = Snapshot | Update | Viewers | Error | Pong


class BadMessage(ValueError):
    """What the client sent is no message of ours. `code` is for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


_decoder: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient)
_encoder = msgspec.json.Encoder()


def decode(text: str) -> FromClient:
    if len(text) > MAX_LENGTH:
        raise BadMessage("too_large", f"{len(text)} characters: send at most {MAX_LENGTH} in one message.")
    try:
        message = _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise BadMessage("bad_message", f"{error}. Types are subscribe, unsubscribe and ping.") from None
    # RecursionError: thousands of brackets, one in another.
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise BadMessage("not_json", f"This is not JSON: {error}.") from None
    if not isinstance(message, Ping) and len(message.rooms) > MAX_ROOMS:
        raise BadMessage("too_many_rooms", f"{len(message.rooms)} rooms: name at most {MAX_ROOMS}.")
    return message


def cost(message: FromClient | Error) -> int:
    """What a message takes off its sender's allowance: each room that is asked for is work of its own."""
    return max(len(message.rooms), 1) if isinstance(message, Subscribe) else 1


def encode(message: FromServer) -> bytes:
    return _encoder.encode(message)


def raw(value: Struct) -> Raw:
    return Raw(_encoder.encode(value))
