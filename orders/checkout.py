"""Checkout: a guest's basket becomes one order.

The buyer's fields are the order form's own (fastpath_lambda/forms.py), so what is an
e-mail or an address is said once. In place of one SKU stands a hash of the basket's
lines: the same key with another basket is a conflict, like any other changed body.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from fastpath_lambda import forms, identity
from fastpath_lambda.forms import OrderForm
from fastpath_lambda.ledger import KeyConflict
from fastpath_lambda.rules import Refusal
from orders import limits, placing
from orders.basket import BasketLine
from orders.placing import Placed

FIELDS = ("email", "name", *forms.ADDRESS, "payment_token")


class CannotCheckOut(Exception):
    """Nothing was ordered. `errors` is field → sentence; the empty field is the basket itself."""

    def __init__(self, errors: Mapping[str, str], *, status: int, refusal: Refusal | None = None) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors
        self.status = status
        self.refusal = refusal


def new_key() -> str:
    return uuid.uuid4().hex


def blank() -> dict[str, str]:
    # The country is the list's first then, as in the form of a product on sale.
    return dict.fromkeys(FIELDS, "") | {"payment_token": "tok_ok"}


def check_out(
    values: Mapping[str, str],
    *,
    key: str,
    lines: Sequence[BasketLine],
    now: datetime,
    account: int | None = None,
) -> str:
    """Place the order and return its id; the first one again where this key was used before."""
    form = _check(values, key=key, lines=lines)
    wanted = [(line.sku, line.quantity) for line in lines]
    asked = placing.ask(form, scope=placing.BASKET, lines=wanted, account=account)
    match placing.place(asked, now=now):
        case Placed(order_id):
            return order_id
        case KeyConflict():
            raise CannotCheckOut(
                {"": "Your basket changed after this order was sent. Look at it, and send it again."},
                status=422,
            )
        case Refusal.CLOSED:
            raise CannotCheckOut({"": _on_sale(lines)}, status=409, refusal=Refusal.CLOSED)
        case Refusal.OVER_LIMIT as refusal:
            sentence = limits.sentence([line.sku for line in lines])
            raise CannotCheckOut({"": sentence}, status=409, refusal=refusal)
        case Refusal() as refusal:
            raise CannotCheckOut(
                {"": "Some of this was just sold to somebody else. Your basket shows what is left."},
                status=409,
                refusal=refusal,
            )


def _check(values: Mapping[str, str], *, key: str, lines: Sequence[BasketLine]) -> OrderForm:
    if not lines:
        raise CannotCheckOut({"": "Your basket is empty."}, status=400)
    basket = identity.fingerprint({line.sku.code: line.quantity for line in lines})
    try:
        return forms.check({**values, "sku": basket, "quantity": 1, "idempotency_key": key})
    except forms.BadForm as error:
        raise CannotCheckOut(error.problem.errors or {}, status=error.problem.status) from None


def _on_sale(lines: Sequence[BasketLine]) -> str:
    names = " and ".join(dict.fromkeys(line.product.name for line in lines if line.sku.stock.sale_id))
    return (
        f"{names or 'Something in here'} is on sale right now: remove it here, and buy it on its sale page."
    )
