"""Which header fields pass a proxy, and which it writes itself (RFC 9110, section 7.6)."""

import re
from collections.abc import Mapping

from multidict import CIMultiDict, istr

# About one connection, not about the message: each hop has its own. So is Connection, and what it names.
HOP_BY_HOP = tuple(
    istr(name)
    for name in (
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
    )
)
# Only the edge says these: what a client claims of itself is dropped.
FORWARDED = tuple(
    istr(name)
    for name in (
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        "X-Forwarded-Prefix",
        "X-Forwarded-Server",
        "X-Forwarded-Ssl",
        "X-Real-IP",
    )
)
_CONNECTION = istr("Connection")
_HOST = istr("Host")
# As Django reads it. RFC 3986 allows more, an underscore for one: what one path refuses, both do.
_NAMED = re.compile(
    r"([a-z0-9.-]*[a-z0-9-]\.?|\[[a-f0-9]*:[a-f0-9.:]+\])(:[0-9]+)?", re.IGNORECASE | re.ASCII
)
_NAMES_NOTHING = frozenset(("", "keep-alive", "close"))


def end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """A copy without the fields of this hop, those that Connection names included."""
    passed = CIMultiDict(headers)
    named = passed.popall(_CONNECTION, ())
    for name in HOP_BY_HOP:
        passed.popall(name, None)
    if named and ",".join(named).lower() not in _NAMES_NOTHING:
        for token in ",".join(named).split(","):
            passed.popall(token.strip(), None)
    for value in passed.values():
        if not value.isascii():
            return _writable(passed)
    return passed


def for_origin(headers: Mapping[str, str], *, peer: str, scheme: str) -> CIMultiDict[str]:
    """The request's fields as the origin gets them. Host stays what the client asked for."""
    passed = end_to_end(headers)
    for name in FORWARDED:
        passed.popall(name, None)
    # Answered here, before the body is read.
    passed.popall("Expect", None)
    passed["X-Forwarded-For"] = peer
    passed["X-Forwarded-Proto"] = scheme
    if host := passed.get("Host"):
        passed["X-Forwarded-Host"] = host
    passed.add("Via", "1.1 spillway")
    return passed


def names_a_host(headers: Mapping[str, str]) -> bool:
    """Whether it says which site is meant (RFC 9112, section 3.2). Before HTTP/1.1 it need not."""
    host = headers.get(_HOST)
    return host is None or _NAMED.fullmatch(host) is not None


def is_websocket(headers: Mapping[str, str]) -> bool:
    return (
        headers.get("Upgrade", "").lower() == "websocket"
        and "upgrade" in headers.get("Connection", "").lower()
    )


def _writable(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """Bytes that are no UTF-8 were read as lone surrogates, which cannot be written: as Latin-1 they can."""
    return CIMultiDict(
        (
            name,
            value.encode("utf-8", "surrogateescape").decode("latin-1") if _has_surrogates(value) else value,
        )
        for name, value in headers.items()
    )


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
