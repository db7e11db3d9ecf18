"""The sweep: claims that were handed to the buffer and are no orders yet are handed to it again.

So a crash, a timeout or a lost queue after the take loses nothing. Sending twice is
harmless, but not free: while many wait in the buffer, a claim that is no order yet is as
a rule among them, and a copy of each would keep all that come later waiting twice as long.
"""

from collections.abc import Iterable
from datetime import timedelta

from fastpath_lambda import claims
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import Ledger
from fastpath_lambda.sqs import Queue, QueueError
from orders.models import DeadLetter

LIMIT = 1000


def sweep(products: Iterable[str], *, ledger: Ledger, queue: Queue, older_than: timedelta) -> int:
    """Send again what is due of these products' sales. Returns how many were sent."""
    if not _is_drained(queue):
        return 0
    sent = 0
    for product in products:
        if sale := ledger.get_sale(product):
            milliseconds = int(older_than.total_seconds() * 1000)
            due = ledger.due(product, sale.generation, older_than_ms=milliseconds, limit=LIMIT)
            again = [claims.to_json(claim) for claim in _not_with_a_person(due)]
            sent += len(again) - len(queue.send_batch(again)) if again else 0
    return sent


def _is_drained(queue: Queue) -> bool:
    """What waits in a deep buffer is late, not lost. Nothing can be sent to one that does not answer."""
    try:
        return queue.depth() < LIMIT
    except QueueError:
        return False  # the drain says so


def _not_with_a_person(due: list[Claim]) -> list[Claim]:
    """Without those that wait as dead letters: they would only come back as another one."""
    ids = [claim.order_id for claim in due]
    waiting = DeadLetter.objects.filter(state=DeadLetter.State.WAITING, order_id__in=ids)
    held = set(map(str, waiting.values_list("order_id", flat=True)))
    return [claim for claim in due if claim.order_id not in held]
