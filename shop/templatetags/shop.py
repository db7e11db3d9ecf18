"""Money as shoppers read it, and the header's categories; no page needs a request for them."""

from decimal import Decimal

from django import template

from shop import moments
from shop.models import Category

register = template.Library()

COUNTRIES = (
    ("US", "United States"),
    ("AU", "Australia"),
    ("CA", "Canada"),
    ("DE", "Germany"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("IE", "Ireland"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("NZ", "New Zealand"),
    ("SE", "Sweden"),
)
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


@register.filter
def money(amount: Decimal, currency: str) -> str:
    sign = SIGNS.get(currency, f"{currency} ")
    return f"{sign}{amount:,.2f}"


@register.filter
def percent_below(price: Decimal, regular: Decimal) -> str:
    return f"{round(100 * (regular - price) / regular)}%"


@register.simple_tag
def countries() -> tuple[tuple[str, str], ...]:
    return COUNTRIES


@register.simple_tag
def header_categories() -> list[Category]:
    return moments.once_in(10, "categories", lambda: list(Category.objects.only("name", "slug")))
