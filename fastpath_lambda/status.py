"""What became of an order: its claim from the ledger, and how far the shop has got with it.

Nothing personal is in it, so it needs no token; a wrong one is an address that does
not exist. The token is given back to those who have it, and to nobody else.
"""

from fastpath_lambda import answers, exchange, identity, keys, problems
from fastpath_lambda.claims import Claim
from fastpath_lambda.exchange import Answer, Asked
from fastpath_lambda.ordering import CannotTake
from fastpath_lambda.routes import Route, find_token
from fastpath_lambda.rules import Sale
from fastpath_lambda.sales import Sales
from fastpath_lambda.stores import redis_steps
from fastpath_lambda.stores.commands import Command, Steps

# After a product was armed again, orders of as many generations are still found.
GENERATIONS = 3


def show(asked: Asked, route: Route, order_id: str, *, sales: Sales, secret: str) -> Steps[Answer]:
    """Raises CannotTake where there can be no such order."""
    token = find_token(asked.query)
    if token is not None and not _is_right(secret, order_id, token):
        raise CannotTake(problems.not_found())
    sale = yield from sales.get(route.product, category=route.category)
    claim = (yield from _find(sale, order_id)) if sale else None
    if sale is None or claim is None:
        return _ask_the_shop(asked, order_id, token)
    status = yield from _status(order_id)
    members = answers.accepted(claim, category=sale.category, status=status, token=token or "")
    if exchange.wants_page(asked.accept):
        # Most are asked by scripts, and the pages would cost every cold start.
        from fastpath_lambda import pages

        return exchange.of_page(200, pages.order(members, sale, token=token))
    return exchange.of_json(200, members)


def _ask_the_shop(asked: Asked, order_id: str, token: str | None) -> Answer:
    """The order may be one that the shop placed, before the sale. Only who has the token is sent there."""
    if token is None:
        raise CannotTake(problems.not_found())
    folder = "/orders" if exchange.wants_page(asked.accept) else "/api/v1/orders"
    return exchange.see_other(f"{folder}/{order_id}/?token={token}")


def _is_right(secret: str, order_id: str, token: str) -> bool:
    return token.isascii() and identity.is_status_token(secret, order_id, token)


def _find(sale: Sale, order_id: str) -> Steps[Claim | None]:
    for generation in range(sale.generation, max(0, sale.generation - GENERATIONS), -1):
        claim = yield from redis_steps.find(sale.product, generation, order_id)
        if claim:
            return claim
    return None


def _status(order_id: str) -> Steps[str]:
    reply = yield Command(("HGET", keys.order(order_id), "status"))
    if not reply:
        return answers.ACCEPTED
    return reply if isinstance(reply, str) else bytes(reply).decode()
