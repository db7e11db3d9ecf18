"""Claims become orders: a batch of claims, one statement, one transaction.

The primary key of the order decides whether a claim is new, so a message that comes
twice, or to two drainers at once, is one order. Only rows that were new write lines,
movements and events, and move the allotment's units, once per batch with the sum.

Where the messages come from and what becomes of them afterwards is not here: see
buffer.py. Nothing here looks before it writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from django.db import DataError, IntegrityError, connection, transaction

from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import EPOCH
from orders.models import Order
from shop.models import Allotment, Sku

# A claim of an unknown sale or SKU finds no allotment: its line's sku_id is then NULL, which the
# table refuses, and that refuses the batch. More than was armed is refused by the allotment's CHECK.
# A claim of a ledger that was lost finds none either, as its number is of another epoch; and one whose
# ledger is given up while this statement waits for the allotment asks for more than there can be.
# Inserting in the order of the ids keeps two drainers with the same claims from a deadlock.
WRITE = """
WITH claim AS (
    SELECT c.*, allotment.id AS allotment_id, allotment.sku_id
    FROM jsonb_to_recordset(%s::jsonb) AS c(
        order_id uuid, sale_id bigint, generation integer, product text, number bigint, sku text,
        quantity integer, unit_price numeric(10, 2), currency text, buyer text, email text, name text,
        address jsonb, payment_token text, fingerprint text, accepted_ms bigint, account integer
    )
    LEFT JOIN shop_sku ON shop_sku.code = c.sku
    LEFT JOIN shop_allotment AS allotment
        ON (allotment.sale_id, allotment.generation, allotment.sku_id, allotment.epoch)
         = (c.sale_id, c.generation, shop_sku.id, c.number / 1000000000)
), placed AS (
    INSERT INTO orders_order (
        id, status, version, email, buyer, name, address, payment_token, currency, total,
        fingerprint, sale_id, generation, claim_number, accepted_at, account_id
    )
    SELECT order_id, 'placed', 1, email, buyer, name, address, payment_token, currency,
           unit_price * quantity, fingerprint, sale_id, generation, number,
           to_timestamp(accepted_ms / 1000.0), account
    FROM claim ORDER BY order_id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), new AS (
    SELECT claim.* FROM claim JOIN placed ON placed.id = claim.order_id
), line AS (
    INSERT INTO orders_orderline (order_id, sku_id, quantity, unit_price)
    SELECT order_id, sku_id, quantity, unit_price FROM new
), movement AS (
    INSERT INTO shop_stockmovement (sku_id, quantity, reason, order_id, sale_id, by)
    SELECT sku_id, -quantity, 'ordered', order_id, sale_id, 'drain' FROM new
), event AS (
    INSERT INTO shop_outboxevent (topic, key, payload)
    SELECT 'order.changed', 'order:' || order_id, jsonb_build_object(
        'order_id', order_id, 'status', 'placed', 'version', 1, 'product', product
    ) FROM new
), sold AS (
    UPDATE shop_allotment
    SET ordered = ordered + CASE WHEN epoch = batch.number / 1000000000 THEN batch.units ELSE armed + 1 END
    FROM (
        SELECT allotment_id, sum(quantity) AS units, max(number) AS number FROM new GROUP BY allotment_id
    ) AS batch
    WHERE shop_allotment.id = batch.allotment_id
)
SELECT id::text FROM placed
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch. Every claim's order id is in exactly one of the four."""

    new: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    # Order id → why it can never become an order as it is.
    rejected: Mapping[str, str] = field(default_factory=dict)
    # Of ledgers that were lost: see late.py.
    late: frozenset[str] = frozenset()

    def __add__(self, other: "Written") -> "Written":
        rejected = {**self.rejected, **other.rejected}
        return Written(self.new | other.new, self.known | other.known, rejected, self.late | other.late)


def write_claims(batch: Sequence[Claim]) -> Written:
    """Write each claim's order unless it is there. One bad claim is found, and keeps no other back."""
    return _write_or_halve(list({claim.order_id: claim for claim in batch}.values()))


def _write_or_halve(batch: list[Claim]) -> Written:
    if not batch:
        return Written()
    try:
        new = _write(batch)
    # The last two: text that no UTF-8 can say, numbers that no column can hold.
    except (IntegrityError, DataError, ValueError, OverflowError) as error:
        if len(batch) == 1:
            return _refused(batch[0], error)
        middle = len(batch) // 2
        return _write_or_halve(batch[:middle]) + _write_or_halve(batch[middle:])
    return Written(new=new) + _known([claim for claim in batch if claim.order_id not in new])


@transaction.atomic
def _write(batch: list[Claim]) -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [msgspec.json.encode(batch).decode()])
        return frozenset(order_id for (order_id,) in cursor.fetchall())


def _known(batch: list[Claim]) -> Written:
    """Tell a repeat from another order under the same id, as a lost ledger may have let in."""
    if not batch:
        return Written()
    ids = [claim.order_id for claim in batch]
    placed = {str(id): mark for id, mark in Order.objects.filter(id__in=ids).values_list("id", "fingerprint")}
    other = [claim.order_id for claim in batch if placed.get(claim.order_id) != claim.fingerprint]
    return Written(
        known=frozenset(ids) - frozenset(other),
        rejected=dict.fromkeys(other, "another order has this id: it was asked with another body"),
    )


def _refused(claim: Claim, error: Exception) -> Written:
    if isinstance(error, IntegrityError) and _is_late(claim):
        return Written(late=frozenset([claim.order_id]))
    return Written(rejected={claim.order_id: _say_why(claim, error)})


def _is_late(claim: Claim) -> bool:
    """Whether its ledger was lost before it became an order."""
    allotments = Allotment.objects.filter(sale_id=claim.sale_id, generation=claim.generation)
    return allotments.filter(sku__code=claim.sku, epoch__gt=claim.number // EPOCH).exists()


def _say_why(claim: Claim, error: Exception) -> str:
    """The reason as ops can act on it; the database's own words where we know no better."""
    # Nothing that it names can be looked up either.
    if unwritable := [name for name, value in _texts(claim) if not _is_writable(value)]:
        words = str(error).splitlines()[0]
        return f"text that cannot be written, in {', '.join(unwritable)}: {words}"
    sku = Sku.objects.filter(code=claim.sku).first()
    if sku is None:
        return f"unknown SKU {claim.sku!r}: add it to the catalogue, then replay"
    allotment = Allotment.objects.filter(sale_id=claim.sale_id, generation=claim.generation, sku=sku).first()
    if allotment is None:
        return f"no allotment of {claim.sku!r} in sale {claim.sale_id}, generation {claim.generation}"
    if allotment.ordered + allotment.returned + claim.quantity > allotment.armed:
        return (
            f"over the allotment: {claim.quantity} of {claim.sku!r} asked for, "
            f"{allotment.armed} armed, {allotment.ordered} ordered, {allotment.returned} returned"
        )
    return str(error).splitlines()[0]


def _texts(claim: Claim) -> list[tuple[str, str]]:
    fields = [(name, getattr(claim, name)) for name in claim.__slots__] + list(claim.address.items())
    return [(name, value) for name, value in fields if isinstance(value, str)]


def _is_writable(text: str) -> bool:
    """UTF-8 has no half of a pair, and PostgreSQL no NUL."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
