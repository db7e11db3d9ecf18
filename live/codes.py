"""Why a socket was closed, in numbers: whether to come back (below 4400), or not (from 4400 on)."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Close:
    code: int
    name: str
    means: str

    @property
    def is_resumable(self) -> bool:
        """Whether a client comes back and goes on from its positions."""
        return self.code in _RESUMABLE_STANDARD or 4000 <= self.code < 4400


# What RFC 6455 and its registry name, and servers and proxies between say by themselves.
_RESUMABLE_STANDARD = {1001, 1005, 1006, 1011, 1012, 1013, 1014}

RESTARTING = Close(4000, "restarting", "This process is being replaced; another one takes you in.")
TOO_SLOW = Close(4001, "too_slow", "You took nothing for too long while there was news.")
FULL = Close(4002, "full", "This process has as many connections as it takes.")
CROWDED = Close(4003, "crowded", "Your network address has as many connections as one may.")
FLOODING = Close(4400, "flooding", "You asked for more than a page ever does.")

OURS = (RESTARTING, TOO_SLOW, FULL, CROWDED, FLOODING)
STANDARD = (
    Close(1001, "going_away", "The page was left, or the server goes."),
    Close(1006, "abnormal", "The link broke, or the handshake was refused."),
    Close(1007, "not_utf8", "What you sent is no text."),
    Close(1009, "too_big", "A message was larger than the server reads."),
    Close(1011, "no_answer", "You did not answer the server's pings, or it failed."),
    Close(1012, "restart", "As 4000, from a server that gives no hint."),
)
TABLE = (*STANDARD, *OURS)


def retry_within(seconds: float) -> str:
    """The hint in a close's reason: come back at a random moment within this time."""
    return json.dumps({"retry_within_ms": round(max(seconds, 1.0) * 1000)})
