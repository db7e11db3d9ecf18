"""The ledger's promise (ledger.py) kept in Redis, as conversations: see commands.py for how they run.

The scripts beside this module do the work, each in one atomic step. Replies are read
as bytes or as text, whichever the client gives.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastpath_lambda import claims, identity, keys, ledger
from fastpath_lambda.claims import Claim
from fastpath_lambda.rules import Refusal, Request, Sale, State
from fastpath_lambda.stores import sale_fields
from fastpath_lambda.stores.commands import Command, Steps, load_script, text

TAKE, LOAD, MOVE, DUE, COUNT, RETIRE = map(load_script, ("take", "load", "move", "due", "count", "retire"))
GIVE_BACK, SETTLE = map(load_script, ("give_back", "settle"))

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class Taken:
    """A take's outcome and, where the claim is new, the text to send to the buffer."""

    outcome: ledger.Outcome
    message: str | None = None


def take(sale: Sale, request: Request) -> Steps[Taken]:
    fields = claims.fields(sale, request)
    # The script prepends what only it knows.
    tail = _encode(fields)[1:]
    earlier = (keys.claims(sale.product, generation) for generation, _ in request.earlier)
    (reply,) = yield TAKE(
        (*keys.ledger(sale.product, sale.generation), *earlier),
        sale.generation,
        sale.revision,
        request.order_id,
        request.sku,
        request.buyer,
        identity.account_buyer(request.account),
        tail,
        request.quantity,
        *(order_id for _, order_id in request.earlier),
        own=6 + len(request.earlier),
    )
    verdict = text(reply[0])
    if verdict == "taken":
        number, accepted_ms = int(reply[1]), int(reply[2])
        claim = Claim(**fields, number=number, accepted_ms=accepted_ms)
        return Taken(claim, f'{{"number":{number},"accepted_ms":{accepted_ms},{tail}')
    if verdict == "first":
        first = claims.from_json(reply[1])
        return Taken(first if first.fingerprint == request.fingerprint else ledger.KeyConflict())
    return Taken(Refusal(text(reply[1])) if verdict == "refused" else ledger.Stale())


def load(sale: Sale, *, units: Mapping[str, int], versions: Mapping[str, int], epoch: int = 0) -> Steps[bool]:
    wanted = {
        "number": str(epoch * ledger.EPOCH),
        "sale": sale_fields.encode(sale),
        "units": {sku: str(count) for sku, count in units.items()},
        "versions": {sku: str(version) for sku, version in versions.items()},
    }
    loaded = yield LOAD(keys.ledger(sale.product, sale.generation), _encode(wanted))
    # Another slot: not in the same step. A crash in between is mended by loading again.
    yield Command(("SADD", keys.loaded_sales(), keys.loaded_sale(sale.product, sale.generation)))
    return bool(loaded)


def get_sale(product: str) -> Steps[Sale | None]:
    reply = yield Command(("HMGET", keys.sale(product), "state", "settings"))
    return sale_fields.decode(text(reply[1]), State(text(reply[0]))) if reply[0] else None


def move(product: str, generation: int, *, to: State, allowed_from: Iterable[State]) -> Steps[State]:
    states = (to.value, *(state.value for state in allowed_from))
    reply = yield MOVE(keys.ledger(product, generation), generation, *states)
    return State(text(reply))


def find(product: str, generation: int, order_id: str) -> Steps[Claim | None]:
    reply = yield Command(("HGET", keys.claims(product, generation), order_id))
    return claims.from_json(reply) if reply else None


def due(product: str, generation: int, *, older_than_ms: int, limit: int) -> Steps[list[Claim]]:
    reply = yield DUE(keys.ledger(product, generation), older_than_ms, limit)
    return [claims.from_json(found) for found in reply]


def confirm(product: str, generation: int, order_ids: Iterable[str]) -> Steps[None]:
    if drained := tuple(order_ids):
        yield Command(("ZREM", keys.intents(product, generation), *drained))


def give_back(release: ledger.Release) -> Steps[int | None]:
    reply = yield GIVE_BACK(
        keys.ledger(release.product, release.generation),
        release.generation,
        release.order_id,
        release.sku,
        release.buyer,
        identity.account_buyer(release.account),
        release.quantity,
    )
    return None if reply is None else int(reply)


def settle(product: str, generation: int, order_ids: Iterable[str]) -> Steps[None]:
    if settled := tuple(order_ids):
        yield SETTLE(keys.ledger(product, generation), *settled)


def count(product: str, generation: int) -> Steps[ledger.Count]:
    fields, pending, given_back = yield COUNT(keys.ledger(product, generation))
    book = dict(zip(map(text, fields[::2]), map(int, fields[1::2]), strict=True))
    return ledger.Count(
        left=_under("left:", book),
        versions=_under("version:", book),
        last_number=book.get("number", 0),
        pending=tuple(claims.from_json(found) for found in pending),
        last_given_back=book.get("given-back", 0),
        given_back=frozenset(map(text, given_back)),
    )


def retire(product: str, generation: int, *, keep_for: int) -> Steps[None]:
    yield RETIRE(keys.ledger(product, generation), generation, keep_for)
    yield Command(("SREM", keys.loaded_sales(), keys.loaded_sale(product, generation)))


def _under(prefix: str, book: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): number for name, number in book.items() if name.startswith(prefix)}
