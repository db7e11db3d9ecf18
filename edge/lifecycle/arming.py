"""Arm a sale: units out of stock, into the ledger, a page for them, and the routes that lead there.

The first step is one transaction and decides who arms. The others finish it, in an
order in which a crash is harmless: until the routes are there, shoppers reach the
shop, and the shop's door for these units is shut by the first step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from edge.ledger import connect
from edge.lifecycle import earlier, loading, record, serving
from edge.lifecycle.record import CannotChange, State
from edge.models import MinisitePage
from shop import events
from shop.models import Allotment, OutboxEvent, Product, Sale, Sku, Stock, StockMovement

# By the slug, since the ledger's keys and the ids of orders have it in them: another product that had it
# before was sold by these numbers, and what is kept of that in Redis is not this sale's.
_COUNT_GENERATION = """
WITH product AS (
    SELECT slug, sale_generation FROM shop_product WHERE id = %(product_id)s FOR NO KEY UPDATE
), counted AS (
    INSERT INTO shop_salename AS name (slug, generation)
    SELECT slug, sale_generation + 1 FROM product
    ON CONFLICT (slug) DO UPDATE SET generation = greatest(name.generation + 1, excluded.generation)
    RETURNING generation
)
UPDATE shop_product SET sale_generation = counted.generation FROM counted WHERE id = %(product_id)s
RETURNING sale_generation
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was said when arming; what was not (None) is as the plan has it."""

    units: int | None = None
    limit: int | None = None
    price: Decimal | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None

    def changes(self, sale: Sale, *, now: datetime) -> dict[str, object]:
        """The fields of this sale that these terms would set to something else."""
        said: dict[str, object] = {
            "units": self.units,
            "limit_per_buyer": self.limit,
            "price": self.price,
            "opens_at": self.opens_at,
            "closes_at": self.closes_at,
        }
        if self.opens_at and self.opens_at <= now:
            # It opens when told to: not at the plan's time, where that is still to come.
            del said["opens_at"]
        changes = {
            name: term for name, term in said.items() if term is not None and term != getattr(sale, name)
        }
        if "opens_at" not in said and sale.opens_at and sale.opens_at > now:
            changes["opens_at"] = None
        return changes


def arm(
    slug: str,
    *,
    units: int | None = None,
    limit: int | None = None,
    price: Decimal | None = None,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    by: str,
    sale: Sale | None = None,
) -> Sale:
    """Arm this sale; or the product's plan; or, where none is planned, a new one like the last.

    Of a sale that is armed already, finish what is left to do. An opening time that has
    passed means the same as none: it opens when told to.
    """
    now = timezone.now()
    terms = Terms(units, limit, price, opens_at, closes_at)
    product = record.get_product(slug)
    armed = record.find_sale_on(product)
    if armed is None:
        armed = set_aside(sale or _plan(product, terms), terms, by=by, now=now)
    elif armed.state != State.ARMED:
        raise record.wrong_state(armed, action="arm")
    elif terms.changes(armed, now=now):
        raise CannotChange(
            f"{product} is armed with other terms already, by {armed.changed_by}. "
            f"Close that sale before you arm another."
        )
    finish(armed, by=by)
    return armed


def finish(sale: Sale, *, by: str) -> None:
    """The steps after the first: each does nothing where it is done already."""
    load(sale)
    serving.serve(sale, by=by)


def is_finished(sale: Sale) -> bool:
    loaded = connect().get_sale(sale.product.slug)
    page = MinisitePage.objects.filter(sale=sale, generation=sale.generation)
    return loaded is not None and loaded.generation == sale.generation and page.exists()


def load(sale: Sale) -> None:
    # In its turn, or a closing sale could be done and forgotten in the ledger between our
    # look and our write, and its units would be loaded a second time.
    with record.turn(sale) as sale:
        if sale.state == State.ARMED and not loading.is_lost(sale):
            units = {row.sku.code: row.armed for row in loading.allotments(sale)}
            versions = dict(Stock.objects.filter(sale=sale).values_list("sku__code", "version"))
            terms = loading.as_rules(sale, list(units), earlier=earlier.recall(sale, now=timezone.now()))
            connect().load(terms, units=units, versions=versions)


def _plan(product: Product, terms: Terms) -> Sale:
    """The draft to arm; without one, a new plan like the last sale's, without its window."""
    sales = Sale.objects.filter(product=product).order_by("-id")
    if draft := sales.filter(state=State.DRAFT).select_related("product__category").first():
        return draft
    last = sales.first()
    return Sale(
        product=product,
        price=_said_price(terms, last, product),
        units=terms.units or (last.units if last else 0),
        limit_per_buyer=terms.limit or (last.limit_per_buyer if last else 2),
    )


