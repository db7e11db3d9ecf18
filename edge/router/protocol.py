"""aiohttp's server, but for what it says to a request that is none: that in our shape, and in our name.

It would answer in plain text, with the bytes it stumbled over, and name itself, Python
and both their versions.
"""

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from edge.router import answers
from fastpath_lambda.problems import Problem


class Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Protocol(web.RequestHandler):
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        # That logs it, and breaks off where an answer has begun.
        super().handle_error(request, status, exc, message)
        response = answers.present(_problem(status, exc))
        response.force_close()
        return response


def _problem(status: int, exc: BaseException | None) -> Problem:
    if isinstance(exc, LineTooLong):
        return answers.LONG_HEADER
    return answers.BAD_SYNTAX if status < 500 else answers.NO_ANSWER
