"""An order as a client sends it, read and checked: the one definition, for both paths.

What is checked here is what one request shows by itself. Whether the SKU exists, the
limit and the units are the sale's or the shop's business. Whatever comes in, the
outcome is an OrderForm or a BadForm with the problem to answer; never anything else.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from fastpath_lambda import checks, fields, identity, problems
from fastpath_lambda.problems import Problem

MAX_BODY = 16 * 1024
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ADDRESS = ("line1", "city", "postcode", "country")


class BadForm(ValueError):
    """The request is no order. `problem` is the answer to it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class OrderForm:
    key: str
    sku: str
    quantity: int
    email: str
    name: str
    address: Mapping[str, str]  # line1, city, postcode, country
    payment_token: str

    @property
    def buyer(self) -> str:
        return identity.buyer(self.email)

    @property
    def fingerprint(self) -> str:
        """The same for JSON and form. The key is not in it: it is what the fingerprint is held against."""
        asked: dict[str, object] = {
            "sku": self.sku,
            "quantity": self.quantity,
            "email": self.email,
            "name": self.name,
            "payment_token": self.payment_token,
            **self.address,
        }
        return identity.fingerprint(asked)


def parse_order(body: bytes, content_type: str, idempotency_key: str | None) -> OrderForm:
    """Read one order. `idempotency_key` is the header, and wins over the field. Raises BadForm."""
    if len(body) > MAX_BODY:
        raise BadForm(problems.too_large())
    kind = media_type(content_type)
    if kind == JSON:
        found = _read(fields.from_json, body)
    elif kind == FORM:
        found = _read(fields.from_form, body)
        # JavaScript is off and the page is static: it cannot carry a key of its own.
        found["idempotency_key"] = found.get("idempotency_key") or os.urandom(16).hex()
    else:
        raise BadForm(problems.unsupported_type())
    return check(found | {"idempotency_key": idempotency_key} if idempotency_key else found)


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def check(found: Mapping[str, object]) -> OrderForm:
    """Hold the fields against what an order must have. Raises BadForm naming every wrong one."""
    errors: dict[str, str] = {}
    text = checks.texts(found, errors)
    quantity = checks.quantity(found.get("quantity"), errors)
    if errors:
        raise BadForm(problems.bad_request(errors))
    return OrderForm(
        key=text["idempotency_key"],
        sku=text["sku"],
        quantity=quantity,
        email=text["email"],
        name=text["name"],
        address={
            "line1": text["line1"],
            "city": text["city"],
            "postcode": text["postcode"],
            "country": text["country"].upper(),
        },
        payment_token=text["payment_token"],
    )


def _read(reader: fields.Reader, body: bytes) -> dict[str, object]:
    try:
        return reader(body)
    except fields.Unreadable as error:
        raise BadForm(problems.bad_request({"body": str(error)})) from None
