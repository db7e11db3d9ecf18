"""The classic order: placed in one transaction, for a product that is not on sale.

The order's id is derived from its idempotency key, and its insertion decides whether
the order is new: a repeat gets the first answer, another body under the same key is a
conflict. Inserts come first and the stock's conditional update last, because that
update is where every other buyer of the SKU waits until the commit.

The same update holds the shut door: while a sale has the SKU, nothing is taken here. A
product's limit per buyer is held by the insertion of the order: see limits.py.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from fastpath_lambda import identity
from fastpath_lambda.forms import OrderForm
from fastpath_lambda.ledger import KeyConflict
from fastpath_lambda.rules import Refusal
from orders import dead_letters, limits
from orders.models import Order, OrderLine
from shop import stock
from shop.models import Sku, Stock

BASKET = "basket"
# How many of a product's last sales a repeated key is looked for in.
MOST_SALES = 10
# What the column of an order's total holds.
MAX_TOTAL = Decimal("9999999999.99")

_INSERT = f"""
WITH placed AS (
    INSERT INTO orders_order (
        id, status, version, email, buyer, name, address, payment_token, currency, total, fingerprint,
        accepted_at, account_id
    ) VALUES (
        %(id)s, 'placed', 1, %(email)s, %(buyer)s, %(name)s, %(address)s, %(payment_token)s, %(currency)s,
        %(total)s, %(fingerprint)s, %(now)s, %(account)s
    ) ON CONFLICT (id) DO NOTHING
    RETURNING id
), asked AS (
    SELECT line.*, sku.product_id, product.limit_per_buyer
    FROM jsonb_to_recordset(%(lines)s) AS line(sku_id bigint, quantity integer, unit_price numeric)
    JOIN shop_sku sku ON sku.id = line.sku_id JOIN shop_product product ON product.id = sku.product_id
), line AS (
    INSERT INTO orders_orderline (order_id, sku_id, quantity, unit_price, counted)
    SELECT placed.id, sku_id, quantity, unit_price, limit_per_buyer IS NOT NULL FROM placed, asked
), {limits.COUNT}, event AS (
    INSERT INTO shop_outboxevent (topic, key, payload)
    SELECT 'order.changed', 'order:' || id,
           jsonb_build_object('order_id', id, 'status', 'placed', 'version', 1, 'product', NULL)
    FROM placed
)
SELECT {limits.IS_KEPT} FROM placed
"""


@dataclass(frozen=True, slots=True)
class Line:
    sku_id: int
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Asked:
    """What one buyer asks for, checked and named, with the prices of this moment."""

    order_id: str
    fingerprint: str
    email: str
    name: str
    address: Mapping[str, str]
    payment_token: str
    lines: tuple[Line, ...]
    account: int | None = None  # of whoever is logged in
    # What the same key made of it in each of the product's sales.
    in_sales: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({line.sku_id for line in self.lines}) < len(self.lines) or not self.lines:
            raise ValueError(f"lines are {self.lines}: write one for each SKU, and at least one")

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.unit_price for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Placed:
    """The first answer to this key, now or again."""

    order_id: str
    lines: tuple[Line, ...]
    in_sale: bool = False  # it was accepted by a sale's fast path, then


def ask(
    form: OrderForm,
    *,
    scope: str,
    lines: Sequence[tuple[Sku, int]],
    account: int | None = None,
    generations: int = 0,
) -> Asked:
    """Name a checked form's order. `scope` is the product's slug, with its `generations`, or BASKET."""
    sales = range(1, generations + 1)[-MOST_SALES:]
    return Asked(
        order_id=identity.order_id(scope=scope, generation=0, key=form.key),
        fingerprint=form.fingerprint,
        email=form.email,
        name=form.name,
        address=form.address,
        payment_token=form.payment_token,
        lines=tuple(Line(sku.pk, quantity, sku.price) for sku, quantity in lines),
        account=account,
        in_sales=tuple(identity.order_id(scope=scope, generation=each, key=form.key) for each in sales),
    )


def place(asked: Asked, *, now: datetime) -> Placed | Refusal | KeyConflict:
    """Take the units and write the order, or neither."""
    if asked.total > MAX_TOTAL:
        # No shop has that much of anything, and the database would not even write it down.
        return Refusal.SOLD_OUT
    with transaction.atomic():
        within_limit = _insert(asked, now=now)
        if within_limit is None:
            return _first_answer(asked)
        taken = within_limit and _take_all(asked)
        # Only now: a sale gives its SKUs back when all its claims are orders, or letters. Whoever
        # asks again just then would not find the first answer before the take, and buy twice.
        in_sale = _answer_in_a_sale(asked)
        if in_sale or not taken:
            transaction.set_rollback(True)
    if in_sale:
        return in_sale
    # Looked up only to choose the sentence: the refusal itself was the stock's own, or the count's.
    return Placed(asked.order_id, asked.lines) if taken else _why_not(asked, within_limit=within_limit)


def _insert(asked: Asked, *, now: datetime) -> bool | None:
    """Whether the buyer's limits allow what was written; None, and nothing written, where it was before."""
    buyer = identity.buyer(asked.email)
    fields: dict[str, Any] = {
        "id": asked.order_id,
        "email": asked.email,
        "buyer": buyer,
        "account": asked.account,
        "buyers": list(filter(None, (buyer, identity.account_buyer(asked.account)))),
        "name": asked.name,
        "address": json.dumps(dict(asked.address)),
        "payment_token": asked.payment_token,
        "currency": settings.CURRENCY,
        "total": asked.total,
        "fingerprint": asked.fingerprint,
        "now": now,
        "lines": json.dumps([asdict(line) for line in asked.lines], default=str),
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, fields)
        row = cursor.fetchone()
        return bool(row[0]) if row else None


