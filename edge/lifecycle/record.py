"""What the database says of a sale, who changed it, and whose turn it is to change it next."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches

from django.db import transaction
from django.db.models import QuerySet

from edge.models import SaleChange
from fastpath_lambda import rules
from shop import events, refusing
from shop.models import Product, Sale

State = Sale.State

WHAT_NOW = {
    State.DRAFT: "Arm it first.",
    State.ARMED: "Open it first, or close it.",
    State.OPEN: "Pause or close it.",
    State.PAUSED: "Resume it, or close it.",
    State.CLOSING: "Wait until it is closed.",
    State.CLOSED: "Arm it again for another sale.",
}


class CannotChange(refusing.CannotChange):
    """The sale stays as it is. The message says why, and what to do."""

    title = "The sale stays as it is"


class UnknownProduct(CannotChange):
    """There is no such product; the message names the nearest."""


def wrong_state(sale: Sale, *, action: str) -> CannotChange:
    return CannotChange(
        f"Cannot {action} the sale of {sale.product}: it is {sale.state}. {WHAT_NOW[State(sale.state)]}"
    )


def get_product(slug: str) -> Product:
    try:
        return Product.objects.select_related("category").get(slug=slug)
    except Product.DoesNotExist:
        near = get_close_matches(slug, Product.objects.values_list("slug", flat=True), n=1)
        hint = f"Did you mean {near[0]}?" if near else "See the products' slugs in the admin."
        raise UnknownProduct(f"There is no product {slug!r}. {hint}") from None


def find_sale_on(product: Product) -> Sale | None:
    return _sales(product).filter(state__in=Sale.ON).first()


def latest_sale(product: Product) -> Sale | None:
    """The sale that is on; or the one that was touched last, be it planned or over."""
    return find_sale_on(product) or _sales(product).order_by("-changed_at", "-id").first()


def get_sale(slug: str, *, action: str) -> Sale:
    product = get_product(slug)
    sale = find_sale_on(product) or _sales(product).order_by("-generation", "-id").first()
    if sale is None:
        raise CannotChange(f"Cannot {action}: {product} has no sale. Arm one first.")
    return sale


@transaction.atomic
def plan(sale: Sale) -> None:
    """Write down a new plan."""
    sale.save(force_insert=True)
    events.tell_sale(sale, action="plan")


@transaction.atomic
def edit_plan(sale: Sale, **fields: object) -> bool:
    """Change what is planned. False, and nothing done, where the sale is on by now."""
    planned = Sale.objects.filter(pk=sale.pk, state__in=(State.DRAFT, State.CLOSED))
    if not fields or not planned.update(**fields):
        return not fields
    events.tell_sale(Sale.objects.select_related("product").get(pk=sale.pk), action="plan")
    return True


def _sales(product: Product) -> QuerySet[Sale]:
    return Sale.objects.filter(product=product).select_related("product__category")


@contextmanager
def turn(sale: Sale) -> Iterator[Sale]:
    """One change of this sale at a time, as one transaction. Yields the sale as it is now.

    Without it, two operators' moves could pass each other between ledger and database,
    and leave "paused" written down for a sale that the ledger has open.
    """
    with transaction.atomic():
        sales = Sale.objects.select_for_update(of=("self",), no_key=True)
        yield sales.select_related("product__category").get(pk=sale.pk)


def follow(sale: Sale, state: rules.State, *, action: str, by: str, now: datetime) -> bool:
    """Write down the state that the ledger has. False where that is written already. Within a `turn`."""
    before, after = sale.state, State(state.value)
    if before == after:
        return False
    sale.state, sale.changed_by, sale.changed_at = after, by, now
    sale.save(update_fields=["state", "changed_by", "changed_at"])
    note(sale, action=action, before=before, by=by, now=now)
    return True


def note(sale: Sale, *, action: str, before: str, by: str, now: datetime, units: int | None = None) -> None:
    """Write down who did what, and tell of it: within the transaction that changes the sale."""
    SaleChange.objects.create(
        sale=sale,
        generation=sale.generation,
        action=action,
        from_state=before,
        to_state=sale.state,
        units=units,
        by=by,
        at=now,
    )
    events.tell_sale(sale, action=action)
