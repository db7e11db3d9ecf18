"""The router: one request in, the table's origin out."""

import asyncio
import ipaddress
import logging
from collections import Counter
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp import web

from edge import routing
from edge.router import answers, headers
from edge.router.files import Files
from edge.router.protocol import Server
from edge.router.relay import MAX_HEADER, Relay
from edge.router.settings import Settings
from edge.router.table_file import TableFile
from edge.router.tunnel import Tunnels
from edge.routing import Origin, Route
from fastpath_lambda import problems

logger = logging.getLogger(__name__)
# aiohttp answers what is no HTTP with 400, and would write a traceback for each.
_protocol_logger = logging.getLogger(f"{__name__}.protocol")
_protocol_logger.setLevel(logging.CRITICAL)

# A browser's idle connection is kept this long.
KEEP_ALIVE_SECONDS = 75.0
STOP_SECONDS = 5.0
# CloudFront takes 8,192 bytes of an address; gunicorn, who counts the method too, takes 8,190.
MAX_TARGET = 8000
# No more of a request's field than gunicorn takes: it would refuse the rest in its own words.
MAX_FIELD = 8000
BACKLOG = 4096


class Router:
    """`start()` listens, `stop()` lets what is under way end. Both in the same event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._table = TableFile(settings.table)
        self._requests: Counter[Origin] = Counter()
        self._lost_pages: set[str] = set()

    async def start(self) -> int:
        """Returns the port, which is the system's choice where 0 was asked for."""
        self._table.refresh()
        self._watching = asyncio.create_task(self._table.watch())
        self._relay = Relay(self._settings.urls)
        self._tunnels = Tunnels(self._settings.urls)
        self._files = Files(self._settings.folders)
        server = Server(
            self.handle,
            access_log=None,
            logger=_protocol_logger,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_FIELD,
            lingering_time=2.0,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.host, self._settings.port, backlog=BACKLOG).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        # Sockets reconnect to whoever comes next; requests are answered first.
        self._tunnels.close()
        await self._runner.cleanup()
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching
        await self._relay.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        # The last line: whatever went wrong is ours, and the client gets an answer of the usual shape.
        except Exception:
            logger.exception("A request could not be handled.")
            return answers.refuse(request, answers.NO_ANSWER)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        target = _target(request.raw_path)
        if target is None or request.method == "CONNECT":
            return answers.refuse(request, answers.BAD_TARGET)
        if len(target) > MAX_TARGET:
            return answers.refuse(request, answers.LONG_TARGET)
        if not headers.names_a_host(request.headers):
            return answers.refuse(request, answers.BAD_HOST)
        if own := await self._own_answer(request, target):
            return own
        route = routing.choose(self._table.table, target)
        self._requests[route.origin] += 1
        if route.origin in self._settings.urls:
            return await self._ask(request, route.origin, target, route)
        return await self._serve(request, target, route)

    async def _ask(
        self, request: web.BaseRequest, origin: Origin, target: str, route: Route
    ) -> web.StreamResponse:
        if route.is_rewritten:
            _, mark, query = target.partition("?")
            target = f"{route.path}{mark}{query}"
        if "Upgrade" not in request.headers:
            return await self._relay.relay(request, origin, target)
        # To another origin a tunnel would lead past all that is done here: routes, limits, the true address.
        if origin is Origin.LIVE and request.method == "GET" and headers.is_websocket(request.headers):
            return await self._tunnels.carry(request, origin, target)
        response = await self._relay.relay(request, origin, target)
        # aiohttp takes whatever comes next for what the upgrade would have led to.
        response.force_close()
        return response

    async def _serve(self, request: web.BaseRequest, target: str, route: Route) -> web.StreamResponse:
        response = await self._files.serve(request, route)
        if response is not None:
            return response
        if not route.is_rewritten:
            return answers.refuse(request, problems.not_found())
        # A sale's page that cannot be found is better shown by the shop than not at all.
        if route.path not in self._lost_pages:
            self._lost_pages.add(route.path)
            logger.error("%s is in the table and not in the folder: the shop shows the page.", route.path)
        self._requests[Origin.WEB] += 1
        return await self._relay.relay(request, Origin.WEB, target)

    async def _own_answer(self, request: web.BaseRequest, target: str) -> web.Response | None:
        match target:
            case "/healthz" | "/readyz" if request.method not in ("GET", "HEAD"):
                return answers.refuse(request, problems.method_not_allowed("GET, HEAD"))
            case "/healthz":
                return answers.present_json({"status": "ok", "table": self._table.table.version})
            case "/readyz":
                return await self._ready(in_full=_is_from_here(request))
            case "/_edge/stats" if _is_from_here(request):
                return answers.present_json(self._stats())
        return None

    async def _ready(self, *, in_full: bool) -> web.Response:
        """Each origin by name; 503 while one of them is down. Why, and where it is, is for this machine."""
        found = await asyncio.gather(*(self._relay.check(origin) for origin in self._settings.urls))
        ready = all(outcome == "ok" for outcome in found)
        if not in_full:
            found = ["ok" if outcome == "ok" else "down" for outcome in found]
        checks = dict(zip(self._settings.urls, found, strict=True))
        return answers.present_json({"ready": ready, "checks": checks}, status=200 if ready else 503)

    def _stats(self) -> dict[str, object]:
        requests = {origin: self._requests[origin] for origin in Origin}
        return {
            "table": self._table.table.version,
            "requests": requests,
            "sockets": len(self._tunnels),
            "uploads": len(self._relay.waiting),
        }


def _target(raw: str) -> str | None:
    """Path and query as they were written. None for what names no resource of ours."""
    if not raw.startswith("/"):
        # A client that takes us for a proxy writes the whole URL.
        try:
            parts = urlsplit(raw)
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return None
        raw = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    raw = raw.partition("#")[0]
    return raw if raw.isascii() and raw.isprintable() else None


def _is_from_here(request: web.BaseRequest) -> bool:
    """Whether a program on this machine asks, and asks for itself."""
    try:
        is_loopback = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
    return is_loopback and "X-Forwarded-For" not in request.headers
