"""What the database knows of a sale whose ledger was lost: its orders as claims, and its dead letters."""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from edge.models import Transfer
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import EPOCH
from orders import dead_letters
from orders.models import DeadLetter, OrderLine, Release
from shop.models import Sale

TOGETHER = 1000

# Of the claims that the lost epoch gave: how many are known, and the highest number among them.
_KNOWN = """
    SELECT count(DISTINCT number), coalesce(max(number), 0) FROM (
        SELECT claim_number AS number FROM orders_order
        WHERE (sale_id, generation) = (%(sale_id)s, %(generation)s)
        UNION ALL SELECT unnest(%(letters)s::bigint[])
    ) AS claims
    WHERE number / %(numbers)s = %(epoch)s
"""


def orders(sale: Sale) -> Iterator[Claim]:
    """The claim that each order of this generation was; who was sold by another number has that."""
    lines = OrderLine.objects.filter(order__sale=sale, order__generation=sale.generation)
    for line in lines.select_related("order", "sku").iterator(chunk_size=TOGETHER):
        yield as_claim(sale, line, generation=sale.generation)


def given_back(sale: Sale) -> list[str]:
    """Orders whose units came back to the lost ledger, and transfers that it did, once written off."""
    of_sale = {"allotment__sale": sale, "allotment__generation": sale.generation}
    orders = Release.objects.filter(**of_sale).exclude(settled_at=None)
    transfers = Transfer.objects.filter(**of_sale).exclude(number=None)
    ids = (*orders.values_list("order_id", flat=True), *transfers.values_list("pk", flat=True))
    return [str(id) for id in ids]


def waiting_letters(sale: Sale) -> list[Claim]:
    """Claims of this generation that are with a person, or were sent again by one."""
    states = (DeadLetter.State.WAITING, DeadLetter.State.REPLAYED)
    bodies = DeadLetter.objects.filter(state__in=states).exclude(order_id=None).values_list("body", flat=True)
    found = {claim.order_id: claim for claim in map(dead_letters.read, bodies) if claim}
    its_own = {id: claim for id, claim in found.items() if _is_of(claim, sale)}
    placed = OrderLine.objects.filter(order__in=list(its_own)).values_list("order_id", flat=True)
    return [claim for id, claim in its_own.items() if id not in set(map(str, placed))]


def known(sale: Sale, *, epoch: int, letters: list[Claim]) -> tuple[int, int]:
    """How many claims of this epoch are orders or letters, and the highest of their numbers in it."""
    fields: dict[str, Any] = {
        "sale_id": sale.pk,
        "generation": sale.generation,
        "letters": [claim.number for claim in letters],
        "numbers": EPOCH,
        "epoch": epoch,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, fields)
        count, highest = cursor.fetchone()
    return count, highest % EPOCH


def _is_of(claim: Claim, sale: Sale) -> bool:
    return (claim.sale_id, claim.generation, claim.product) == (sale.pk, sale.generation, sale.product.slug)


def as_claim(sale: Sale, line: OrderLine, *, generation: int) -> Claim:
    order = line.order
    return Claim(
        order_id=str(order.pk),
        sale_id=sale.pk,
        generation=generation,
        product=sale.product.slug,
        number=order.claim_number or 0,
        sku=line.sku.code,
        quantity=line.quantity,
        unit_price=str(line.unit_price),
        currency=order.currency,
        buyer=order.buyer,
        email=order.email,
        name=order.name,
        address=order.address,
        payment_token=order.payment_token,
        fingerprint=order.fingerprint,
        accepted_ms=round(order.accepted_at.timestamp() * 1000),
        account=order.account_id,
    )
