"""The basket's pages, and checkout."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from fastpath_lambda.checks import MAX_QUANTITY
from fastpath_lambda.rules import Refusal
from orders import basket, checkout, queries, responses
from orders.origins import ours_only
from shop.models import Sku

PLACED = "placed"


@never_cache
@require_http_methods(["GET", "HEAD"])
def basket_page(request: HttpRequest) -> HttpResponse:
    return _with_count(request, render(request, "orders/basket.html", _contents(request)))


@ours_only
@require_POST
def add_to_basket(request: HttpRequest) -> HttpResponse:
    return _change(request, basket.add, smallest=1)


@ours_only
@require_POST
def update_basket(request: HttpRequest) -> HttpResponse:
    return _change(request, basket.set_quantity, smallest=0)


@ours_only
@require_POST
def remove_from_basket(request: HttpRequest) -> HttpResponse:
    basket.set_quantity(request.session, request.POST.get("sku", ""), 0)
    return _look_at_basket(request)


@ours_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _check_out(request)
    if not basket.count(request.session):
        return responses.see("/basket/")
    return _form(request, checkout.blank(), key=checkout.new_key())


def _check_out(request: HttpRequest) -> HttpResponse:
    key = request.POST.get("idempotency_key", "")
    placed = request.session.get(PLACED, {})
    if key in placed:
        # The button was pressed twice, and the basket is empty by now.
        return responses.see(queries.page_url(placed[key]))
    values = {name: request.POST.get(name, "") for name in checkout.FIELDS}
    lines = basket.get_lines(request.session)
    try:
        order_id = checkout.check_out(
            values, key=key, lines=lines, now=timezone.now(), account=request.user.pk
        )
    except checkout.CannotCheckOut as error:
        # Under the old key, what is mended now would be another body.
        return _form(request, values, key=checkout.new_key(), errors=error.errors, status=error.status)
    request.session[PLACED] = {key: order_id}
    basket.clear(request.session)
    return _with_count(request, responses.see(queries.page_url(order_id)))


def _form(
    request: HttpRequest,
    values: dict[str, str],
    *,
    key: str,
    errors: object = None,
    status: int = 200,
) -> HttpResponse:
    context = _contents(request) | {"form": values, "errors": errors or {}, "idempotency_key": key}
    return render(request, "orders/checkout.html", context, status=status)


def _contents(request: HttpRequest) -> dict[str, object]:
    lines = basket.with_rooms(basket.get_lines(request.session))
    return {
        "lines": lines,
        "rooms": basket.live_rooms(lines),
        "total": basket.get_total(lines),
        "currency": lines[0].sku.currency if lines else "",
        "is_troubled": any(line.problem for line in lines),
    }


def _change(request: HttpRequest, act: Callable[..., None], *, smallest: int) -> HttpResponse:
    sku, quantity = request.POST.get("sku", ""), request.POST.get("quantity", "1")
    if not (quantity.isascii() and quantity.isdigit() and len(quantity) < 6):
        return responses.refused(request, Refusal.BAD_REQUEST)
    if not smallest <= int(quantity) <= MAX_QUANTITY:
        return responses.refused(request, Refusal.BAD_REQUEST)
    if "\0" in sku or not Sku.objects.filter(code=sku, stock__isnull=False).exists():
        return responses.refused(request, Refusal.BAD_REQUEST)
    act(request.session, sku, int(quantity))
    return _look_at_basket(request)


def _look_at_basket(request: HttpRequest) -> HttpResponse:
    if responses.wants_page(request):
        return _with_count(request, responses.see("/basket/"))
    return _with_count(request, JsonResponse({"count": basket.count(request.session)}))


def _with_count(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The badge on every page is filled from this cookie by the page itself: the server renders none."""
    response.set_cookie("basket_count", str(basket.count(request.session)), samesite="Lax")
    return response
