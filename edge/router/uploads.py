"""A request's body on its way to an origin: whole before the origin hears of it, however slowly it comes.

A small one waits in memory, a large one in a file (spool.py). Nothing that an origin
has few of, a thread or a turn, is held while somebody still sends.
"""

import asyncio

import aiohttp
from aiohttp import web
from aiohttp.http import HttpProcessingError

from edge.router import answers, spool
from edge.router.spool import Spool, Spooled
from fastpath_lambda import problems
from fastpath_lambda.problems import Problem

MAX_BODY = 25 * answers.MEBIBYTE
# Up to here a body waits in memory, and is passed on in one piece, which costs least.
IN_ONE_PIECE = 64 * 1024
# So long may each piece of that size take to come, and the last one: 2.2 KB a second. Who sends a byte
# now and then is given up, however many come.
PIECE_SECONDS = 30.0


class Refused(Exception):
    """The request's body cannot be passed on. `problem` is the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


async def passed_on(request: web.BaseRequest, waiting: Spool) -> bytes | Spooled:
    """The body for an origin that may be sent files. Raises Refused."""
    if (request.content_length or 0) > MAX_BODY:
        raise Refused(answers.too_large(MAX_BODY))
    _go_on(request)
    first = await _first_piece(request)
    if len(first) <= IN_ONE_PIECE:
        return first
    try:
        return await _spooled(request, first, waiting)
    except spool.Crowded:
        raise Refused(answers.TOO_MANY_UPLOADS) from None
    except spool.Full:
        raise Refused(answers.NO_ROOM) from None


async def whole(request: web.BaseRequest) -> bytes:
    """The body for an origin that takes orders and nothing larger. Raises Refused."""
    if (request.content_length or 0) > IN_ONE_PIECE:
        raise Refused(problems.too_large())
    _go_on(request)
    body = await _first_piece(request)
    # Only one that did not say its length gets here with more.
    if len(body) > IN_ONE_PIECE:
        raise Refused(problems.too_large())
    return body


def _go_on(request: web.BaseRequest) -> None:
    """Tell who asked first that its body may come."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _first_piece(request: web.BaseRequest) -> bytes:
    # Mostly all of it has come with the head, and needs no waiting.
    return request.content.read_nowait() if request.content.is_eof() else await _piece(request)


async def _spooled(request: web.BaseRequest, first: bytes, waiting: Spool) -> Spooled:
    body = waiting.open(request.remote or "")
    try:
        piece = first
        while piece:
            if body.length + len(piece) > MAX_BODY:
                raise Refused(answers.too_large(MAX_BODY))
            await body.write(piece)
            piece = await _piece(request)
    except BaseException:
        body.close()
        raise
    return body


async def _piece(request: web.BaseRequest) -> bytes:
    """What comes next: a little more than IN_ONE_PIECE, or all that is left."""
    content = request.content
    piece = bytearray()
    try:
        async with asyncio.timeout(PIECE_SECONDS):
            while len(piece) <= IN_ONE_PIECE and not content.at_eof():
                piece += await content.readany()
    except TimeoutError:
        raise Refused(answers.TOO_SLOW) from None
    # The sender's fault, or its end: no origin is to blame for it.
    except (OSError, aiohttp.ClientError, web.RequestPayloadError, HttpProcessingError):
        raise Refused(answers.BROKEN_OFF) from None
    return bytes(piece)
