"""A dead letter is mended, so that its claim can become an order after all.

What may be mended is what does not matter to the equation: whom the order is for, where
it goes, what it costs. The units were taken in the ledger as so many of one SKU, for one
buyer, under one order id: an order of anything else would take what nobody set aside. A
SKU is the exception only where the sale has none of that name, as after it was renamed.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from fastpath_lambda import checks, claims
from fastpath_lambda.claims import Claim
from fastpath_lambda.forms import ADDRESS
from orders import dead_letters
from orders.dead_letters import CannotChange, State
from orders.models import DeadLetter
from shop.models import Allotment

TEXTS = ("email", "name", *ADDRESS, "payment_token")
EDITABLE = (*TEXTS, "unit_price", "sku")
MAX_PRICE = Decimal("99999999.99")


class BadEdit(CannotChange):
    """Nonsense. `errors` has a sentence for each field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {sentence}" for name, sentence in errors.items()))
        self.errors = errors


def fields(letter: DeadLetter) -> dict[str, str] | None:
    """What can be mended in it, as it is now; None where it is no claim, or dealt with."""
    claim = dead_letters.read(letter.body)
    if claim is None or letter.state != State.WAITING:
        return None
    return {name: str(claim.address.get(name, "") if name in ADDRESS else getattr(claim, name))
            for name in EDITABLE}  # fmt: skip


def edit(letter: DeadLetter, changes: Mapping[str, str], *, by: str, now: datetime) -> None:
    """Write the mended claim into the letter. What came at first is kept beside it."""
    body = claims.to_json(mended(letter, changes))
    # Nobody edited it or dealt with it since it was read: or this would undo that.
    same = DeadLetter.objects.filter(pk=letter.pk, state=State.WAITING, body=letter.body)
    if not same.update(body=body, came_as=letter.came_as or letter.body, changed_by=by, changed_at=now):
        raise CannotChange(
            f"Letter {letter.pk} was changed by somebody else meanwhile: look at it again, then edit it."
        )
    letter.refresh_from_db()


def mended(letter: DeadLetter, changes: Mapping[str, str]) -> Claim:
    """The claim with these changes. Raises BadEdit for nonsense, CannotChange where nothing can be mended."""
    now = fields(letter)
    claim = dead_letters.read(letter.body)
    if now is None or claim is None:
        raise CannotChange(
            f"Letter {letter.pk} cannot be mended: it is {letter.state}, or no claim of ours. Of a claim "
            f"that was garbled on its way the ledger has its own copy, and sends it again."
        )
    errors = {name: _why_fixed(name, claim) for name in changes if name not in EDITABLE}
    wanted = now | {name: value for name, value in changes.items() if name in EDITABLE}
    # The key is no part of a claim; the rest is held against what the doors hold it against.
    text = checks.texts({**wanted, "idempotency_key": "-"}, errors)
    _check_price(wanted["unit_price"], errors)
    _check_sku(claim, wanted["sku"], errors)
    if errors:
        raise BadEdit(errors)
    address = {name: text[name] for name in ADDRESS} | {"country": text["country"].upper()}
    named: dict[str, Any] = {name: text[name] for name in TEXTS if name not in ADDRESS}
    # The buyer stays: it is under this name that the ledger counted the units.
    return replace(claim, **named, address=address, unit_price=wanted["unit_price"].strip(), sku=text["sku"])


def _why_fixed(name: str, claim: Claim) -> str:
    if name == "quantity":
        return (
            f"{claim.quantity} of {claim.sku} were taken for this buyer, and another number would break the "
            f"equation: leave it, or discard the letter."
        )
    if hasattr(claim, name):
        return "By this the order is known, in the ledger and to its buyer: leave it as it is."
    return f"There is no such field: choose from {', '.join(EDITABLE)}."


def _check_price(text: str, errors: checks.Errors) -> None:
    try:
        price = Decimal(text)
        is_price = 0 <= price <= MAX_PRICE and price == round(price, 2)
    except InvalidOperation:
        is_price = False
    if not is_price:
        errors["unit_price"] = f"Write an amount from 0 to {MAX_PRICE}, such as 149.99."


def _check_sku(claim: Claim, sku: str, errors: checks.Errors) -> None:
    allotments = Allotment.objects.filter(sale_id=claim.sale_id, generation=claim.generation)
    codes = sorted(allotments.values_list("sku__code", flat=True))
    if sku == claim.sku or "sku" in errors:
        return
    if claim.sku in codes:
        errors["sku"] = (
            f"{claim.quantity} of {claim.sku} were taken for this buyer: an order of {sku} would take what "
            f"nobody set aside. Leave it, or discard the letter."
        )
    elif sku not in codes:
        errors["sku"] = f"The sale has no {sku}: choose from {', '.join(codes) or 'none, it has no units'}."
