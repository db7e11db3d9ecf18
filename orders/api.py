"""REST of orders, for programs: place one, read it, cancel it while that can be done."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from fastpath_lambda import problems
from fastpath_lambda.forms import BadForm
from fastpath_lambda.problems import Problem
from fastpath_lambda.rules import Refusal
from orders import cancelling, checkout, legacy, queries
from orders.api_shapes import KEY, NEW_ORDER, TOKEN, PlacedOrder
from orders.models import Order
from shop.rest.problems import Refused
from shop.rest.tokens import TokenAuthentication

Status = Order.Status
FEWER_LEFT = "Fewer are left than you ask for. Ask for less, or come back later."


@extend_schema(
    operation_id="orders_place",
    summary="Place an order of one SKU, or of several lines",
    description="The same key and body again is the same order, and is answered as it was the first time.",
    tags=["orders"],
    parameters=[KEY],
    request=NEW_ORDER,
    responses={
        201: PlacedOrder,
        409: OpenApiResponse(description="Sold out, over the limit, or on sale on its own page: `refusal`."),
        422: OpenApiResponse(description="This key was used for another order."),
    },
)
@api_view(["POST"])
@authentication_classes([TokenAuthentication])
@permission_classes([AllowAny])
def orders(request: Request) -> Response:
    if not isinstance(request.data, dict):
        raise Refused(problems.bad_request({"body": "The order must be a JSON object."}))
    try:
        key = request.headers.get("Idempotency-Key")
        order_id = legacy.check_out(request.data, key=key, now=timezone.now())
    except BadForm as error:
        raise Refused(error.problem) from None
    except checkout.CannotCheckOut as error:
        raise Refused(_why_not(error)) from None
    # However far it has got by now: the first answer again.
    first = _present(_get(order_id)) | {"status": Status.PLACED.value, "version": 1}
    return _answer(first, status=201, Location=queries.api_url(order_id))


@extend_schema(
    operation_id="orders_show",
    summary="One order, as its status page shows it",
    tags=["orders"],
    parameters=[TOKEN],
    responses=PlacedOrder,
)
@api_view(["GET", "HEAD"])
@permission_classes([AllowAny])
def order(request: Request, order_id: UUID) -> Response:
    return _answer(_present(_find(request, order_id)))


@extend_schema(
    operation_id="orders_cancel",
    summary="Cancel an order that is not shipped yet",
    description="Units and money go back by themselves. Cancelling what is cancelled changes nothing.",
    tags=["orders"],
    parameters=[TOKEN],
    request=None,
    responses={200: PlacedOrder, 409: OpenApiResponse(description="It is too late to cancel this order.")},
)
@api_view(["POST"])
@permission_classes([AllowAny])
def cancel(request: Request, order_id: UUID) -> Response:
    _find(request, order_id)
    if not cancelling.cancel(order_id):
        raise Refused(_too_late(_get(order_id)))
    return _answer(_present(_get(order_id)))


def _find(request: Request, order_id: UUID) -> Order:
    """For whoever has its link, and for staff. To anybody else it is not there."""
    staff = request.user.is_authenticated and request.user.is_staff
    if not staff and not queries.opens(order_id, request.query_params.get("token", "")):
        raise NotFound
    return _get(order_id)


def _get(order_id: UUID | str) -> Order:
    found = queries.find_order(UUID(str(order_id)))
    if found is None:
        raise NotFound
    return found


def _present(found: Order) -> dict[str, Any]:
    return dict(PlacedOrder(queries.present(found)).data)


def _answer(shown: dict[str, Any], *, status: int = 200, **headers: str) -> Response:
    return Response(shown, status=status, headers=headers | {"Cache-Control": "no-store"})


def _why_not(error: checkout.CannotCheckOut) -> Problem:
    if error.refusal is None:
        return problems.key_conflict() if error.status == 422 else problems.bad_request(error.errors)
    sold_out = error.refusal is Refusal.SOLD_OUT
    return problems.refused(error.refusal, detail=FEWER_LEFT if sold_out else error.errors[""])


def _too_late(found: Order) -> Problem:
    sentence = f"This order is {found.status}: it can no longer be cancelled. Ask the shop about it."
    return Problem(409, "Too late", sentence, refusal="too_late", extra={"order_status": found.status})
