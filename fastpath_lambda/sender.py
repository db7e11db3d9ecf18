"""Handing claims to the buffer from an event loop: in the background, in batches of ten.

Nobody waits for it: the claim and the intent to buffer it are in the ledger already. So
what cannot be sent, or finds no room here, is dropped, and the sweep sends it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

from fastpath_lambda import post, sqs_wire
from fastpath_lambda.sqs_wire import BATCH, Endpoint, QueueError

logger = logging.getLogger(__name__)

CONNECTIONS = 4
MOST_WAITING = 20_000
# A batch of ten costs hardly more than one message, and nobody waits for it.
LINGER_SECONDS = 0.05
TIMEOUT = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0


class Sender:
    def __init__(self, endpoint: Endpoint, queue_name: str, *, queue_url: str | None = None) -> None:
        self._endpoint = endpoint
        self._queue_name = queue_name
        self._queue_url = queue_url
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._gathering = asyncio.Lock()
        self._workers: list[asyncio.Task[None]] = []
        # One gathers while the others send: four that gathered at once would each send a fourth.
        self._gathering = asyncio.Lock()
        self._is_failing = False
        self.left_to_the_sweep = 0

    async def start(self) -> None:
        self._workers = [asyncio.create_task(self._work()) for _ in range(CONNECTIONS)]

    def put(self, message: str) -> None:
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.left_to_the_sweep += 1

    async def close(self) -> None:
        """Send what is waiting, as long as one call may take."""
        try:
            await asyncio.wait_for(self._waiting.join(), TIMEOUT)
        except TimeoutError:
            logger.warning("%s claims are left to the sweep.", self._waiting.qsize())
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def check(self) -> None:
        """Raises where the queue cannot be reached."""
        line = _Line(self._endpoint)
        try:
            await line.call("GetQueueUrl", {"QueueName": self._queue_name})
        finally:
            line.close()

    async def _work(self) -> None:
        line, pause = _Line(self._endpoint), FIRST_PAUSE
        try:
            while True:
                batch = await self._gather()
                if await self._deliver(line, batch):
                    pause = FIRST_PAUSE
                else:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            line.close()

    async def _gather(self) -> list[str]:
        async with self._gathering:
            batch = [await self._waiting.get()]
            if self._waiting.qsize() < BATCH - 1:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LINGER_SECONDS):
                        while len(batch) < BATCH:
                            batch.append(await self._waiting.get())
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
        return batch

    async def _deliver(self, line: "_Line", batch: list[str]) -> bool:
        try:
            url = await self._url(line)
            reply = await line.call("SendMessageBatch", sqs_wire.send_batch(url, batch))
            self.left_to_the_sweep += len(sqs_wire.failed(reply))
            self._report(None)
            return True
        except QueueError as error:
            self.left_to_the_sweep += len(batch)
            self._report(error)
            return False
        finally:
            for _ in batch:
                self._waiting.task_done()

    async def _url(self, line: "_Line") -> str:
        if self._queue_url is None:
            found = await line.call("GetQueueUrl", {"QueueName": self._queue_name})
            self._queue_url = str(found["QueueUrl"])
        return self._queue_url

    def _report(self, error: QueueError | None) -> None:
        """Once when it begins and once when it ends, however many orders a second there are."""
        if error and not self._is_failing:
            logger.warning("The buffer takes no claims, the sweep will send them: %s", error)
        if not error and self._is_failing:
            logger.info("The buffer takes claims again; %s were left to the sweep.", self.left_to_the_sweep)
        self._is_failing = error is not None


class _Line:
    """A connection to the service, made when it is needed and again when it was lost."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._connection: post.Connection | None = None

    async def call(self, action: str, members: Mapping[str, object]) -> dict[str, Any]:
        """Raises QueueError."""
        headers, body = self._endpoint.request(action, members)
        try:
            async with asyncio.timeout(TIMEOUT):
                connection = await self._ready()
                status, reply = await connection.post(headers, body)
        except (OSError, TimeoutError, post.Broken) as error:
            self.close()
            raise QueueError("Unreachable", f"{self._endpoint.url}: {error or 'timed out'}") from error
        return sqs_wire.read_reply(status, reply)

    async def _ready(self) -> post.Connection:
        if self._connection is None or not self._connection.is_open:
            self._connection = await post.Connection.open(self._endpoint.url)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
