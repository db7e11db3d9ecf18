"""The Lambda: one request per process, in API Gateway's payload format 2.0.

A claim is sent to the buffer before the answer goes out, since a Lambda is frozen
after it. A send that fails or takes too long is not compensated: the claim is in the
ledger, the answer is still 202, and the sweep sends it again.
"""

import binascii
import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fastpath_lambda import environment, exchange, fastpath, resp
from fastpath_lambda.exchange import Answer, Asked
from fastpath_lambda.fastpath import FastPath
from fastpath_lambda.sqs import Queue, QueueError
from fastpath_lambda.stores.commands import Command, drive

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
SEND_SECONDS = 1.0


def handler(event: Event, context: object) -> dict[str, Any]:
    asked = _read(event)
    if asked.path in ("/healthz", "/readyz"):
        return _reply(_health(asked.path), asked)
    try:
        answer = drive(_fastpath().answer(asked), _ledger().run)
    except (resp.Unavailable, resp.Refused):
        logger.exception("The ledger did not answer.")
        answer = fastpath.unavailable(asked)
    if answer.message is not None:
        _send(answer.message)
    return _reply(answer, asked)


@cache
def _fastpath() -> FastPath:
    return FastPath.from_environment()


@cache
def _ledger() -> resp.Connection:
    return resp.Connection(resp.Address.parse(environment.redis_url()))


@cache
def _queue() -> Queue:
    return Queue.from_environment(timeout=SEND_SECONDS)


def _send(message: str) -> None:
    try:
        _queue().send(message)
    except QueueError:
        logger.exception("A claim was not handed to the buffer. The sweep will.")


def _read(event: Event) -> Asked:
    headers = {str(name).lower(): str(text) for name, text in (event.get("headers") or {}).items()}
    http = (event.get("requestContext") or {}).get("http") or {}
    return Asked(
        method=str(http.get("method", "")),
        path=str(event.get("rawPath", "")),
        query=str(event.get("rawQueryString", "")),
        content_type=headers.get("content-type", ""),
        accept=headers.get("accept", ""),
        idempotency_key=headers.get("idempotency-key"),
        cookies=_cookies(event),
        body=_body(event),
    )


def _cookies(event: Event) -> str:
    """API Gateway takes them out of the headers."""
    found = event.get("cookies")
    return ";".join(map(str, found)) if isinstance(found, list) else ""


def _body(event: Event) -> bytes:
    text = str(event.get("body") or "")
    if not event.get("isBase64Encoded"):
        # A lone surrogate is not text; as a byte that is not UTF-8 it is refused with the rest.
        return text.encode(errors="surrogatepass")
    try:
        return binascii.a2b_base64(text)
    except ValueError:
        return b""


def _reply(answer: Answer, asked: Asked) -> dict[str, Any]:
    """As API Gateway wants it. All we answer is text."""
    return {
        "statusCode": answer.status,
        "headers": dict(answer.headers),
        "body": "" if asked.method == "HEAD" else answer.body.decode(),
        "isBase64Encoded": False,
    }


def _health(path: str) -> Answer:
    if path == "/healthz":
        return exchange.of_json(200, {"status": "ok"})
    checks = {"redis": lambda: _ledger().run(Command(("PING",))), "queue": lambda: _queue().depth()}
    return exchange.of_readiness({name: _outcome(check) for name, check in checks.items()})


def _outcome(check: Callable[[], object]) -> str:
    try:
        check()
    # Whatever is wrong with a dependency is the answer here, not a failure of the question.
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    return "ok"
