"""The buffer as the drain sees it: batches to take in hand, and messages to be rid of.

SQS hands out ten messages at a time, so several hands receive ahead of the writer, by
a bounded number of messages, and delete behind it. What is lost on the way comes again:
a message that is not deleted reappears, and an order that is there already is no news.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from fastpath_lambda.sqs import Message, Queue, QueueError
from fastpath_lambda.sqs_wire import BATCH

logger = logging.getLogger(__name__)

HANDS = 4
# At a low rate this, not the database, decides how many statements the orders cost.
LINGER_SECONDS = 0.2
# A slow rate is a few orders often, not many now and then: shoppers would feel those.
BATCH_SECONDS = 0.5
RETRY_SECONDS = 1.0


class Buffer:
    """Use it as a context: its hands receive from entering to leaving."""

    def __init__(self, source: Queue, *, batch: int, hands: int = HANDS, wait_seconds: int = 1) -> None:
        self._source = source
        self._dead_letters = source.dead_letters()
        self._batch = self._most = batch
        self._wait_seconds = wait_seconds
        self._keep_ahead()
        self._received: queue.SimpleQueue[list[Message]] = queue.SimpleQueue()
        self._leaving = threading.Event()
        self._is_held = False
        self._is_away = False
        self._hands = [threading.Thread(target=self._receive, daemon=True) for _ in range(hands)]
        self._deleters = ThreadPoolExecutor(hands)
        self._deleting: list[Future[None]] = []

    def __enter__(self) -> "Buffer":
        for hand in self._hands:
            hand.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        self._give_back()
        self._deleters.shutdown()

    def keep_to(self, rate: float) -> None:
        """Gather and receive no more at once than is right for so many messages a second."""
        self._batch = max(BATCH, min(self._most, int(rate * BATCH_SECONDS)))
        self._keep_ahead()

    def leave(self) -> None:
        """Receive no more. What is in hand already can still be gathered."""
        self._leaving.set()
        for hand in self._hands:
            hand.join()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Receive nothing meanwhile: what nobody can drain would use up the times it may be received."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False

    def put_back(self, messages: list[Message]) -> None:
        """They are in hand still, and are gathered again."""
        self._received.put(messages)

    def gather(self, *, wait: float | None = None) -> list[Message]:
        """About a batch, or what came within a moment of the first; nothing where nothing comes."""
        wait = max(self._wait_seconds, LINGER_SECONDS) if wait is None else wait
        try:
            gathered = self._received.get(timeout=wait)
        except queue.Empty:
            return []
        # Nothing more comes to one whose hands have left.
        until = time.monotonic() + (0.0 if self._leaving.is_set() else LINGER_SECONDS)
        while len(gathered) < self._batch:
            try:
                gathered = gathered + self._received.get(timeout=max(until - time.monotonic(), 0))
            except queue.Empty:
                break
        return gathered

    def reject(self, message: Message, reason: str) -> None:
        """To the dead letters, under the id it came with: sent twice, it is collected once."""
        self._dead_letters.send(message.body, {"reason": reason[:1000], "message_id": message.id})

    def delete(self, messages: Sequence[Message]) -> None:
        """Begin to delete; of the batch before, wait for the end."""
        self._wait_for_deletions()
        receipts = [message.receipt for message in messages]
        chunks = [receipts[start : start + BATCH] for start in range(0, len(receipts), BATCH)]
        self._deleting = [self._deleters.submit(self._delete, chunk) for chunk in chunks]

    def _keep_ahead(self) -> None:
        # Two batches ahead, in messages of one call: enough to keep the writer busy, little to be
        # hidden if we die, and in hand for much less than the minute after which they come again.
        self._ahead = max(2 * self._batch // BATCH, 1)

    def _wait_for_deletions(self) -> None:
        for deletion in self._deleting:
            deletion.result()

    def _receive(self) -> None:
        while not self._leaving.is_set():
            if self._is_held or self._received.qsize() >= self._ahead:
                self._leaving.wait(0.005)
                continue
            try:
                messages = self._source.receive(wait_seconds=self._wait_seconds)
            except QueueError as error:
                self._mend(error)
                continue
            self._note_return()
            if messages:
                self._received.put(messages)

    def _mend(self, error: QueueError) -> None:
        # All hands meet the same outage, each second.
        if not self._is_away:
            self._is_away = True
            logger.warning("The buffer cannot be read, trying again each second: %s", error)
        self._leaving.wait(RETRY_SECONDS)
        try:
            if error.is_no_such_queue:
                self._source.ensure()
        except QueueError as failed:
            logger.warning("The buffer is gone and could not be made anew: %s", failed)

    def _note_return(self) -> None:
        if self._is_away:
            self._is_away = False
            logger.warning("The buffer can be read again.")

    def _give_back(self) -> None:
        """What is in hand still is somebody else's to drain, and now."""
        while messages := self.gather(wait=0):
            try:
                self._source.release_batch([message.receipt for message in messages])
            except QueueError as error:
                logger.warning("Messages in hand come again when their minute is over: %s", error)

    def _delete(self, receipts: Iterable[str]) -> None:
        try:
            self._source.delete_batch(list(receipts))
        except QueueError:
            logger.exception("Drained messages were not deleted: they come again, and change nothing.")
