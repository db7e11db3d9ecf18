"""What a move would do to a sale: said before it is done, to whoever is about to do it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge import routing
from edge.ledger import connect
from edge.lifecycle import loading, record
from edge.lifecycle.record import State
from edge.routing import Origin
from shop.models import Sale, Stock

# The moves that are possible in each state, in the order in which they are offered.
MOVES: Mapping[str, Sequence[str]] = {
    State.DRAFT: ("arm",),
    State.ARMED: ("open", "close", "restock", "take_back"),
    State.OPEN: ("pause", "close", "restock", "take_back"),
    State.PAUSED: ("resume", "close", "restock", "take_back"),
    State.CLOSING: (),
    State.CLOSED: ("arm",),
}

_SENTENCES = {
    "arm": (
        "The units below leave the shop's stock and are set aside for this sale, {units} of each SKU.",
        "The product is sold on its fast path and nowhere else, {limit} at most for each buyer.",
        "Shoppers see the page at once; they can buy it when the sale opens{opening}.",
    ),
    "open": ("Shoppers can buy at once, at {price} each, {limit} at most for each buyer.",),
    "pause": ("Nobody can buy until you resume it. Orders that were accepted stay accepted.",),
    "resume": ("Shoppers can buy again at once.",),
    "close": (
        "Nobody can buy any more. Orders that were accepted are finished first.",
        "Then what is left goes back to the shop's stock, and the page back to the shop.",
    ),
}


@dataclass(frozen=True, slots=True)
class Move:
    """Units of one SKU that would move between the shop's stock and the sale."""

    sku: str
    before: int
    after: int

    @property
    def units(self) -> int:
        return abs(self.after - self.before)

    @property
    def is_impossible(self) -> bool:
        return self.after < 0


@dataclass(frozen=True, slots=True)
class Rerouted:
    """An address that would lead elsewhere: from one origin to another."""

    path_pattern: str
    before: Origin
    after: Origin


@dataclass(frozen=True, slots=True)
class Preview:
    action: str
    sentences: tuple[str, ...]
    moves: tuple[Move, ...]
    routes: tuple[Rerouted, ...]

    @property
    def is_possible(self) -> bool:
        return not any(move.is_impossible for move in self.moves)


def possible(sale: Sale) -> Sequence[str]:
    """The moves to offer: none to a sale whose product has another one that is on."""
    is_kept = not sale.is_on and record.find_sale_on(sale.product) is not None
    return () if is_kept else MOVES[sale.state]


def preview(sale: Sale, action: str) -> Preview:
    """Raises CannotChange where the sale's state does not allow the action."""
    if action not in MOVES[sale.state]:
        raise record.wrong_state(sale, action=action)
    return Preview(
        action, tuple(_sentences(sale, action)), tuple(_moves(sale, action)), tuple(_routes(sale, action))
    )


def _sentences(sale: Sale, action: str) -> Iterator[str]:
    opening = f" by itself, {sale.opens_at:%Y-%m-%d %H:%M %Z}" if sale.opens_at else ""
    fields = {
        "units": sale.units,
        "limit": sale.limit_per_buyer,
        "price": sale.price,
        "opening": opening,
    }
    return (sentence.format(**fields) for sentence in _SENTENCES[action])


def _moves(sale: Sale, action: str) -> Iterator[Move]:
    if action == "arm":
        stocks = Stock.objects.filter(sku__product=sale.product).select_related("sku").order_by("sku_id")
        for stock in stocks:
            yield Move(stock.sku.code, stock.available, stock.available - sale.units)
    elif action == "close":
        left = connect().count(sale.product.slug, sale.generation).left
        before = dict(Stock.objects.filter(sale=sale).values_list("sku__code", "available"))
        for allotment in loading.allotments(sale):
            code = allotment.sku.code
            yield Move(code, before.get(code, 0), before.get(code, 0) + left.get(code, 0))


def _routes(sale: Sale, action: str) -> Iterator[Rerouted]:
    product = sale.product
    # The page's hash is known when it is published, which is not now.
    own = routing.sale_behaviors(category=product.category.slug, product=product.slug, build="…")
    for behavior in own:
        if action == "arm":
            yield Rerouted(behavior.path_pattern, before=Origin.WEB, after=behavior.origin)
        elif action == "close":
            yield Rerouted(behavior.path_pattern, before=behavior.origin, after=Origin.WEB)