def _said_price(terms: Terms, last: Sale | None, product: Product) -> Decimal:
    # A price of 0 was said: a giveaway.
    if terms.price is not None:
        return terms.price
    return last.price if last else _price(product)


def _price(product: Product) -> Decimal:
    prices = set(product.skus.values_list("price", flat=True))
    if len(prices) != 1:
        raise CannotChange(
            f"{product} has {len(prices)} different prices: say which the sale has, with a price."
        )
    return prices.pop()


def set_aside(sale: Sale, terms: Terms, *, by: str, now: datetime) -> Sale:
    """Make this sale the product's fast path, with its units: wholly, or not at all."""
    for name, value in terms.changes(sale, now=now).items():
        setattr(sale, name, value)
    _check(sale, now=now)
    try:
        with transaction.atomic():
            _claim_the_product(sale, by=by, now=now)
            for sku in sale.product.skus.order_by("pk"):
                _set_aside(sku, sale, by=by)
    except IntegrityError as error:
        # The product has one fast path, says a constraint: somebody else was first.
        raise CannotChange(f"{sale.product} was put on sale by somebody else just now.") from error
    return sale


def _check(sale: Sale, *, now: datetime) -> None:
    if sale.units < 1:
        raise CannotChange(f"{sale.units} units cannot be sold: arm {sale.product} with at least 1.")
    if sale.limit_per_buyer < 1:
        raise CannotChange(f"The limit is {sale.limit_per_buyer}: allow each buyer at least 1.")
    if not sale.product.skus.exists():
        raise CannotChange(f"{sale.product} has no SKU: add one before you put it on sale.")
    if sale.opens_at and sale.opens_at <= now:
        sale.opens_at = None  # opens when told to
    if sale.closes_at and sale.closes_at <= (sale.opens_at or now):
        raise CannotChange(
            f"The sale would be over before it begins: it closes at {sale.closes_at:%Y-%m-%d %H:%M %Z}. "
            f"Set a later closing time."
        )


def _claim_the_product(sale: Sale, *, by: str, now: datetime) -> None:
    before = sale.state
    # Its row first: two who arm the same product pass here one after the other, and the second
    # finds the state changed.
    sale.generation = _count_generation(sale.product_id)
    if sale.pk is None:
        sale.save()
    sale.state, sale.changed_by, sale.changed_at = State.ARMED, by, now
    written = ("state", "generation", "changed_by", "changed_at")
    planned = ("units", "limit_per_buyer", "price", "opens_at", "closes_at")
    unarmed = Sale.objects.filter(pk=sale.pk, state__in=(State.DRAFT, State.CLOSED))
    if not unarmed.update(**{name: getattr(sale, name) for name in (*written, *planned)}):
        raise CannotChange(f"{sale.product} was put on sale by somebody else just now.")
    record.note(sale, action="arm", before=before, by=by, now=now)


def _count_generation(product_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_GENERATION, {"product_id": product_id})
        (generation,) = cursor.fetchone()
        return int(generation)


def _set_aside(sku: Sku, sale: Sale, *, by: str) -> None:
    enough = Stock.objects.filter(sku=sku, sale=None, available__gte=sale.units)
    if not enough.update(available=F("available") - sale.units, version=F("version") + 1, sale=sale):
        raise CannotChange(_not_enough(sku, sale))
    Allotment.objects.create(sale=sale, generation=sale.generation, sku=sku, armed=sale.units)
    StockMovement.objects.create(
        sku=sku, quantity=-sale.units, reason=StockMovement.Reason.ARMED, sale=sale, by=by
    )
    OutboxEvent.objects.create(
        topic=events.STOCK,
        key=events.product_key(sale.product.slug),
        payload=_opens_soon(sku, sale),
    )


def _opens_soon(sku: Sku, sale: Sale) -> Mapping[str, object]:
    """What the ledger will say of this SKU as soon as it is loaded."""
    return {
        "product": sale.product.slug,
        "sku": sku.code,
        "available": sale.units,
        "price": str(sale.price),
        "currency": sku.currency,
        "status": "opens_soon",
        "version": Stock.objects.values_list("version", flat=True).get(sku=sku),
    }


def _not_enough(sku: Sku, sale: Sale) -> str:
    available = Stock.objects.filter(sku=sku).values_list("available", flat=True).first() or 0
    return (
        f"{sku}: {sale.units} units asked for, {available} are in stock. "
        f"Arm with {available} units or fewer, or receive more stock first."
    )
