"""Whether this process answers, and whether what it needs does."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse

from fastpath_lambda import sqs


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Each dependency by name; 503 while one of them is down. Why, and where it is, is not for the edge."""
    checks = {"postgresql": _postgresql, "redis": _redis, "queue": _queue}
    found = {name: _outcome(check) for name, check in checks.items()}
    ready = all(outcome == "ok" for outcome in found.values())
    if "X-Forwarded-For" in request.headers:
        found = {name: "ok" if outcome == "ok" else "down" for name, outcome in found.items()}
    return JsonResponse({"ready": ready, "checks": found}, status=200 if ready else 503)


def _outcome(check: Callable[[], object]) -> str:
    try:
        check()
    # Whatever is wrong with a dependency is the answer here, not a failure of the question.
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    return "ok"


def _postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
        client.ping()


def _queue() -> None:
    sqs.Queue.from_environment().depth()
