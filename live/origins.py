"""Which pages may open a socket here: our own, and those of the listed origins."""

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit


def is_allowed(headers: Iterable[tuple[bytes, bytes]], *, allowed: Collection[str]) -> bool:
    """Whether the page that opens this socket is ours.

    Only browsers say an origin, and only they can be made to connect by a foreign page:
    who says none is a program, which could say any.
    """
    # ASGI has header names in small letters. One who comes without an origin costs nothing more.
    said = dict(headers)
    if b"origin" not in said:
        return True
    origin = said[b"origin"].decode("latin-1")
    if origin in allowed:
        return True
    # A page cannot set either of these; the edge passes on the host that it was asked for.
    hosts = {said.get(name, b"").decode("latin-1") for name in (b"host", b"x-forwarded-host")}
    return urlsplit(origin).netloc in hosts - {""}
