"""A big shop to measure with: thousands of plain products, written in bulk."""

from collections.abc import Iterator
from decimal import Decimal

from django.db import transaction

from shop import events
from shop.demo.planting import BY
from shop.models import Category, Product, Sku, Stock, StockMovement

BATCH = 1000
STOCK = 25
# Behind the drawn ones in every list; each has its own place, so that a page is found at once.
FIRST_POSITION = 1000
MAKERS = ("Heron", "Kestrel", "Otter", "Pike", "Drift", "Cascade", "Harbour", "Northwind", "Loon", "Alder")
QUALITIES = ("Light", "Classic", "Field", "Guide", "Pro", "Compact", "Long-Range", "River", "Lake", "Winter")


def plant(wanted: int) -> Iterator[int]:
    """Bring the number of such products to `wanted`, and yield how many each batch added."""
    categories = list(Category.objects.order_by("position"))
    present = Product.objects.filter(slug__startswith="stock-item-").count()
    for start in range(present, wanted, BATCH):
        numbers = range(start, min(start + BATCH, wanted))
        _plant_batch([_product(number, categories) for number in numbers])
        yield len(numbers)


@transaction.atomic
def _plant_batch(batch: list[Product]) -> None:
    products = Product.objects.bulk_create(batch)
    skus = Sku.objects.bulk_create(
        Sku(
            product=product,
            code=product.slug.upper(),
            price=Decimal(5 + product.position % 200) - Decimal("0.01"),
        )
        for product in products
    )
    Stock.objects.bulk_create(Stock(sku=sku, available=STOCK) for sku in skus)
    received = StockMovement.Reason.RECEIVED
    StockMovement.objects.bulk_create(
        StockMovement(sku=sku, quantity=STOCK, reason=received, by=BY) for sku in skus
    )
    events.tell_stock(sku.pk for sku in skus)


def _product(number: int, categories: list[Category]) -> Product:
    category = categories[number % len(categories)]
    maker, quality = MAKERS[number // 7 % 10], QUALITIES[number // 70 % 10]
    return Product(
        category=category,
        name=f"{maker} {quality} {category.name} No. {number + 1}",
        slug=f"stock-item-{number + 1}",
        summary=f"{quality} {category.name.lower()} by {maker}, one of many.",
        position=FIRST_POSITION + number,
    )
