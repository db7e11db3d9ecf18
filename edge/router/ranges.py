"""One range of a file that is held in memory (RFC 9110, section 14). Files on the disk have aiohttp's own.

Players ask for parts of a film. Several ranges at once are asked for by nobody we know of, and may
be answered with the whole.
"""

from aiohttp import web

UNSATISFIABLE = 416


def cut(request: web.BaseRequest, response: web.Response, etag: str) -> web.Response:
    """The response with only what the request wants of its body; unchanged where it wants all."""
    response.headers["Accept-Ranges"] = "bytes"
    if "Range" not in request.headers or request.headers.get("If-Range", etag) != etag:
        return response
    body = response.body
    assert isinstance(body, bytes)
    try:
        wanted = request.http_range
    except ValueError:  # several ranges, another unit, or none of our grammar
        return response
    start, stop, _ = wanted.indices(len(body))
    if start >= stop:
        return _unsatisfiable(response, len(body))
    response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    response.body = body[start:stop]
    response.set_status(206)
    return response


def _unsatisfiable(response: web.Response, length: int) -> web.Response:
    response.headers["Content-Range"] = f"bytes */{length}"
    response.body = b""
    response.set_status(UNSATISFIABLE)
    return response
