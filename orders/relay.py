"""The outbox relay: what happened is told, after it was committed, to everybody who wants to know.

One process gives the events their positions, woken by each commit that wrote one, and
a thread for each receiver tells it what comes next. See shop/outbox.py for the order,
and for what a failing receiver means to the others: nothing.
"""

import logging
import time
from collections.abc import Sequence
from functools import partial

from django.db import Error as DatabaseFailed
from django.db import connection
from django.utils import timezone

from live import receivers as rooms
from orders.followers import following, listening
from orders.receivers import mail, webhooks
from orders.turns import Turn
from shop import outbox, setting_aside
from shop.outbox import BATCH, Receiver

logger = logging.getLogger(__name__)

# Between two rounds, at least: in a rush the commits come faster, and each round costs every receiver
# a transaction. The first event after a quiet moment waits for nothing.
ROUND_SECONDS = 0.05
# What only writes down what is sent later is told the first event at once, and then of many together.
UNHURRIED = 0.5

RECEIVERS: tuple[Receiver, ...] = (
    Receiver("rooms", rooms.deliver),
    Receiver("mail", mail.write, pause_seconds=UNHURRIED),
    Receiver("webhooks", webhooks.write, pause_seconds=UNHURRIED),
)


def run(turn: Turn, *, to: Sequence[Receiver] = RECEIVERS) -> None:
    """Relay until the turn ends."""
    outbox.introduce(to)
    with listening("outbox") as wait, following() as followers:
        for receiver in to:
            tell = partial(_tell, receiver)
            followers.follow(receiver.name, tell, pause_seconds=receiver.pause_seconds)
        while turn.goes_on():
            began = time.monotonic()
            numbered = outbox.number()
            if numbered:
                followers.wake()
            if numbered < BATCH:
                wait()
                time.sleep(max(0.0, began + ROUND_SECONDS - time.monotonic()))
    outbox.forget(to, now=timezone.now())


def find_receiver(name: str) -> Receiver:
    """Raises setting_aside.CannotChange where it is none of ours any more."""
    if found := [receiver for receiver in RECEIVERS if receiver.name == name]:
        return found[0]
    raise setting_aside.CannotChange(f"There is no receiver {name!r} any more: skip the event.")


def relay_once(*, to: Sequence[Receiver] = RECEIVERS) -> int:
    """Tell everybody what happened until now, once. Returns how many events were new."""
    outbox.introduce(to)
    numbered = outbox.number()
    for receiver in to:
        _tell(receiver)
    return numbered


def _tell(receiver: Receiver) -> bool:
    """Whether there may be more to tell."""
    try:
        told = outbox.tell(receiver, now=timezone.now(), carefully=setting_aside.tell_carefully)
        return told == BATCH
    # Whatever a receiver stumbles over: its events stay, and are told when it is on its feet again.
    except Exception as error:
        if _leave_alone(receiver, error):
            logger.exception("A receiver of the outbox failed: %s is told again.", receiver.name)
        return False


def _leave_alone(receiver: Receiver, error: Exception) -> bool:
    try:
        outbox.leave_alone(receiver, error, now=timezone.now())
    except DatabaseFailed:
        # Then the database is the one that failed: the next step has a new connection.
        connection.close()
        return False
    return True
