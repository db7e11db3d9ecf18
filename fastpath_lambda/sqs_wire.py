"""What is said to SQS and back, without saying it: requests to send, replies to read.

The JSON protocol (AmazonSQS, AWS JSON 1.0). No sockets here: sqs.py speaks it from a
thread, and sender.py from an event loop.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastpath_lambda import environment
from fastpath_lambda.sigv4 import Signer

# The service's own limit for one call.
BATCH = 10

_encode = json.JSONEncoder(separators=(",", ":")).encode


class QueueError(Exception):
    """The queue said no, or nothing. `code` is the service's own word, or "Unreachable"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code

    @property
    def is_no_such_queue(self) -> bool:
        return self.code in ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    body: str
    receipt: str  # what deletes it; good for this delivery only
    # Its own attributes, and the service's ApproximateReceiveCount and SentTimestamp.
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the service is, and who we are there."""

    url: str  # scheme and host
    signer: Signer

    @classmethod
    def from_environment(cls) -> "Endpoint":
        return cls(environment.sqs_endpoint(), Signer(environment.credentials(), environment.region(), "sqs"))

    @property
    def host(self) -> str:
        return self.url.partition("://")[2]

    def request(
        self, action: str, members: Mapping[str, object], *, now: datetime | None = None
    ) -> tuple[dict[str, str], bytes]:
        """The signed headers and the body of one POST to `/`."""
        body = _encode(members).encode()
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "host": self.host,
            "x-amz-target": f"AmazonSQS.{action}",
        }
        return self.signer.sign(headers, body, now=now or datetime.now(UTC)), body


def read_reply(status: int, body: bytes) -> dict[str, Any]:
    """The reply's members. Raises QueueError."""
    try:
        members: Any = json.loads(body or b"{}")
    except ValueError:
        members = None
    if status == 200 and isinstance(members, dict):
        return members
    # A proxy in between answers in its own language.
    found = members if isinstance(members, dict) else {"message": body[:200].decode(errors="replace")}
    code = str(found.get("__type", f"HTTP {status}")).rpartition("#")[2]
    raise QueueError(code, str(found.get("message") or found.get("Message") or "no reason given"))


def send_batch(queue_url: str, bodies: Sequence[str]) -> dict[str, object]:
    entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
    return {"QueueUrl": queue_url, "Entries": entries}


def failed(reply: Mapping[str, Any]) -> list[int]:
    """Which entries of a batch the service did not take."""
    return [int(entry["Id"]) for entry in reply.get("Failed") or ()]


def messages(reply: Mapping[str, Any]) -> list[Message]:
    return [
        Message(found["MessageId"], found["Body"], found["ReceiptHandle"], _attributes(found))
        for found in reply.get("Messages") or ()
    ]


def _attributes(found: Mapping[str, Any]) -> dict[str, str]:
    own = found.get("MessageAttributes") or {}
    text = {name: str(value.get("StringValue", "")) for name, value in own.items()}
    return {**(found.get("Attributes") or {}), **text}
