"""The order buffer and its dead letters: an SQS queue, spoken to from threads.

Messages may arrive twice and in any order: whoever reads them goes by the order id.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastpath_lambda import environment, sqs_wire
from fastpath_lambda.sqs_http import Caller
from fastpath_lambda.sqs_wire import BATCH, Endpoint, Message, QueueError

__all__ = ["Message", "Queue", "QueueError"]

RETENTION_SECONDS = 14 * 24 * 3600  # the most there is: an order is never dropped for its age
VISIBILITY_SECONDS = 60
MAX_RECEIVES = 10  # then it is a dead letter
TIMEOUT = 5.0


class Queue:
    """One queue. Connections are kept per thread, so one Queue serves them all."""

    def __init__(
        self, name: str, endpoint: Endpoint, *, url: str | None = None, timeout: float | None = None
    ) -> None:
        self.name = name
        self._caller = Caller(endpoint)
        self._url = url
        self._timeout = timeout or TIMEOUT

    @classmethod
    def from_environment(cls, name: str | None = None, *, timeout: float | None = None) -> "Queue":
        url = None if name else environment.queue_url()
        return cls(name or environment.queue_name(), Endpoint.from_environment(), url=url, timeout=timeout)

    def dead_letters(self) -> "Queue":
        return Queue(environment.dead_letter_queue_name(), self._caller.endpoint, timeout=self._timeout)

    @property
    def url(self) -> str:
        if self._url is None:
            self._url = str(self._call("GetQueueUrl", {"QueueName": self.name})["QueueUrl"])
        return self._url

    def ensure(self) -> None:
        """Create the queue and its dead letters where they are missing. Existing ones stay as they are."""
        dead = self.dead_letters()
        dead._create({})
        found = self._call("GetQueueAttributes", {"QueueUrl": dead.url, "AttributeNames": ["QueueArn"]})
        redrive = {
            "deadLetterTargetArn": found["Attributes"]["QueueArn"],
            "maxReceiveCount": str(MAX_RECEIVES),
        }
        self._create({"VisibilityTimeout": str(VISIBILITY_SECONDS), "RedrivePolicy": json.dumps(redrive)})

    def send(self, body: str, attributes: Mapping[str, str] | None = None) -> None:
        # The service refuses an attribute without a value.
        typed = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (attributes or {}).items()
            if value
        }
        self._call("SendMessage", {"QueueUrl": self.url, "MessageBody": body, "MessageAttributes": typed})

    def send_batch(self, bodies: Sequence[str]) -> list[int]:
        """The indexes of those the service did not take. Raises QueueError where a whole call failed."""
        return [
            start + index
            for start, chunk in _chunks(bodies)
            for index in sqs_wire.failed(self._call("SendMessageBatch", sqs_wire.send_batch(self.url, chunk)))
        ]

    def receive(self, *, wait_seconds: int, limit: int = BATCH) -> list[Message]:
        """Up to `limit` messages (10 at most), hidden from others for a minute unless deleted."""
        asked = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": min(limit, BATCH),
            "WaitTimeSeconds": wait_seconds,
            "AttributeNames": ["ApproximateReceiveCount", "SentTimestamp"],
            "MessageAttributeNames": ["All"],
        }
        return sqs_wire.messages(self._call("ReceiveMessage", asked, timeout=wait_seconds + self._timeout))

    def delete_batch(self, receipts: Sequence[str]) -> list[int]:
        """The indexes of those that could not be deleted: they will come again."""
        return [
            start + index
            for start, chunk in _chunks(receipts)
            for index in sqs_wire.failed(self._call("DeleteMessageBatch", self._deletion(chunk)))
        ]

    def release_batch(self, receipts: Sequence[str]) -> None:
        """Show these messages to others again at once, not when their minute is over."""
        for _, chunk in _chunks(receipts):
            entries = [
                {"Id": str(i), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for i, receipt in enumerate(chunk)
            ]
            self._call("ChangeMessageVisibilityBatch", {"QueueUrl": self.url, "Entries": entries})

    def depth(self) -> int:
        """Messages in the queue, those in somebody's hands included. The service counts approximately."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        found = self._call("GetQueueAttributes", {"QueueUrl": self.url, "AttributeNames": names})
        return sum(int(found.get("Attributes", {}).get(name, 0)) for name in names)

    def purge(self) -> None:
        self._call("PurgeQueue", {"QueueUrl": self.url})

    def _deletion(self, receipts: Sequence[str]) -> dict[str, object]:
        entries = [{"Id": str(i), "ReceiptHandle": receipt} for i, receipt in enumerate(receipts)]
        return {"QueueUrl": self.url, "Entries": entries}

    def _create(self, attributes: Mapping[str, str]) -> None:
        wanted = {"MessageRetentionPeriod": str(RETENTION_SECONDS), **attributes}
        try:
            self._call("CreateQueue", {"QueueName": self.name, "Attributes": wanted})
        except QueueError as error:
            # It is there with other attributes: ops changed them, and knows why.
            if error.code not in ("QueueNameExists", "QueueAlreadyExists"):
                raise

    def _call(
        self, action: str, members: Mapping[str, object], *, timeout: float | None = None
    ) -> dict[str, Any]:
        return self._caller.call(action, members, timeout=timeout or self._timeout)


def _chunks(items: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    for start in range(0, len(items), BATCH):
        yield start, items[start : start + BATCH]
