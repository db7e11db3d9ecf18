"""The few HTTP answers of the `live` process: whether it runs, and whether what it needs does."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.db import connection

from fastpath_lambda.problems import CONTENT_TYPE, Problem
from live.store import RoomStore

NOTHING_ELSE = Problem(
    404, "Not found", "Nothing is here but the socket /live/: ask to upgrade.", refusal="not_found"
)
Send = Callable[[dict[str, Any]], Awaitable[None]]


def application(store: RoomStore) -> Callable[..., Awaitable[None]]:
    async def answer(scope: dict[str, Any], receive: Callable[..., Awaitable[Any]], send: Send) -> None:
        if scope["path"] == "/healthz":
            await _send(send, 200, {"status": "ok"})
        elif scope["path"] == "/readyz":
            found = {
                "redis": await _outcome(store.ping),
                "postgresql": await _outcome(database_sync_to_async(_ask_database)),
            }
            ready = set(found.values()) == {"ok"}
            await _send(send, 200 if ready else 503, {"ready": ready, "checks": found})
        else:
            await _send(send, 404, NOTHING_ELSE.members(), kind=CONTENT_TYPE)

    return answer


async def _outcome(check: Callable[[], Awaitable[None]]) -> str:
    try:
        await check()
    # Whatever is wrong with a dependency is the answer here, not a failure of the question.
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    return "ok"


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _send(send: Send, status: int, body: dict[str, Any], *, kind: str = "application/json") -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
