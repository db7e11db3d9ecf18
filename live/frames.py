"""A message on its way to many: encoded once, and framed once for connections that take whole frames."""

import struct
from functools import cached_property

from live import messages

_TEXT = 0x81  # the whole message in this frame, and text


class Frame:
    def __init__(self, message: messages.FromServer) -> None:
        self._payload = messages.encode(message)

    @cached_property
    def text(self) -> str:
        return self._payload.decode()

    @cached_property
    def raw(self) -> bytes:
        """The frame as it goes over the wire. A server's frames are not masked: one serves everybody."""
        return _header(len(self._payload)) + self._payload


def _header(length: int) -> bytes:
    # RFC 6455, section 5.2: the shortest of three forms.
    if length < 126:
        return struct.pack("!BB", _TEXT, length)
    if length < 2**16:
        return struct.pack("!BBH", _TEXT, 126, length)
    return struct.pack("!BBQ", _TEXT, 127, length)
