"""A request's body on its way to an origin: in one piece where it is small, streaming where it is not."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
from aiohttp.http import HttpProcessingError

from edge.router import answers
from fastpath_lambda import problems
from fastpath_lambda.problems import Problem

MAX_BODY = 25 * answers.MEBIBYTE
# Up to here a body is passed on in one piece, which costs least.
IN_ONE_PIECE = 64 * 1024
STALL_SECONDS = 30.0


class Refused(Exception):
    """The request's body cannot be passed on. `problem` is the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


async def passed_on(request: web.BaseRequest) -> "bytes | Upload":
    """The body for an origin that may be sent files. Raises Refused."""
    length = request.content_length
    if length is not None and length > MAX_BODY:
        raise Refused(answers.too_large(MAX_BODY))
    _go_on(request)
    if length is None or length > IN_ONE_PIECE:
        return Upload(request)
    return await _all(request)


async def whole(request: web.BaseRequest) -> bytes:
    """The body for an origin that takes orders and nothing larger. Raises Refused."""
    if (request.content_length or 0) > IN_ONE_PIECE:
        raise Refused(problems.too_large())
    _go_on(request)
    return await _all(request)


class Upload:
    """A large body on its way to the origin, as long as it stays within the limit."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self.refused: Problem | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        passed = 0
        try:
            async for chunk in _chunks(self._request):
                passed += len(chunk)
                if passed > MAX_BODY:
                    raise Refused(answers.too_large(MAX_BODY))
                yield chunk
        except Refused as refused:
            self.refused = refused.problem
            raise


def _go_on(request: web.BaseRequest) -> None:
    """Tell who asked first that its body may come."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _all(request: web.BaseRequest) -> bytes:
    # Mostly it has come with the head, and needs no waiting.
    body = request.content.read_nowait() if request.content.is_eof() else await _gather(request)
    # Only one that did not say its length gets here with more.
    if len(body) > IN_ONE_PIECE:
        raise Refused(problems.too_large())
    return body


async def _gather(request: web.BaseRequest) -> bytes:
    body = bytearray()
    async for chunk in _chunks(request):
        body += chunk
        if len(body) > IN_ONE_PIECE:
            break
    return bytes(body)


async def _chunks(request: web.BaseRequest) -> AsyncIterator[bytes]:
    content = request.content
    try:
        while not content.at_eof():
            async with asyncio.timeout(STALL_SECONDS):
                chunk = await content.readany()
            yield chunk
    except TimeoutError:
        raise Refused(answers.TOO_SLOW) from None
    # The sender's fault, or its end: no origin is to blame for it.
    except (OSError, aiohttp.ClientError, web.RequestPayloadError, HttpProcessingError):
        raise Refused(answers.BROKEN_OFF) from None
