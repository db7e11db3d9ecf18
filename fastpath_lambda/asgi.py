"""The fast path as a long-lived service, for those without Lambda.

Run by `uvicorn --http fastpath_lambda.single_write:Protocol --loop uvloop fastpath_lambda.asgi:application`.

No framework: what stands between a request and its take is time. The answer goes out
after the take; the claim is handed to the buffer in the background.
"""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastpath_lambda import environment, exchange, fastpath, forms, resp
from fastpath_lambda.exchange import Answer, Asked
from fastpath_lambda.fastpath import FastPath
from fastpath_lambda.gathering import Gathering
from fastpath_lambda.pipeline import Pipeline
from fastpath_lambda.sender import Sender
from fastpath_lambda.sqs_wire import Endpoint
from fastpath_lambda.stores.commands import Command, Steps, T

logger = logging.getLogger(__name__)

_HEADERS = {b"content-type": "content_type", b"accept": "accept", b"idempotency-key": "idempotency_key"}
_HEADERS[b"cookie"] = "cookies"

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class Door:
    """Everything one process needs to serve the fast path, from start to end."""

    def __init__(self) -> None:
        self._fastpath = FastPath.from_environment()
        self._ledger = Pipeline(resp.Address.parse(environment.redis_url()))
        self._gathering = Gathering(self._ledger.run)
        self._sender = Sender(
            Endpoint.from_environment(), environment.queue_name(), queue_url=environment.queue_url()
        )

    async def open(self) -> None:
        await self._ledger.start()
        await self._sender.start()
        # What is loaded now stays: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()

    async def close(self) -> None:
        await self._sender.close()
        await self._ledger.close()

    async def answer(self, asked: Asked) -> Answer:
        if asked.path in ("/healthz", "/readyz"):
            return await self._health(asked.path)
        try:
            answer = await converse(self._fastpath.answer(asked), self._gathering.run)
        except resp.Unavailable:
            return fastpath.unavailable(asked)
        except resp.Refused:
            logger.exception("The ledger refused a command.")
            return fastpath.unavailable(asked)
        if answer.message is not None:
            self._sender.put(answer.message)
        return answer

    async def _health(self, path: str) -> Answer:
        if path == "/healthz":
            return exchange.of_json(200, {"status": "ok"})
        checks = {"redis": self._ledger.run(Command(("PING",))), "queue": self._sender.check()}
        outcomes = await asyncio.gather(*checks.values(), return_exceptions=True)
        return exchange.of_readiness({name: _said(out) for name, out in zip(checks, outcomes, strict=True)})


async def converse(steps: Steps[T], run: Callable[[Command], Awaitable[Any]]) -> T:
    """What `drive` does, without waiting."""
    try:
        command = next(steps)
        while True:
            command = steps.send(await run(command))
    except StopIteration as end:
        outcome: T = end.value
        return outcome


class Application:
    def __init__(self) -> None:
        self._door: Door | None = None

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            # There are no sockets here; the server answers a refused one with 403.
            await send({"type": "websocket.close"})

    async def _serve(self, scope: Event, receive: Receive, send: Send) -> None:
        assert self._door is not None, "the server did not announce its start: run it with --lifespan on"
        body = await _read(receive)
        if body is None:
            return
        answer = await self._door.answer(_asked(scope, body))
        headers = [(name.encode(), text.encode()) for name, text in answer.headers]
        headers.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._door = Door()
            await self._door.open()
        except ValueError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._door.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _read(receive: Receive) -> bytes | None:
    """The body, or its beginning where it is longer than any order; None where the client has left."""
    event = await receive()
    body: bytes = event.get("body", b"")
    while event.get("more_body") and len(body) <= forms.MAX_BODY:
        event = await receive()
        body += event.get("body", b"")
    return None if event["type"] == "http.disconnect" else body


def _asked(scope: Event, body: bytes) -> Asked:
    asked = Asked(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), body=body)
    for name, text in scope["headers"]:
        if name in _HEADERS:
            setattr(asked, _HEADERS[name], text.decode("latin-1"))
    return asked


def _said(outcome: object) -> str:
    return f"{type(outcome).__name__}: {outcome}"[:200] if isinstance(outcome, BaseException) else "ok"


application = Application()