def _take_all(asked: Asked) -> bool:
    # In the order of the SKUs' ids, or two baskets could each hold what the other waits for.
    return all(
        stock.take(sku_id=line.sku_id, quantity=line.quantity, order_id=asked.order_id)
        for line in sorted(asked.lines, key=lambda line: line.sku_id)
    )


def _first_answer(asked: Asked) -> Placed | KeyConflict:
    if not Order.objects.filter(id=asked.order_id, fingerprint=asked.fingerprint).exists():
        return KeyConflict()
    return Placed(asked.order_id, _lines(asked.order_id))


def _answer_in_a_sale(asked: Asked) -> Placed | KeyConflict | None:
    """What this key was answered on the fast path, where it was: the sale may have closed on the answer."""
    if not asked.in_sales:
        return None
    if order := Order.objects.filter(id__in=asked.in_sales).first():
        if order.fingerprint != asked.fingerprint:
            return KeyConflict()
        return Placed(str(order.pk), _lines(str(order.pk)), in_sale=True)
    claim = dead_letters.find_claim(asked.in_sales)
    if claim is None:
        return None
    if claim.fingerprint != asked.fingerprint:
        return KeyConflict()
    line = Line(asked.lines[0].sku_id, claim.quantity, Decimal(claim.unit_price))
    return Placed(claim.order_id, (line,), in_sale=True)


def _lines(order_id: str) -> tuple[Line, ...]:
    lines = OrderLine.objects.filter(order=UUID(order_id)).order_by("id")
    return tuple(Line(*row) for row in lines.values_list("sku_id", "quantity", "unit_price"))


def _why_not(asked: Asked, *, within_limit: bool) -> Refusal:
    skus = [line.sku_id for line in asked.lines]
    # First: on its sale page the sale's own limit counts.
    if Stock.objects.filter(sku__in=skus, sale__isnull=False).exists():
        return Refusal.CLOSED
    return Refusal.SOLD_OUT if within_limit else Refusal.OVER_LIMIT
