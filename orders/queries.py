"""Reads of orders: what their pages, their answers and their room say."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from fastpath_lambda import answers, identity
from orders.models import Order
from orders.placing import Line
from shop.models import Sku

PAGE_SIZE = 20


def token(order_id: UUID | str) -> str:
    return identity.status_token(settings.STATUS_TOKEN_SECRET, str(order_id))


def opens(order_id: UUID | str, given: str) -> bool:
    """Whether this token is the one in the order's link."""
    return identity.is_status_token(settings.STATUS_TOKEN_SECRET, str(order_id), given)


def page_url(order_id: UUID | str) -> str:
    """The order's own page, as its buyer may keep it."""
    return f"{reverse('orders:order', args=[order_id])}?token={token(order_id)}"


def api_url(order_id: UUID | str) -> str:
    """The order over REST, as the program that placed it may read it."""
    return f"{reverse('orders:api_order', args=[order_id])}?token={token(order_id)}"


def find_order(order_id: UUID) -> Order | None:
    orders = Order.objects.select_related("payment").prefetch_related("lines__sku__product__category")
    return orders.filter(id=order_id).first()


def orders_of(account: int, *, page: int) -> dict[str, Any]:
    """One page of an account's orders, the latest first, each with the link to its own page."""
    orders = Order.objects.filter(account=account).order_by("-placed_at", "id")
    first = (page - 1) * PAGE_SIZE
    found = list(orders.prefetch_related("lines__sku__product")[first : first + PAGE_SIZE + 1])
    shown = [{"order": order, "url": page_url(order.id), "token": token(order.id)} for order in found]
    more = page + 1 if len(found) > PAGE_SIZE else None
    return {"orders": shown[:PAGE_SIZE], "older": more, "newer": page - 1}


def find_sku(code: str, *, category: str, product: str) -> Sku | None:
    skus = Sku.objects.select_related("product")
    return skus.filter(code=code, product__slug=product, product__category__slug=category).first()


def answer(
    order_id: UUID | str, line: Line, *, sku: str, category: str, product: str, status: str, token: str
) -> dict[str, Any]:
    """One product's order as both paths tell of it. Its link has the token that the asker has."""
    return answers.answer(
        order_id=str(order_id),
        status=status,
        status_url=answers.status_url(category, product, str(order_id), token),
        sku=sku,
        quantity=line.quantity,
        unit_price=str(line.unit_price),
        currency=settings.CURRENCY,
    )


def present(order: Order) -> dict[str, Any]:
    """The order as its status page shows it, for programs."""
    lines = [
        {
            "sku": line.sku.code,
            "product": line.sku.product.slug,
            "name": line.sku.product.name,
            "quantity": line.quantity,
            "unit_price": str(line.unit_price),
        }
        for line in order.lines.all()
    ]
    return {
        "order_id": str(order.id),
        "status": order.status,
        "version": order.version,
        "status_url": page_url(order.id),
        "name": order.name,
        "email": order.email,
        "address": order.address,
        "lines": lines,
        "total": str(order.total),
        "currency": order.currency,
        "placed_at": order.placed_at,
    }
