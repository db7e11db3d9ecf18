"""The static page that a product has while it is on sale, published through Django's storage.

It is the shop's own product page: same template, same context, rendered without a
request, so it can hold nothing of any visitor. Its address has a hash of its content:
a page is never changed in place, and no cache needs to be told of a new one.
"""

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.template.loader import render_to_string
from django.utils import timezone

from edge.models import MinisitePage
from shop import queries
from shop.models import Product, Sale

TEMPLATE = "shop/product.html"


def publish(sale: Sale) -> MinisitePage:
    """Store the page of this sale as it reads now, and remember it as the current one."""
    html = render(sale.product).encode()
    build = hashlib.blake2b(html, digest_size=6).hexdigest()
    path = path_of(sale.product, build)
    _store(path, html)
    page, _ = MinisitePage.objects.update_or_create(
        sale=sale,
        generation=sale.generation,
        defaults={"build": build, "path": path, "published_at": timezone.now()},
    )
    return page


def render(product: Product) -> str:
    """The page as it is to be while its sale is on: as the shop's own, at this moment."""
    shown = queries.with_sales(Product.objects.all()).get(pk=product.pk)
    return render_to_string(TEMPLATE, queries.product_page(shown))


def path_of(product: Product, build: str) -> str:
    return f"{build}{product.get_absolute_url()}index.html"


def _store(path: str, html: bytes) -> None:
    storage = storages["minisite"]
    if storage.exists(path):
        # A shorter one is what a crash left of it while it was written.
        if storage.size(path) == len(html):
            return
        storage.delete(path)
    storage.save(path, ContentFile(html))
