"""A finished frame is what a WebSocket library makes of the same text, whatever its length."""

import pytest
from msgspec import Raw
from websockets.frames import Frame as Reference
from websockets.frames import Opcode

from live import messages
from live.frames import Frame


@pytest.mark.parametrize("length", [0, 10, 500, 65_000, 65_535, 70_000, 200_000])
def test_is_framed_as_the_standard_says(length):
    value = Raw(b'"' + b"x" * length + b'"')

    frame = Frame(messages.Update("product:lämp", messages.Position("e1", 1), {"LAMP": value}))

    assert frame.raw == Reference(Opcode.TEXT, frame.text.encode()).serialize(mask=False)


@pytest.mark.parametrize("length", range(120, 132))
def test_is_framed_as_the_standard_says_where_the_header_grows(length):
    short = len(Frame(messages.Error("", "")).text)

    frame = Frame(messages.Error("", "x" * (length - short)))

    assert len(frame.text) == length
    assert frame.raw == Reference(Opcode.TEXT, frame.text.encode()).serialize(mask=False)
