"""The fast path: what a request gets, whichever door it comes through. It never fails for what is sent.

Every answer is a conversation with the ledger (stores/commands.py), so that the Lambda
and the ASGI door run the same steps.
"""

import time

from fastpath_lambda import accounts, environment, exchange, forms, ordering, problems, status
from fastpath_lambda.exchange import Answer, Asked
from fastpath_lambda.forms import BadForm
from fastpath_lambda.ordering import CannotTake
from fastpath_lambda.problems import Problem
from fastpath_lambda.routes import Route, find_route
from fastpath_lambda.sales import Lost, Sales
from fastpath_lambda.stores.commands import Steps

RETRY_AFTER_SECONDS = 1
# Until a lost ledger is rebuilt: the claims that are in the buffer have to be drained first.
LOST_RETRY_SECONDS = 5


class FastPath:
    def __init__(self, *, secret: str, account_secret: str, sales: Sales | None = None) -> None:
        self._secret = secret
        self._account_secret = account_secret
        self._sales = sales or Sales()

    @classmethod
    def from_environment(cls) -> "FastPath":
        account_secret = environment.account_token_secret()
        return cls(secret=environment.status_token_secret(), account_secret=account_secret)

    def answer(self, asked: Asked) -> Steps[Answer]:
        route = find_route(asked.path)
        try:
            if route is None:
                return refuse(asked, problems.not_found(), route)
            if asked.method not in route.methods:
                return refuse(asked, problems.method_not_allowed(", ".join(route.methods)), route)
            return (yield from self._serve(asked, route))
        except (BadForm, CannotTake) as error:
            return refuse(asked, error.problem, route)
        except Lost:
            return refuse(asked, problems.unavailable(LOST_RETRY_SECONDS), route)

    def _serve(self, asked: Asked, route: Route) -> Steps[Answer]:
        if route.order_id is None:
            account = accounts.find(asked.cookies, secret=self._account_secret, now=time.time())
            return ordering.place(asked, route, account=account, sales=self._sales, secret=self._secret)
        return status.show(asked, route, route.order_id, sales=self._sales, secret=self._secret)


def refuse(asked: Asked, problem: Problem, route: Route | None) -> Answer:
    """The problem, as a page for whoever posted a form or looks with a browser."""
    posted_json = asked.method == "POST" and forms.media_type(asked.content_type) != forms.FORM
    if posted_json or not exchange.wants_page(asked.accept):
        return exchange.of_problem(problem)
    # Only people read pages, and they would cost every cold start.
    from fastpath_lambda import pages

    return exchange.of_problem_page(problem, pages.refusal(problem, route))


def unavailable(asked: Asked) -> Answer:
    """The ledger cannot be reached. Whether it took is unknown; asking again with the key is safe."""
    return refuse(asked, problems.unavailable(RETRY_AFTER_SECONDS), find_route(asked.path))
