"""Speaking to Redis without redis-py, which takes twice as long to load as a cold start may last.

Only what both doors need: an address, how one introduces oneself there, and a blocking
connection. The encoding and decoding is hiredis's. The ASGI door's connection, which
many requests share, is in pipeline.py.
"""

import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis

from fastpath_lambda.stores.commands import Command, Word

CONNECT_SECONDS = 1.0
REPLY_SECONDS = 2.0

# What a server says that cannot serve for a while: starting, failing over, full, or its disk failing.
_NOT_NOW = ("LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF")


class Unavailable(Exception):
    """Redis cannot be reached, broke off, or cannot serve. What was sent may have been done or not."""


class Refused(Exception):
    """Redis did not accept a command: a mistake of ours."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str  # or the path of a socket
    port: int | None
    tls: bool
    greeting: tuple[tuple[Word, ...], ...]  # the commands a connection begins with

    @classmethod
    def parse(cls, url: str) -> "Address":
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError(f"REDIS_URL={url!r}: write redis://host:port/0, rediss://… or unix:///path.")
        login = [unquote(part) for part in (parts.username, parts.password) if part]
        greeting: list[tuple[Word, ...]] = [("AUTH", *login)] if login else []
        if parts.scheme == "unix":
            return cls(unquote(parts.path), None, False, tuple(greeting))
        if database := parts.path.strip("/"):
            greeting.append(("SELECT", database))
        return cls(
            parts.hostname or "127.0.0.1", parts.port or 6379, parts.scheme == "rediss", tuple(greeting)
        )


class Connection:
    """One blocking connection, made when it is needed and again when it was lost."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader()

    def run(self, command: Command) -> Any:
        """The reply. Raises Unavailable or Refused."""
        if self._socket is None:
            return self._asked(command)
        try:
            return self._asked(command)
        except Unavailable:
            # It was closed while the Lambda was frozen. Asking twice is harmless: a take answers once.
            return self._asked(command)

    def _asked(self, command: Command) -> Any:
        reply = self._exchange(command.words)
        if command.script and is_unknown_script(reply):
            reply = self._exchange(command.in_full())
        return checked(reply)

    def _exchange(self, words: tuple[Word, ...]) -> Any:
        try:
            if self._socket is None:
                self._connect()
            return self._send(words)
        except (OSError, hiredis.ProtocolError) as error:
            self.close()
            raise Unavailable(f"{self._address.host}: {error or type(error).__name__}") from error

    def _send(self, words: tuple[Word, ...]) -> Any:
        assert self._socket is not None
        self._socket.sendall(hiredis.pack_command(words))
        while (reply := self._reader.gets()) is False:
            received = self._socket.recv(65536)
            if not received:
                raise ConnectionResetError("closed by the server")
            self._reader.feed(received)
        return reply

    def _connect(self) -> None:
        self._reader = hiredis.Reader()
        self._socket = _open(self._address)
        self._socket.settimeout(REPLY_SECONDS)
        for words in self._address.greeting:
            checked(self._send(words))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _open(address: Address) -> socket.socket:
    if address.port is None:
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(CONNECT_SECONDS)
        plain.connect(address.host)
        return plain
    plain = socket.create_connection((address.host, address.port), CONNECT_SECONDS)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.tls:
        return plain
    # Only where it is used: loading it costs a tenth of a cold start.
    import ssl

    return ssl.create_default_context().wrap_socket(plain, server_hostname=address.host)


def is_unknown_script(reply: Any) -> bool:
    return isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOSCRIPT")


def checked(reply: Any) -> Any:
    if isinstance(reply, hiredis.ReplyError):
        raise (Unavailable if str(reply).startswith(_NOT_NOW) else Refused)(str(reply))
    return reply
