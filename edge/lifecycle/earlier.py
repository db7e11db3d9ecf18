"""What was answered under a product's address before its sale: whoever asks again gets that from the sale.

A buyer's order is placed by the shop, the answer is lost on its way, the product is armed,
and the same key comes again: now to the fast path, under whose generation it would be
another order. Once the shop's door is shut and the last sale is closed, no more such
answers come up, so they are told to the ledger when it is loaded.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from edge.ledger import connect
from edge.lifecycle import kept
from fastpath_lambda.claims import Claim
from orders.models import OrderLine
from shop.models import Allotment, Sale

# As long as a closed sale's claims are kept, for the same repeats.
KEEP = timedelta(hours=24)
BY_THE_SHOP = 0
# Each is looked through for every order.
MOST_SALES = 2


def recall(sale: Sale, *, now: datetime) -> tuple[int, ...]:
    """Tell the ledger what the shop answered. Returns the generations where an answer may be."""
    since, seconds = now - KEEP, round(KEEP.total_seconds())
    closed = Allotment.objects.filter(sku__product=sale.product, closed_at__gte=since)
    sales = set(closed.exclude(generation=sale.generation).values_list("generation", flat=True))
    last_sales = sorted(sales, reverse=True)[:MOST_SALES]
    has_some = connect().remember(sale.product.slug, _by_the_shop(sale, since=since), keep_for=seconds) > 0
    return (*([BY_THE_SHOP] if has_some else []), *last_sales)


def _by_the_shop(sale: Sale, *, since: datetime) -> Iterator[Claim]:
    lines = OrderLine.objects.filter(sku__product=sale.product, order__sale=None, order__placed_at__gte=since)
    for line in lines.select_related("order", "sku").iterator(chunk_size=kept.TOGETHER):
        yield kept.as_claim(sale, line, generation=BY_THE_SHOP)
