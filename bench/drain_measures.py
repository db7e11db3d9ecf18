"""What bench.drain measures, in a process that has Django and the services' addresses."""
# ruff: noqa: E402

import argparse
import statistics
import time
from collections.abc import Callable

import django

django.setup()

from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from rich.console import Console
from rich.table import Table

from bench.whole_drain import Rate, WholeDrain, check, chunks, forget_orders
from fastpath_lambda import identity
from fastpath_lambda.claims import Claim
from orders import drain
from orders.models import Order, OrderLine
from shop import events
from shop.models import Allotment, Category, Product, Sale, Sku, Stock, StockMovement

WRITE_GOAL, WHOLE_GOAL = 30, 5
LOOP = "ORM loop, one transaction per order"
ADDRESS = {"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"}


def make_sale(units: int) -> Sale:
    rods = Category.objects.create(name="Rods", slug="rods")
    product = Product.objects.create(category=rods, name="Muskie Casting Rod", slug="muskie-casting-rod")
    sku = Sku.objects.create(product=product, code="MUSKIE-7FT", price="149.99")
    sale = Sale.objects.create(product=product, price="99.99", units=units, state="open", generation=1)
    Allotment.objects.create(sale=sale, generation=1, sku=sku, armed=units)
    Stock.objects.create(sku=sku, available=0, sale=sale)
    return sale


def make_claims(sale: Sale, count: int) -> list[Claim]:
    slug = sale.product.slug
    return [
        Claim(
            order_id=identity.order_id(scope=slug, generation=1, key=f"key-{number}"),
            sale_id=sale.pk,
            generation=1,
            product=slug,
            number=number,
            sku="MUSKIE-7FT",
            quantity=1,
            unit_price="99.99",
            currency="USD",
            buyer=f"buyer{number}@example.org",
            email=f"buyer{number}@example.org",
            name="Ada",
            address=ADDRESS,
            payment_token="tok_ok",
            fingerprint="0" * 32,
            accepted_ms=1_700_000_000_000 + number,
        )
        for number in range(1, count + 1)
    ]


@transaction.atomic
def order_one_by_one(claim: Claim, sku: Sku) -> None:
    same = ("email", "buyer", "name", "address", "payment_token", "currency", "fingerprint", "sale_id")
    fields = {name: getattr(claim, name) for name in (*same, "generation", "accepted_at")}
    fields |= {"total": claim.unit_price, "claim_number": claim.number}
    order, is_new = Order.objects.get_or_create(id=claim.order_id, defaults=fields)
    if is_new:
        OrderLine.objects.create(order=order, sku=sku, quantity=claim.quantity, unit_price=claim.unit_price)
        StockMovement.objects.create(
            sku=sku, quantity=-claim.quantity, reason="ordered", order_id=order.pk, sale_id=claim.sale_id
        )
        events.tell_order(order.pk, status="placed", version=1, product=claim.product)
        allotments = Allotment.objects.filter(sale=claim.sale_id, generation=claim.generation, sku=sku)
        allotments.update(ordered=F("ordered") + claim.quantity)


def measure(name: str, backlog: list[Claim], act: Callable[[], object]) -> Rate:
    forget_orders()
    started = time.perf_counter()
    act()
    seconds = time.perf_counter() - started
    check(len(backlog))
    return Rate(name, len(backlog), seconds)


def write_all(backlog: list[Claim], *, batch: int) -> None:
    for chunk in chunks(backlog, batch):
        drain.write_claims(chunk)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("claims", "loop", "rounds", "portion", "hands"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    sale = make_sale(options.claims)
    backlog = make_claims(sale, options.claims)
    write_all(backlog[:500], batch=100)  # plans, caches and connections are warm

    whole = WholeDrain(hands=options.hands)
    rounds = [
        measure_round(sale, portion, whole, loop=options.loop // options.rounds, portion=options.portion)
        for portion in chunks(backlog, options.claims // options.rounds)
    ]
    report(rounds, whole)


def measure_round(
    sale: Sale, backlog: list[Claim], whole: WholeDrain, *, loop: int, portion: int
) -> list[Rate]:
    """All of them one after the other, on the same claims: the machine is the same for them."""
    sku, sample = sale.product.skus.get(), backlog[:loop]
    return [
        measure(LOOP, sample, lambda: [order_one_by_one(claim, sku) for claim in sample]),
        measure("write alone, batches of 100", backlog, lambda: write_all(backlog, batch=100)),
        measure("write alone, batches of 500", backlog, lambda: write_all(backlog, batch=500)),
        whole.run(backlog, portion=portion),
    ]


def report(rounds: list[list[Rate]], whole: WholeDrain) -> None:
    table = Table(title=f"Medians of {len(rounds)} rounds, each of all four")
    for heading in ("", "claims", "orders/s", "ratio", "from", "to", "goal"):
        table.add_column(heading, justify="right" if heading else "left")
    for rates in zip(*rounds, strict=True):
        ratios = [rate.per_second / loop.per_second for rate, (loop, *_) in zip(rates, rounds, strict=True)]
        name, count = rates[0].name, sum(rate.count for rate in rates)
        speed = statistics.median(rate.per_second for rate in rates)
        shown = [f"{ratio:.1f}×" for ratio in (statistics.median(ratios), min(ratios), max(ratios))]
        table.add_row(name, f"{count:,}", f"{speed:,.0f}", *shown, _goal(name))
    console = Console()
    console.print(table)
    for name, share in sorted(whole.shares().items(), key=lambda item: -item[1]):
        console.print(f"whole drain: {name} had {share:.0%} of a core")


def _goal(name: str) -> str:
    if name == LOOP:
        return ""
    return f"≥ {WRITE_GOAL}×" if name.startswith("write") else f"≥ {WHOLE_GOAL}×"


if __name__ == "__main__":
    main()
