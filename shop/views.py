"""The shop's pages. They show the same to everybody: no session is read or opened here."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from shop import queries, search
from shop.models import Category, Product


def only_read(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that nothing can be sent to: 405, as its published twin says, and not a word of forged forms."""
    return csrf_exempt(require_safe(view))


@only_read
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/home.html", queries.front_page())


@only_read
def catalogue(request: HttpRequest) -> HttpResponse:
    listing = queries.listing(Product.objects.all(), after=request.GET.get("after", ""))
    context = {"listing": listing, "categories": Category.objects.all()}
    return render(request, "shop/catalogue.html", context | {"rooms": queries.live_rooms(listing.cards)})


@only_read
def category(request: HttpRequest, category: str) -> HttpResponse:
    found = get_object_or_404(Category, slug=category)
    listing = queries.listing(found.products.all(), after=request.GET.get("after", ""))
    context = {"category": found, "listing": listing, "rooms": queries.live_rooms(listing.cards)}
    return render(request, "shop/category.html", context)


@only_read
def product(request: HttpRequest, category: str, product: str) -> HttpResponse:
    products = queries.with_sales(Product.objects.all())
    found = get_object_or_404(products, slug=product, category__slug=category)
    return render(request, "shop/product.html", queries.product_page(found))


@only_read
def find(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("q", "").replace("\0", "").strip()[: search.MAX_LENGTH]
    found = queries.cards(search.search(asked, limit=queries.PAGE_SIZE))
    context = {"q": asked, "cards": found, "rooms": queries.live_rooms(found)}
    return render(request, "shop/search.html", context)
