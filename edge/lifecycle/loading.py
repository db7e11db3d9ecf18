"""What of a sale the ledger is given, and whether it has it still."""

from django.conf import settings

from edge.ledger import connect
from edge.models import MinisitePage
from fastpath_lambda import rules
from shop.models import Allotment, Sale


def allotments(sale: Sale) -> list[Allotment]:
    rows = Allotment.objects.filter(sale=sale, generation=sale.generation)
    return list(rows.select_related("sku").order_by("sku_id"))


def as_rules(
    sale: Sale,
    skus: list[str],
    *,
    state: rules.State = rules.State.ARMED,
    epoch: int = 0,
    earlier: tuple[int, ...] = (),
) -> rules.Sale:
    return rules.Sale(
        product=sale.product.slug,
        category=sale.product.category.slug,
        name=sale.product.name,
        sale_id=sale.pk,
        generation=sale.generation,
        state=state,
        limit_per_buyer=sale.limit_per_buyer,
        currency=settings.CURRENCY,
        prices={sku: str(sale.price) for sku in skus},
        opens_at=sale.opens_at,
        closes_at=sale.closes_at,
        revision=_revision(epoch),
        earlier=earlier,
    )


def is_lost(sale: Sale) -> bool:
    """Whether the ledger had this sale, as its page says, and has it no more; or has an older epoch of it."""
    loaded = connect().get_sale(sale.product.slug)
    if loaded and loaded.generation == sale.generation and loaded.revision == _revision(epoch(sale)):
        return False
    return MinisitePage.objects.filter(sale=sale, generation=sale.generation).exists()


def epoch(sale: Sale) -> int:
    """How many ledgers of this generation were lost."""
    return max((row.epoch for row in allotments(sale)), default=0)


def _revision(epoch: int) -> int:
    # So a door that knows the sale from before its ledger was lost is asked to read it again.
    return 1 + epoch
