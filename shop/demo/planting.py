"""Puts the demo catalogue into the shop. Doing it again changes nothing that somebody has changed since."""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile

from shop import stock
from shop.demo.catalogue import DemoCategory, DemoProduct, DemoSku
from shop.models import Category, Product, Sku, StockMovement

BY = "seed_shop"


@dataclass(slots=True)
class Planted:
    """How many were new."""

    categories: int = 0
    products: int = 0
    skus: int = 0


def plant(categories: list[DemoCategory]) -> Planted:
    planted = Planted()
    for position, category in enumerate(categories):
        _plant_category(category, position, planted)
    return planted


@transaction.atomic
def _plant_category(wanted: DemoCategory, position: int, planted: Planted) -> None:
    fields = {"name": wanted.name, "summary": wanted.summary, "position": position}
    category, is_new = Category.objects.get_or_create(slug=wanted.slug, defaults=fields)
    planted.categories += is_new
    _draw(category.picture, f"{wanted.slug}.svg", wanted.draw)
    for at, product in enumerate(wanted.products):
        _plant_product(product, category, at, planted)


def _plant_product(wanted: DemoProduct, category: Category, position: int, planted: Planted) -> None:
    product, is_new = Product.objects.get_or_create(
        slug=wanted.slug,
        defaults={
            "category": category,
            "name": wanted.name,
            "summary": wanted.summary,
            "description": wanted.description,
            "featured": wanted.featured,
            "position": position,
        },
    )
    planted.products += is_new
    _draw(product.picture, f"{wanted.slug}.svg", wanted.draw)
    for at, sku in enumerate(wanted.skus):
        planted.skus += _plant_sku(sku, product, at)


def _plant_sku(wanted: DemoSku, product: Product, position: int) -> bool:
    fields = {"product": product, "options": wanted.options, "price": wanted.price, "position": position}
    sku, is_new = Sku.objects.get_or_create(code=wanted.code, defaults=fields)
    if is_new:
        stock.set_available(sku, available=wanted.stock, by=BY, reason=StockMovement.Reason.RECEIVED)
    return is_new


def _draw(picture: FieldFile, name: str, draw: Callable[[], str]) -> None:
    """A picture that is missing is drawn, also where the folder was emptied but the row was not."""
    if picture.name and picture.storage.exists(picture.name):
        return
    picture.save(name, ContentFile(draw().encode()))
