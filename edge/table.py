"""The routing table the database asks for: the permanent behaviors, and those of each sale that is on."""

from django.db.models import F

from edge import routing
from edge.models import MinisitePage
from edge.routing import Behavior, Origin
from shop.models import Sale


def desired() -> tuple[Behavior, ...]:
    """In order of precedence. A sale is in it from the moment that its page stands."""
    pages = MinisitePage.objects.filter(sale__state__in=Sale.ON, generation=F("sale__generation"))
    sales = (
        behavior
        for page in pages.select_related("sale__product__category").order_by("sale__product__slug")
        for behavior in _behaviors(page.sale, page.build)
    )
    return (*sales, *routing.PERMANENT)


def patterns_on_sale() -> frozenset[str]:
    """The path patterns that must lead to the fast path, whether or not their page was found."""
    sales = Sale.objects.filter(state__in=Sale.ON).select_related("product__category")
    return frozenset(
        behavior.path_pattern
        for sale in sales
        for behavior in _behaviors(sale, "any")
        if behavior.origin is Origin.FASTPATH
    )


def _behaviors(sale: Sale, build: str) -> tuple[Behavior, ...]:
    product = sale.product
    return routing.sale_behaviors(category=product.category.slug, product=product.slug, build=build)
