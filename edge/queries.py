"""What ops sees of sales: the state of each, its units, and the buffer behind them all."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from edge import apply, audit, buffer
from edge.ledger import connect
from edge.lifecycle import preview, record
from edge.routing import Table
from fastpath_lambda import sqs
from orders import jobs, pacing
from orders.losses import LedgerLoss
from orders.models import DeadLetter, Order, Refund
from orders.receivers.models import OrderMail, State, WebhookDelivery
from shop import outbox
from shop.models import Allotment, Sale

# How many planned sales, and how many closed ones, are shown beside those that are on.
WATCHED = 4
# A payment takes seconds: after this, nobody asks for it, or nobody answers.
PAID_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Status:
    """One sale as `fastpath status` and the REST API say it."""

    product: str
    state: str
    sale: str | None
    units: int
    left: int | None
    opens_at: datetime | None
    closes_at: datetime | None
    changed_by: str
    changed_at: datetime | None
    # What was lost with its ledger, in sentences; said only where something was.
    ledger: str | None = None

    def fields(self) -> dict[str, Any]:
        fields = asdict(self)
        if self.ledger is None:
            del fields["ledger"]
        return fields


# Arming makes the plan where there is none, so a product without one is as good as a draft.
NOT_PLANNED = Status("", Sale.State.DRAFT.value, None, 0, None, None, None, "", None)


def status(slug: str) -> Status:
    """The product's sale that is on, else the one touched last. Raises CannotChange for no such product."""
    sale = record.latest_sale(record.get_product(slug))
    if sale is None:
        return replace(NOT_PLANNED, product=slug)
    return Status(
        product=slug,
        state=sale.state,
        sale=sale.reference,
        units=armed_units(sale),
        left=units_left(sale),
        opens_at=sale.opens_at,
        closes_at=sale.closes_at,
        changed_by=sale.changed_by,
        changed_at=sale.changed_at,
        ledger=" ".join(map(str, losses(sale))) or None,
    )


def losses(sale: Sale) -> list[LedgerLoss]:
    """Of the present generation, the latest first."""
    return list(LedgerLoss.objects.filter(sale=sale, generation=sale.generation))


def armed_units(sale: Sale) -> int:
    """Over all SKUs: those set aside, or those that arming would set aside."""
    if sale.state == Sale.State.DRAFT:
        return sale.units * sale.product.skus.count()
    rows = Allotment.objects.filter(sale=sale, generation=sale.generation)
    return rows.aggregate(units=Sum("armed"))["units"] or 0


def units_left(sale: Sale) -> int | None:
    """None while nothing is set aside; 0 once the leftovers went back."""
    if sale.state == Sale.State.DRAFT:
        return None
    if not sale.is_on:
        return 0
    loaded = connect().get_sale(sale.product.slug)
    if loaded is None or loaded.generation != sale.generation:
        return armed_units(sale) if sale.state == Sale.State.ARMED else 0
    return sum(left_by_sku(sale).values())


def left_by_sku(sale: Sale) -> dict[str, int]:
    return dict(connect().count(sale.product.slug, sale.generation).left)


@dataclass(frozen=True, slots=True)
class Bar:
    """One SKU of a sale, as parts of what was armed."""

    row: audit.Row

    def parts(self) -> list[tuple[str, int, float]]:
        """Name, units, and percent of the armed units, for each owner a unit can have."""
        names = ("ordered", "claimed", "left", "returned")
        units = [(name, getattr(self.row, name)) for name in names]
        return [(name, count, round(100 * count / max(self.row.armed, 1), 2)) for name, count in units]


@dataclass(frozen=True, slots=True)
class SaleNow:
    sale: Sale
    losses: list[LedgerLoss]
    moves: Sequence[str]
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Drain:
    """How fast claims become orders, and what the database says to it."""

    pace: pacing.Together
    ceiling: int

    @property
    def is_slowed(self) -> bool:
        return self.pace.drained > 0 and self.pace.allowed < self.ceiling / 2

    @property
    def felt_ms(self) -> float:
        return self.pace.felt * 1000

    @property
    def quiet_ms(self) -> float:
        return self.pace.quiet * 1000


@dataclass(frozen=True, slots=True)
class Post:
    """What is written down for buyers and other programs, and not sent."""

    mails: int
    mails_given_up: int
    deliveries: int
    deliveries_given_up: int


@dataclass(frozen=True, slots=True)
class Overview:
    at: datetime
    sales: list[SaleNow]
    # None where the queue cannot be asked.
    buffered: int | None
    dead: int | None
    dead_letters: int
    unpaid: int
    # None where nobody drains.
    drain: Drain | None
    table: Table | None
    is_balanced: bool
    told: list[outbox.Behind]
    post: Post
    refunds_refused: int


def overview() -> Overview:
    rows = audit.audit()
    return Overview(
        at=timezone.now(),
        sales=[_now(sale, rows) for sale in _to_watch()],
        buffered=_depth(buffer.connect()),
        dead=_depth(buffer.connect().dead_letters()),
        dead_letters=DeadLetter.objects.filter(state=DeadLetter.State.WAITING).count(),
        unpaid=_unpaid(),
        drain=_drain(),
        table=apply.ROUTERS["builtin"].existing(),
        is_balanced=audit.is_balanced(rows),
        told=outbox.behind(),
        post=_post(),
        refunds_refused=Refund.objects.filter(state=Refund.State.REFUSED).count(),
    )


def _unpaid() -> int:
    waits = Order.objects.filter(status=Order.Status.PLACED, placed_at__lt=timezone.now() - PAID_WITHIN)
    return waits.count()


def _drain() -> Drain | None:
    pace = pacing.together(jobs.store())
    return Drain(pace, settings.DRAIN_RATE_CEILING) if pace else None


def _post() -> Post:
    mails, deliveries = OrderMail.objects, WebhookDelivery.objects
    return Post(
        mails=mails.filter(state=State.WAITING).count(),
        mails_given_up=mails.filter(state=State.GIVEN_UP).count(),
        deliveries=deliveries.filter(state=State.WAITING).count(),
        deliveries_given_up=deliveries.filter(state=State.GIVEN_UP).count(),
    )


def _now(sale: Sale, rows: Iterable[audit.Row]) -> SaleNow:
    bars = [Bar(row) for row in rows if row.sale == sale.reference and sale.generation]
    return SaleNow(sale, losses(sale), preview.possible(sale), bars)


def _to_watch() -> list[Sale]:
    """What is on, then what is planned, then what was closed lately."""
    sales = Sale.objects.select_related("product__category")
    on = sales.filter(state__in=Sale.ON).order_by("-changed_at")
    planned = sales.filter(state=Sale.State.DRAFT)[:WATCHED]
    closed = sales.filter(state=Sale.State.CLOSED).order_by("-changed_at")[:WATCHED]
    return [*on, *planned, *closed]


def _depth(queue: sqs.Queue) -> int | None:
    try:
        return queue.depth()
    except (OSError, sqs.QueueError):
        return None
