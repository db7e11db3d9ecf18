"""What stands between gunicorn and Django, for bodies that Django would not read as they come.

One in chunks does not say its length, and Django takes that for none: an order would
arrive empty. And an answer that goes out before the whole body has come may be lost,
since the connection is then closed on data that nobody read: whoever sent too much
would be told that the shop does not answer.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Environ = dict[str, Any]
WsgiApplication = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# More than any body that is read into memory may have; files are sent with their length.
MAX_IN_CHUNKS = 4 * 1024 * 1024
# The edge passes no more on.
MAX_LEFT = 25 * 1024 * 1024
_PIECE = 64 * 1024


class ReadBodies:
    def __init__(self, application: WsgiApplication) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("wsgi.input_terminated") and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", ""):
            _say_the_length(environ)
        answer = self._application(environ, start_response)
        if environ.get("CONTENT_LENGTH", "0") not in ("", "0"):
            _read_what_is_left(environ["wsgi.input"])
        return answer


def _say_the_length(environ: Environ) -> None:
    body = environ["wsgi.input"].read(MAX_IN_CHUNKS)
    # What came beyond that is too much for whoever reads it: what was read is, too.
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)


def _read_what_is_left(body: Any) -> None:
    read = 0
    try:
        while read < MAX_LEFT and (piece := body.read(_PIECE)):
            read += len(piece)
    except OSError:
        # Whoever sent it is gone; the answer is nobody's any more.
        return
