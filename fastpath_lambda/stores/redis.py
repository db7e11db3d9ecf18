"""The ledger for those who speak to Redis through redis-py: the shop, its drain and its commands.

The doors of the fast path do not use this: loading redis-py takes longer than a cold
start may, so they speak to Redis themselves (resp.py), with the same steps.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import redis

from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import Count, Outcome, Release, Transfer
from fastpath_lambda.rules import Refusal, Request, Sale, State
from fastpath_lambda.stores import redis_rebuilding
from fastpath_lambda.stores import redis_steps as steps
from fastpath_lambda.stores.commands import Command, Steps, T, drive


class RedisLedger:
    """Keeps the promise of ledger.py in Redis."""

    def __init__(self, client: "redis.Redis") -> None:
        # redis-py does not say what its commands answer.
        self._client: Any = client

    def load(
        self, sale: Sale, *, units: Mapping[str, int], versions: Mapping[str, int], epoch: int = 0
    ) -> bool:
        return self._ask(steps.load(sale, units=units, versions=versions, epoch=epoch))

    def recall(
        self, product: str, generation: int, kept: Iterable[Claim], *, given_back: Iterable[str] = ()
    ) -> None:
        self._ask(redis_rebuilding.recall(product, generation, kept, given_back=given_back))

    def remember(self, product: str, answered: Iterable[Claim], *, keep_for: int) -> int:
        return self._ask(redis_rebuilding.remember(product, answered, keep_for=keep_for))

    def adopt(self, claim: Claim) -> Claim | Refusal | None:
        return self._ask(redis_rebuilding.adopt(claim))

    def vouch(self, is_whole: bool) -> None:
        self._ask(redis_rebuilding.vouch(is_whole))

    def get_sale(self, product: str) -> Sale | None:
        return self._ask(steps.get_sale(product))

    def move(self, product: str, generation: int, *, to: State, allowed_from: Iterable[State]) -> State:
        return self._ask(steps.move(product, generation, to=to, allowed_from=allowed_from))

    def take(self, sale: Sale, request: Request) -> Outcome:
        return self._ask(steps.take(sale, request)).outcome

    def find(self, product: str, generation: int, order_id: str) -> Claim | None:
        return self._ask(steps.find(product, generation, order_id))

    def due(self, product: str, generation: int, *, older_than_ms: int, limit: int) -> list[Claim]:
        return self._ask(steps.due(product, generation, older_than_ms=older_than_ms, limit=limit))

    def confirm(self, product: str, generation: int, order_ids: Iterable[str]) -> None:
        self._ask(steps.confirm(product, generation, order_ids))

    def give_back(self, release: Release) -> int | None:
        return self._ask(steps.give_back(release))

    def shift(self, transfer: Transfer) -> int | Refusal | None:
        return self._ask(redis_rebuilding.shift(transfer))

    def settle(self, product: str, generation: int, order_ids: Iterable[str]) -> None:
        self._ask(steps.settle(product, generation, order_ids))

    def count(self, product: str, generation: int) -> Count:
        return self._ask(steps.count(product, generation))

    def retire(self, product: str, generation: int, *, keep_for: int) -> None:
        self._ask(steps.retire(product, generation, keep_for=keep_for))

    def _ask(self, conversation: Steps[T]) -> T:
        return drive(conversation, self._run)

    def _run(self, command: Command) -> Any:
        try:
            return self._client.execute_command(*command.words)
        except redis.exceptions.NoScriptError:
            return self._client.execute_command(*command.in_full())
