"""How a sale lives: draft → armed → open ⇄ paused → closing → closed, and armed again.

Each act here can be run again after it was interrupted anywhere, and finishes what
it finds half done: every step is a conditional write or writes the same thing twice.
What cannot be done raises `CannotChange`, with a sentence for whoever asked.

The ledger decides and the database follows. A take looks at nothing but the ledger,
so when a process dies between the two, what was asked for already holds for buyers
(a paused sale sells nothing, an opened one sells), and only our record of it lags,
until the act is run again or `advance` catches up. The other order would tell ops
that a sale is paused while it goes on selling. It is also the only order there can
be: a sale that opens by the ledger's clock is open before any process of ours knows.
"""

from edge.lifecycle.advancing import advance
from edge.lifecycle.arming import arm
from edge.lifecycle.closing import close
from edge.lifecycle.moving import open_sale, pause, resume
from edge.lifecycle.record import CannotChange
from edge.lifecycle.transferring import restock, take_back

__all__ = [
    "CannotChange",
    "advance",
    "arm",
    "close",
    "open_sale",
    "pause",
    "restock",
    "resume",
    "take_back",
]
