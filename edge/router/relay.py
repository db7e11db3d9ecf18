"""Relay one HTTP request to an origin, and its answer back, changing neither.

The request is whole before the origin is asked; the answer streams.
"""

import asyncio
import logging
from collections.abc import Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from edge.router import answers, headers, uploads
from edge.router.spool import Spool, Spooled
from edge.router.uploads import IN_ONE_PIECE, Refused
from edge.routing import Origin
from fastpath_lambda.problems import Problem

logger = logging.getLogger(__name__)

MAX_HEADER = 32 * 1024

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
# Shorter than any origin's own, gunicorn's 2 s too where nobody set it: an origin that closes a connection
# at the moment we use it again would cost a buyer a 502, since an order must not be sent twice.
IDLE_SECONDS = 1.5
CONNECTIONS_PER_ORIGIN = 512
# How many requests an origin is asked at once; the others wait here, in the order they came. A flood
# that all comes back in one turn of the loop would hold up everybody else's pages for that turn.
AT_ONCE = {Origin.FASTPATH: 16}


class Relay:
    def __init__(self, urls: Mapping[Origin, str]) -> None:
        self._urls = urls
        self._failing: set[Origin] = set()
        self.waiting = Spool()
        self._gates = {origin: asyncio.Semaphore(count) for origin, count in AT_ONCE.items()}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, limit_per_host=CONNECTIONS_PER_ORIGIN, keepalive_timeout=IDLE_SECONDS
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        )

    async def close(self) -> None:
        await self._session.close()
        self.waiting.close()

    async def relay(self, request: web.BaseRequest, origin: Origin, target: str) -> web.StreamResponse:
        gate = self._gates.get(origin)
        try:
            if gate is None:
                return await self._relay_any(request, origin, target)
            # Before its turn comes: who sends slowly must not hold a place that others wait for.
            body = await uploads.whole(request) if request.body_exists else None
            async with gate:
                return await self._relay(request, origin, target, body)
        except Refused as refused:
            return _refuse(request, refused.problem)

    async def _relay_any(self, request: web.BaseRequest, origin: Origin, target: str) -> web.StreamResponse:
        body = await uploads.passed_on(request, self.waiting) if request.body_exists else None
        if isinstance(body, Spooled):
            with body:
                return await self._relay(request, origin, target, body)
        return await self._relay(request, origin, target, body)

    async def _relay(
        self, request: web.BaseRequest, origin: Origin, target: str, body: bytes | Spooled | None
    ) -> web.StreamResponse:
        passed = headers.for_origin(request.headers, peer=request.remote or "", scheme=request.scheme)
        if isinstance(body, Spooled):
            passed["Content-Length"] = str(body.length)
        try:
            answer = await self._session.request(
                request.method,
                URL(self._urls[origin] + target, encoded=True),
                headers=passed,
                data=body,
                allow_redirects=False,
            )
        except TimeoutError:
            self._note_failure(origin, f"no answer in {ANSWER_SECONDS:g} s to {request.method} {target}")
            return answers.refuse(request, answers.NO_ANSWER_IN_TIME)
        except (aiohttp.ClientError, OSError) as error:
            self._note_failure(origin, f"{type(error).__name__}: {error}")
            return answers.refuse(request, answers.NO_ANSWER)
        if origin in self._failing:
            self._failing.remove(origin)
            logger.info("%s answers again.", origin)
        return await _pass_back(request, answer)

    def _note_failure(self, origin: Origin, why: str) -> None:
        # One line for an origin that went down, not one for each of a flood of requests.
        if origin not in self._failing:
            self._failing.add(origin)
            logger.warning("%s does not answer: %s", origin, why)

    async def check(self, origin: Origin) -> str:
        """ok, or what keeps this origin from answering /healthz."""
        try:
            timeout = aiohttp.ClientTimeout(total=2)
            async with self._session.get(f"{self._urls[origin]}/healthz", timeout=timeout) as answer:
                return "ok" if answer.status == 200 else f"status {answer.status}"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"[:200]


async def _pass_back(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    passed = headers.end_to_end(answer.headers)
    # What runs behind us, and in which version, is nobody's business.
    passed["Server"] = answers.NAME
    length = answer.content_length
    try:
        if request.method == "HEAD":
            # Its length is that of the body which a GET would get.
            return web.Response(status=answer.status, reason=answer.reason, headers=passed)
        if length is not None and length <= IN_ONE_PIECE:
            return await _whole(request, answer, passed)
        return await _stream(request, answer, passed)
    finally:
        answer.release()


async def _whole(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, passed: CIMultiDict[str]
) -> web.Response:
    try:
        body = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        logger.warning("An answer broke off: %s %s: %s", request.method, request.raw_path, error)
        return answers.refuse(request, answers.NO_ANSWER)
    passed.popall("Content-Length", None)
    return web.Response(status=answer.status, reason=answer.reason, headers=passed, body=body)


async def _stream(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, passed: CIMultiDict[str]
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=passed)
    try:
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        logger.info("An answer broke off: %s %s: %s", request.method, request.raw_path, error)
        # The head is on its way. All that can still be said is that the rest will not come: not
        # ending the answer properly says it.
        if request.transport is not None:
            request.transport.abort()
    return response


def _refuse(request: web.BaseRequest, problem: Problem) -> web.Response:
    response = answers.refuse(request, problem)
    # The rest of the body is not worth reading.
    response.force_close()
    return response
