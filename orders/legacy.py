"""An order of one or several SKUs, as a program sends it over REST: read, and checked out like a basket.

The buyer's fields are the order form's own, named alike in every error; so a client of
the product's order URI has only its address to change.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastpath_lambda import checks, problems
from fastpath_lambda.checks import MAX_QUANTITY
from fastpath_lambda.forms import BadForm
from orders import basket, checkout
from orders.basket import BasketLine

UNKNOWN = "This is not for sale here. The products' list names what is."


def check_out(body: Mapping[str, Any], *, key: str | None, now: datetime) -> str:
    """Place the order and return its id; the first one again where this key was used before.

    Raises BadForm for what is wrong with the body, else as checkout.check_out does.
    """
    errors: checks.Errors = {}
    fields = _fields(body)
    key = key or str(body.get("idempotency_key") or "")
    lines = _lines(body, errors)
    if errors:
        # All that is wrong is named at once. In place of one SKU stands the basket, which never is.
        checks.texts({**fields, "sku": "basket", "idempotency_key": key}, errors)
        raise BadForm(problems.bad_request(errors))
    return checkout.check_out(fields, key=key, lines=lines, now=now)


def _fields(body: Mapping[str, Any]) -> dict[str, Any]:
    address = body.get("address")
    flat = {**body, **address} if isinstance(address, Mapping) else body
    return {name: flat.get(name) for name in checkout.FIELDS}


def _lines(body: Mapping[str, Any], errors: checks.Errors) -> list[BasketLine]:
    wanted = _wanted(body, errors)
    quantities: dict[str, int] = {}
    for at, line in wanted:
        if count := _quantity(line.get("quantity"), errors, at=at):
            quantities[_code(line)] = quantities.get(_code(line), 0) + count
    found = basket.get_lines({basket.KEY: quantities})
    known = {line.sku.code for line in found}
    for at, line in wanted:
        if not _code(line):
            errors[f"{at}sku"] = "Fill in the SKU."
        elif _code(line) not in known and f"{at}quantity" not in errors:
            errors[f"{at}sku"] = UNKNOWN
        elif quantities.get(_code(line), 0) > MAX_QUANTITY:
            errors[f"{at}quantity"] = f"Ask for at most {MAX_QUANTITY} units of one SKU."
    return found


def _wanted(body: Mapping[str, Any], errors: checks.Errors) -> list[tuple[str, Mapping[str, Any]]]:
    """Each line, with what its errors' names begin with."""
    if "lines" not in body:
        return [("", body)]
    lines = body["lines"]
    if "sku" in body or "quantity" in body:
        errors["lines"] = "Write one sku and its quantity, or lines: not both."
    elif not isinstance(lines, list) or not 1 <= len(lines) <= basket.MAX_LINES:
        errors["lines"] = f"Write a list of 1 to {basket.MAX_LINES} lines."
    elif not all(isinstance(line, Mapping) for line in lines):
        errors["lines"] = "Write each line as an object with a sku and a quantity."
    else:
        return [(f"lines[{number}].", line) for number, line in enumerate(lines)]
    return []


def _quantity(value: object, errors: checks.Errors, *, at: str) -> int:
    wrong: checks.Errors = {}
    count = checks.quantity(value, wrong)
    errors.update({f"{at}{name}": sentence for name, sentence in wrong.items()})
    return count


def _code(line: Mapping[str, Any]) -> str:
    code = line.get("sku")
    # What cannot be printed is the code of no SKU, and PostgreSQL would not look for some of it.
    return code.strip() if isinstance(code, str) and code.isprintable() else ""
