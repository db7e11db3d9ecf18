"""The built-in router's publisher: a file that the router watches, replaced in one step."""

import http.client
import json
import logging
import os
import time
from urllib.parse import urlsplit

from django.conf import settings

from edge import routing
from edge.publishing import NotServed
from edge.routing import BadTable, Table

logger = logging.getLogger(__name__)

WAIT_SECONDS = 5.0
ASK_AGAIN_SECONDS = 0.02


def existing() -> Table | None:
    try:
        return routing.from_json(settings.EDGE_TABLE.read_bytes())
    except (FileNotFoundError, BadTable):
        # An unreadable table is replaced like a missing one: the plan shows all of it.
        return None


def publish(table: Table) -> None:
    path = settings.EDGE_TABLE
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the file, so that renaming stays on one disk: the router sees the old one or the new one whole.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(routing.to_json(table))
    draft.replace(path)


def wait(version: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while (served := _served()) != f"serves table {version}":
        if served is None:
            logger.warning(
                "No router answers at %s: it will read the table when it starts.", settings.EDGE_URL
            )
            return
        if time.monotonic() > deadline:
            raise NotServed(
                f"Table {version} is not served: {settings.EDGE_URL} {served}. "
                f"Is it our router, and does its EDGE_TABLE name {settings.EDGE_TABLE}?"
            )
        time.sleep(ASK_AGAIN_SECONDS)


def _served() -> str | None:
    """What the router says it serves, or how it failed to; None when nobody listens there."""
    address = urlsplit(settings.EDGE_URL)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return f"serves table {int(json.loads(connection.getresponse().read())['table'])}"
    except ConnectionRefusedError:
        return None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        return f"does not say which table it serves ({error!r})"
    finally:
        connection.close()
