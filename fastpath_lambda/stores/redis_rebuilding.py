"""The rarer half of the ledger's promise in Redis: what ops add and take back, and a store that was lost."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice

from fastpath_lambda import claims, identity, keys
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import Transfer
from fastpath_lambda.rules import Refusal
from fastpath_lambda.stores.commands import Command, Steps, load_script, text

RECALL, ADOPT, SHIFT = map(load_script, ("recall", "adopt", "shift"))
# In one call: while it lasts, nobody else is served.
TOGETHER = 200

_encode = json.JSONEncoder(separators=(",", ":")).encode


def recall(
    product: str, generation: int, kept: Iterable[Claim], *, given_back: Iterable[str] = ()
) -> Steps[None]:
    came_back, waiting = frozenset(given_back), iter(kept)
    yield _recall(product, generation, "all", [], came_back)
    while some := list(islice(waiting, TOGETHER)):
        yield _recall(product, generation, "more", some, came_back)


def _recall(
    product: str, generation: int, extent: str, some: list[Claim], came_back: frozenset[str]
) -> Command:
    buyers: Counter[str] = Counter()
    for claim in some:
        if claim.order_id not in came_back:
            for name in filter(None, (claim.buyer, identity.account_buyer(claim.account))):
                buyers[name] += claim.quantity
    told = {
        "claims": {claim.order_id: claims.to_json(claim) for claim in some},
        "buyers": buyers,
        "given_back": sorted(came_back) if extent == "all" else [],
    }
    return RECALL(keys.ledger(product, generation), generation, extent, _encode(told))


def remember(product: str, answered: Iterable[Claim], *, keep_for: int) -> Steps[int]:
    key, waiting, count = keys.claims(product, 0), iter(answered), 0
    while some := list(islice(waiting, TOGETHER)):
        fields = [word for claim in some for word in (claim.order_id, claims.to_json(claim))]
        yield Command(("HSET", key, *fields))
        yield Command(("EXPIRE", key, keep_for))
        count += len({claim.order_id for claim in some})
    return count


def adopt(claim: Claim) -> Steps[Claim | Refusal | None]:
    fields = asdict(claim)
    del fields["number"]
    reply = yield ADOPT(
        keys.ledger(claim.product, claim.generation),
        claim.generation,
        claim.order_id,
        claim.sku,
        claim.buyer,
        identity.account_buyer(claim.account),
        claim.quantity,
        _encode(fields)[1:],
    )
    if reply is None:
        return None
    return Refusal.SOLD_OUT if text(reply) == Refusal.SOLD_OUT else claims.from_json(reply)


def shift(transfer: Transfer) -> Steps[int | Refusal | None]:
    reply = yield SHIFT(
        keys.ledger(transfer.product, transfer.generation),
        transfer.generation,
        transfer.id,
        transfer.sku,
        transfer.quantity,
    )
    return reply if reply is None or isinstance(reply, int) else Refusal(text(reply))


def vouch(is_whole: bool) -> Steps[None]:
    yield Command(("SET", keys.whole(), "1") if is_whole else ("DEL", keys.whole()))


def is_whole() -> Steps[bool]:
    return bool((yield Command(("EXISTS", keys.whole()))))
