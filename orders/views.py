"""One product's order URI as the shop serves it, and the page of an order.

The order URI is the same that the fast path serves during a sale, with the same form,
answers and refusals. It carries no session, so there is nothing for a forged request
to misuse, and a page that was rendered for nobody can post to it.
"""

from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from fastpath_lambda import answers, forms, problems
from fastpath_lambda.ledger import KeyConflict
from fastpath_lambda.rules import Refusal
from orders import account_tokens, limits, placing, queries, responses
from orders.models import Order
from orders.placing import Line, Placed
from shop.models import Product
from shop.views import only_read

RETRY_AFTER = 2


@csrf_exempt
def order_product(request: HttpRequest, category: str, product: str) -> HttpResponse:
    if request.method != "POST":
        return responses.problem(request, problems.method_not_allowed("POST"))
    try:
        form = forms.parse_order(
            request.read(forms.MAX_BODY + 1),
            request.headers.get("Content-Type", ""),
            request.headers.get("Idempotency-Key"),
        )
        return _place(request, form, category=category, product=product)
    except forms.BadForm as error:
        return responses.problem(request, error.problem)
    except UnreadablePostError:
        # Whoever sent it is gone, most often.
        return responses.problem(request, problems.bad_request({"body": "The order did not come whole."}))
    except (OperationalError, InterfaceError):
        # The key makes asking again safe, whatever became of this attempt.
        return responses.problem(request, problems.unavailable(RETRY_AFTER))


def _place(request: HttpRequest, form: forms.OrderForm, *, category: str, product: str) -> HttpResponse:
    sku = queries.find_sku(form.sku, category=category, product=product)
    if sku is None:
        if not Product.objects.filter(slug=product, category__slug=category).exists():
            return responses.problem(request, problems.not_found())
        return responses.refused(request, Refusal.BAD_REQUEST)
    # The page is rendered for nobody and its order carries no session: the fast path's own token says who.
    account = account_tokens.find(request)
    lines, generations = [(sku, form.quantity)], sku.product.sale_generation
    asked = placing.ask(form, scope=product, lines=lines, account=account, generations=generations)
    match placing.place(asked, now=timezone.now()):
        case Placed(order_id, (line,), in_sale):
            answer = queries.answer(
                order_id,
                line,
                sku=sku.code,
                category=category,
                product=product,
                status=answers.ACCEPTED if in_sale else Order.Status.PLACED,
                token=queries.token(order_id),
            )
            if responses.sent_by_page(request):
                return responses.see(answer["status_url"])
            return responses.order(answer, status=202 if in_sale else 201)
        case KeyConflict():
            return responses.problem(request, problems.key_conflict())
        case Refusal() as refusal:
            limit = limits.sentence([sku])
            return responses.refused(request, refusal, quantity=form.quantity, limit=limit)
    raise AssertionError("an order of one product has one line")


@csrf_exempt
def order_status(request: HttpRequest, category: str, product: str, order_id: UUID) -> HttpResponse:
    """What became of an order that was placed at this product's URI, on either path."""
    if request.method not in ("GET", "HEAD"):
        return responses.problem(request, problems.method_not_allowed("GET, HEAD"))
    token = request.GET.get("token")
    order = queries.find_order(order_id)
    lines = [
        line
        for line in (order.lines.all() if order else ())
        if (line.sku.product.category.slug, line.sku.product.slug) == (category, product)
    ]
    if order is None or not lines or (token and not queries.opens(order_id, token)):
        return responses.problem(request, problems.not_found())
    if token and responses.wants_page(request):
        return responses.see(queries.page_url(order_id))
    line = Line(lines[0].sku_id, lines[0].quantity, lines[0].unit_price)
    answer = queries.answer(
        order_id,
        line,
        sku=lines[0].sku.code,
        category=category,
        product=product,
        status=order.status,
        # The link opens the order's page with name and address: only whoever has it gets it.
        token=token or "",
    )
    return responses.order(answer, status=200)


@never_cache
@only_read
def order_page(request: HttpRequest, order_id: UUID) -> HttpResponse:
    token = request.GET.get("token", "")
    order = queries.find_order(order_id) if queries.opens(order_id, token) else None
    if order is None:
        raise Http404("no such order, or not with this token")
    context = {"order": order, "url": queries.page_url(order_id), "token": token}
    return render(request, "orders/order.html", context)
