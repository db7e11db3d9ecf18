"""Both doors of the fast path, asked in the same way."""

import asyncio
import base64
import json
import threading
from dataclasses import dataclass
from pathlib import Path

from fastpath_lambda import handler, resp
from fastpath_lambda.asgi import Application
from fastpath_lambda.stores.redis import RedisLedger

EVENTS = Path(__file__).parent / "events"
ORDER = "/shop/lights/lamp/order"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


def event(name, **changes):
    return json.loads((EVENTS / f"{name}.json").read_text()) | changes


class DoorsLedger(RedisLedger):
    """The ledger over the doors' own connection, one per thread."""

    def __init__(self, address):
        self._address = address
        self._local = threading.local()

    def _run(self, command):
        if not hasattr(self._local, "connection"):
            self._local.connection = resp.Connection(self._address)
        return self._local.connection.run(command)


@dataclass
class Reply:
    status: int
    headers: dict
    body: str

    def json(self):
        return json.loads(self.body)


class LambdaDoor:
    """handler.py, with an event as API Gateway sends it."""

    def ask(self, method, path, *, headers=(), body=b"", query=""):
        asked = event("order_json", rawPath=path, rawQueryString=query, headers=dict(headers))
        # Where API Gateway puts them.
        asked["cookies"] = asked["headers"].pop("Cookie", "").split("; ")
        asked["requestContext"]["http"]["method"] = method
        asked["body"] = base64.b64encode(body).decode()
        asked["isBase64Encoded"] = True
        reply = handler.handler(asked, None)
        return Reply(reply["statusCode"], reply["headers"], reply["body"])

    def close(self):
        for remembered in (handler._fastpath, handler._ledger, handler._queue):
            remembered.cache_clear()


class AsgiDoor:
    """asgi.py, called as a server calls it. Its loop runs only while somebody asks."""

    def __init__(self):
        self._runner = asyncio.Runner()
        self._application = Application()
        self._events, self._sent = asyncio.Queue(), asyncio.Queue()
        self._runner.run(self._start())

    def ask(self, method, path, *, headers=(), body=b"", query=""):
        return self._runner.run(self._ask(method, path, dict(headers), body, query))

    def ask_together(self, *asked):
        """Several requests in the same turn of the loop; their replies in order."""
        return self._runner.run(self._ask_together(asked))

    def close(self):
        if not self._life.done():
            self._runner.run(self._stop())
            self._runner.close()

    async def _start(self):
        self._life = asyncio.create_task(
            self._application({"type": "lifespan"}, self._events.get, self._sent.put)
        )
        await self._events.put({"type": "lifespan.startup"})
        assert (await self._sent.get())["type"] == "lifespan.startup.complete"
        # It answers 503 until it has its connection.
        while (await self._ask("GET", "/readyz", {}, b"", "")).status != 200:
            await asyncio.sleep(0.01)

    async def _stop(self):
        await self._events.put({"type": "lifespan.shutdown"})
        await self._life

    async def _ask_together(self, asked):
        return await asyncio.gather(*(self._ask(*one) for one in asked))

    async def _ask(self, method, path, headers, body, query):
        sent, events = [], self._body(body)
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), text.encode("latin-1")) for name, text in headers.items()],
        }

        async def receive():
            return next(events)

        async def send(message):
            sent.append(message)

        await self._application(scope, receive, send)
        said = {name.decode(): text.decode() for name, text in sent[0]["headers"]}
        return Reply(sent[0]["status"], said, b"".join(m["body"] for m in sent[1:]).decode())

    @staticmethod
    def _body(body):
        # In two parts, as a large one comes.
        yield {"type": "http.request", "body": body[:9000], "more_body": len(body) > 9000}
        yield {"type": "http.request", "body": body[9000:], "more_body": False}
        yield {"type": "http.disconnect"}


def order(**changes):
    plain = {
        "sku": "LAMP",
        "quantity": 1,
        "email": "ada@example.org",
        "name": "Ada",
        "address": {"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"},
        "payment_token": "tok_ok",
    }
    return plain | changes


def flat(**changes):
    """The same as an HTML form's fields."""
    fields = order(**changes)
    return fields | fields.pop("address")


def post(door, *, key="k-1", path=ORDER, accept="application/json", cookies="", **changes):
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "Accept": accept}
    if cookies:
        headers["Cookie"] = cookies
    return door.ask("POST", path, headers=headers, body=json.dumps(order(**changes)).encode())
