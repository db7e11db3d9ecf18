"""The drain at work: batches out of the buffer, into orders, and only then deleted.

A batch is asked for when the one before is committed, and no sooner than the pacer says
(pacing.py), so that the drain takes what the shoppers leave of the database. While it is
away nothing is received: a message may be received a few times only before it is dead.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from fastpath_lambda import claims
from fastpath_lambda.claims import BadClaim, Claim
from fastpath_lambda.ledger import Ledger
from fastpath_lambda.sqs import Message
from orders import drain, late, outage
from orders.buffer import Buffer
from orders.pacing import Pacer
from orders.turns import Turn

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
STEP_SECONDS = 0.5


def run(turn: Turn, *, buffer: Buffer, ledger: Ledger, pacer: Pacer) -> int:
    """Drain until the turn ends, and then what was received already. Returns how many orders were new."""
    new = 0
    if not _wait_for_the_database(turn):
        return new
    with buffer:
        while turn.goes_on():
            try:
                new += _paced(turn, buffer, ledger=ledger, pacer=pacer)
            except outage.DatabaseAway as error:
                outage.broke_off(turn.store, error)
                with buffer.held():
                    _wait_for_the_database(turn)
        buffer.leave()
        while messages := buffer.gather(wait=0):
            new += _drain_or_put_back(messages, buffer=buffer, ledger=ledger)
    return new


def drain_once(messages: Sequence[Message], *, buffer: Buffer, ledger: Ledger) -> int:
    """Drain these messages. One that can never be an order goes to the dead letters with its reason."""
    read = {message.id: _read(message) for message in messages}
    batch = [claim for claim in read.values() if isinstance(claim, Claim)]
    written = late.place(drain.write_claims(batch), batch, ledger=ledger)
    for message in messages:
        claim = read[message.id]
        reason = claim if isinstance(claim, str) else written.rejected.get(claim.order_id)
        if reason:
            logger.warning("A message cannot become an order: %s.", reason)
            buffer.reject(message, reason)
    unplaced = written.rejected.keys() | written.late
    _confirm(ledger, (claim for claim in batch if claim.order_id not in unplaced))
    # A claim that came late waits for its ledger: its message comes again when its minute is over.
    buffer.delete([message for message in messages if _order_id(read[message.id]) not in written.late])
    return len(written.new)


def _wait_for_the_database(turn: Turn) -> bool:
    """False where the turn ended before it came back."""
    while turn.goes_on():
        if outage.look(turn.store):
            return True
        time.sleep(RETRY_SECONDS)
    return False


def _paced(turn: Turn, buffer: Buffer, *, ledger: Ledger, pacer: Pacer) -> int:
    buffer.keep_to(pacer.share)
    if not (messages := buffer.gather()):
        return 0
    started = time.monotonic()
    new = _drain_or_put_back(messages, buffer=buffer, ledger=ledger)
    pacer.drained += len(messages)
    # In small steps: the share may change meanwhile, and the turn's lease is to be renewed.
    while (left := started + len(messages) / pacer.share - time.monotonic()) > 0 and turn.goes_on():
        time.sleep(min(left, STEP_SECONDS))
    return new


def _drain_or_put_back(messages: list[Message], *, buffer: Buffer, ledger: Ledger) -> int:
    try:
        return drain_once(messages, buffer=buffer, ledger=ledger)
    except BaseException:
        # Whoever drains next has them at once, not when their minute is over.
        buffer.put_back(messages)
        raise


def _read(message: Message) -> Claim | str:
    """The claim, or what is wrong with the message."""
    try:
        return claims.from_json(message.body)
    except (BadClaim, RecursionError) as error:
        return f"no claim of ours: {error}"


def _order_id(read: Claim | str) -> str | None:
    return read.order_id if isinstance(read, Claim) else None


def _confirm(ledger: Ledger, placed: Iterable[Claim]) -> None:
    by_sale: Mapping[tuple[str, int], list[str]] = defaultdict(list)
    for claim in placed:
        by_sale[claim.product, claim.generation].append(claim.order_id)
    for (product, generation), ids in by_sale.items():
        ledger.confirm(product, generation, ids)
