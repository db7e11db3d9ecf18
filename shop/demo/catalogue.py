"""The demo catalogue, read from catalogue.json: plain values, no database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from shop.drawings import pictures
from shop.drawings.palette import Palette

SOURCE = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True, slots=True)
class DemoSku:
    code: str
    options: Mapping[str, str]
    price: Decimal
    stock: int


@dataclass(frozen=True, slots=True)
class DemoProduct:
    name: str
    summary: str
    description: str
    featured: bool
    skus: tuple[DemoSku, ...]
    picture: Mapping[str, str]
    ground: str

    @property
    def slug(self) -> str:
        return slugify(self.name)

    def draw(self) -> str:
        kind, palette = palette_of(self.picture)
        return pictures.product(kind, palette, ground=self.ground, seed=self.slug)


@dataclass(frozen=True, slots=True)
class DemoCategory:
    name: str
    slug: str
    summary: str
    ground: str
    pictures: tuple[Mapping[str, str], ...]
    products: tuple[DemoProduct, ...]

    def draw(self) -> str:
        things = [palette_of(picture) for picture in self.pictures]
        return pictures.category(things, ground=self.ground, seed=self.slug)


def read() -> list[DemoCategory]:
    return [_category(fields) for fields in json.loads(SOURCE.read_text())["categories"]]


def _category(fields: Mapping[str, Any]) -> DemoCategory:
    products = tuple(_product(product, ground=fields["ground"]) for product in fields["products"])
    shown = tuple(fields["pictures"])
    named = {name: fields[name] for name in ("name", "slug", "summary", "ground")}
    return DemoCategory(pictures=shown, products=products, **named)


def _product(fields: Mapping[str, Any], *, ground: str) -> DemoProduct:
    skus = tuple(DemoSku(**sku | {"price": Decimal(sku["price"])}) for sku in fields["skus"])
    return DemoProduct(**{**fields, "skus": skus, "ground": ground})


def palette_of(picture: Mapping[str, str]) -> tuple[str, Palette]:
    return picture["kind"], Palette(**{name: value for name, value in picture.items() if name != "kind"})
