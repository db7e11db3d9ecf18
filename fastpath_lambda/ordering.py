"""From the form to the claim: what a POST to a sale's order address gets."""

from fastpath_lambda import answers, exchange, forms, identity, problems
from fastpath_lambda.claims import Claim
from fastpath_lambda.exchange import Answer, Asked
from fastpath_lambda.forms import OrderForm
from fastpath_lambda.ledger import KeyConflict, Stale
from fastpath_lambda.problems import Problem
from fastpath_lambda.routes import Route
from fastpath_lambda.rules import Refusal, Request, Sale
from fastpath_lambda.sales import Sales
from fastpath_lambda.stores import redis_steps
from fastpath_lambda.stores.commands import Steps
from fastpath_lambda.stores.redis_steps import Taken

# The sale was changed between our reading and our taking: read again, but not for ever.
_TRIES = 3


class CannotTake(Exception):
    """The request gets no units. `problem` is the answer to it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


def place(asked: Asked, route: Route, *, account: int | None, sales: Sales, secret: str) -> Steps[Answer]:
    """Raises CannotTake or BadForm, whose problem is the answer."""
    form: OrderForm | None = None
    for _ in range(_TRIES):
        sale = yield from sales.get(route.product, category=route.category)
        if sale is None:
            raise CannotTake(problems.not_found())
        form = form or forms.parse_order(asked.body, asked.content_type, asked.idempotency_key)
        taken = yield from redis_steps.take(sale, name(form, sale, account=account))
        if not isinstance(taken.outcome, Stale):
            return _present(taken, sale, form, asked, secret)
        sales.forget(route.product)
    raise CannotTake(problems.unavailable(1))


def name(form: OrderForm, sale: Sale, *, account: int | None = None) -> Request:
    """The form as the ledger wants it: with the order id that its key makes in this sale, and made before."""

    def order_id(generation: int) -> str:
        return identity.order_id(scope=sale.product, generation=generation, key=form.key)

    return Request(
        order_id=order_id(sale.generation),
        earlier=tuple((generation, order_id(generation)) for generation in sale.earlier),
        fingerprint=form.fingerprint,
        sku=form.sku,
        quantity=form.quantity,
        buyer=form.buyer,
        account=account,
        email=form.email,
        name=form.name,
        address=form.address,
        payment_token=form.payment_token,
    )


def _present(taken: Taken, sale: Sale, form: OrderForm, asked: Asked, secret: str) -> Answer:
    claim = taken.outcome
    if not isinstance(claim, Claim):
        raise CannotTake(_problem(claim, sale, form))
    token = identity.status_token(secret, claim.order_id)
    by_shop = claim.generation == 0
    status = answers.PLACED if by_shop else answers.ACCEPTED
    members = answers.accepted(claim, category=sale.category, status=status, token=token)
    location = str(members["status_url"])
    if is_form(asked) and exchange.wants_page(asked.accept):
        return exchange.see_other(location, message=taken.message)
    return exchange.of_json(201 if by_shop else 202, members, ("location", location), message=taken.message)


def is_form(asked: Asked) -> bool:
    return forms.media_type(asked.content_type) == forms.FORM


def _problem(outcome: Refusal | KeyConflict | Stale, sale: Sale, form: OrderForm) -> Problem:
    if not isinstance(outcome, Refusal):
        return problems.key_conflict()
    if outcome is Refusal.OVER_LIMIT:
        limit = sale.limit_per_buyer
        return problems.refused(outcome, detail=f"One buyer can have {limit} in this sale, over all orders.")
    if outcome is Refusal.SOLD_OUT and form.quantity > 1:
        return problems.refused(outcome, detail="There are not that many left. Try fewer.")
    return problems.refused(outcome, opens_at=sale.opens_at)
