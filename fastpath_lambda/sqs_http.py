"""Calls to SQS over kept connections, one per thread."""

import http.client
import threading
from collections.abc import Mapping
from typing import Any

from fastpath_lambda import sqs_wire
from fastpath_lambda.sqs_wire import Endpoint, QueueError


class Caller:
    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._local = threading.local()

    def call(self, action: str, members: Mapping[str, object], *, timeout: float) -> dict[str, Any]:
        """One call, made again where the kept connection turns out to be closed. Raises QueueError.

        Whatever is sent may thus arrive twice. That is harmless: the order id decides what is new.
        """
        headers, body = self.endpoint.request(action, members)
        try:
            return self._exchange(headers, body, timeout)
        except (ConnectionError, http.client.HTTPException):
            # A service closes idle connections, and we learn of it when we write.
            return self._once_more(headers, body, timeout)
        except OSError as error:
            raise self._unreachable(error) from error

    def _once_more(self, headers: dict[str, str], body: bytes, timeout: float) -> dict[str, Any]:
        try:
            return self._exchange(headers, body, timeout)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def _exchange(self, headers: dict[str, str], body: bytes, timeout: float) -> dict[str, Any]:
        connection = self._connection(timeout)
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            status, reply = response.status, response.read()
        except BaseException:
            # Half a reply must never be taken for the next one's.
            self._local.connection = None
            connection.close()
            raise
        return sqs_wire.read_reply(status, reply)

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            scheme, _, host = self.endpoint.url.partition("://")
            kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
            connection = self._local.connection = kind(host)
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection

    def _unreachable(self, error: Exception) -> QueueError:
        return QueueError("Unreachable", f"{self.endpoint.url}: {error or type(error).__name__}")
