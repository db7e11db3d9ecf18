"""The opening handshake of a socket, answered from what the server has read of it already.

uvicorn's HTTP protocol reads a request, writes it out again, and has its WebSocket
protocol parse that a second time: a third of what taking in a connection cost. Here is
the short way, for requests as browsers and programs send them. Whatever is unusual goes
the long way, which knows every rule and how to refuse.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

Headers = list[tuple[bytes, bytes]]

# RFC 6455, section 1.3.
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
# Each of these wants more of the answer, or is not a handshake's at all.
_UNUSUAL = {b"content-length", b"transfer-encoding", b"sec-websocket-protocol"}
_MOST, _LONGEST = 64, 4096
_ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


def key(method: str, version: str, url: bytes, headers: Headers) -> bytes | None:
    """What the client wants proof for, where nothing about its request is unusual; else None."""
    said = dict(headers)
    if (method, version) != ("GET", "1.1") or not url.isascii() or not _UNUSUAL.isdisjoint(said):
        return None
    if len(said) != len(headers) or len(said) > _MOST or max(map(len, said.values())) > _LONGEST:
        return None
    found = said.get(b"sec-websocket-key", b"")
    return found if said.get(b"sec-websocket-version") == b"13" and _KEY.fullmatch(found) else None


def answer(key: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """101, with the proof that the request was read as what it is."""
    proof = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
    more = b"".join([b"%b: %b\r\n" % header for header in headers])
    return b"%bSec-WebSocket-Accept: %b\r\n%b\r\n" % (_ACCEPTED, proof, more)


def place(url: bytes, root: str) -> dict[str, Any]:
    """What an ASGI scope says of the address that was asked for."""
    raw_path, _, query = url.partition(b"?")
    path = raw_path.decode("ascii")
    return {
        "path": root + (unquote(path) if "%" in path else path),
        "raw_path": root.encode("ascii") + raw_path,
        "query_string": query,
        "root_path": root,
    }
