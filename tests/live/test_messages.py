"""What a client may say, and what it is told when it says something else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live import messages


def test_a_subscription_with_a_position_and_a_token_is_read():
    text = (
        '{"type": "subscribe", "rooms": ['
        '{"room": "product:lamp", "position": {"epoch": "e1", "offset": 41}}, '
        '{"room": "order:1", "token": "t"}]}'
    )

    message = messages.decode(text)

    assert message.rooms[0].position == messages.Position("e1", 41)
    assert message.rooms[1].token == "t"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_json"),
        ("subscribe", "not_json"),
        ('{"type": "subscribe"', "not_json"),
        ("\ud800", "not_json"),
        ('{"type": "ping", "more": ' + "[" * 8000 + "]" * 8000 + "}", "not_json"),
        ("[]", "bad_message"),
        ("null", "bad_message"),
        ("{}", "bad_message"),
        ('{"type": "order"}', "bad_message"),
        ('{"type": "subscribe"}', "bad_message"),
        ('{"type": "subscribe", "rooms": ["product:lamp"]}', "bad_message"),
        ('{"type": "subscribe", "rooms": [{"room": 7}]}', "bad_message"),
        ('{"type": "subscribe", "rooms": [{"room": "x", "position": {"epoch": "e"}}]}', "bad_message"),
        (
            '{"type": "subscribe", "rooms": [{"room": "x", "position": {"epoch": "e", "offset": -1}}]}',
            "bad_message",
        ),
        (
            '{"type": "subscribe", "rooms": [{"room": "x", "position": {"epoch": "e", "offset": 1e400}}]}',
            "bad_message",
        ),
        (
            '{"type": "subscribe", "rooms": [{"room": "x", "position": {"epoch": "e", "offset": 1e16}}]}',
            "bad_message",
        ),
        ('{"type": "ping"' + " " * messages.MAX_LENGTH + "}", "too_large"),
        (json.dumps({"type": "subscribe", "rooms": [{"room": "ops"}] * 101}), "too_many_rooms"),
    ],
)
def test_anything_else_is_named_for_what_is_wrong_with_it(text, code):
    with pytest.raises(messages.BadMessage) as caught:
        messages.decode(text)

    assert caught.value.code == code
    assert str(caught.value)


@given(st.text())
def test_no_text_makes_another_error(text):
    try:
        messages.decode(text)
    except messages.BadMessage as error:
        assert error.code in ("not_json", "bad_message")


def test_a_plain_update_does_not_mention_recovery():
    update = messages.Update("product:lamp", messages.Position("e1", 2), {})

    assert json.loads(messages.encode(update)) == {
        "type": "update",
        "room": "product:lamp",
        "position": {"epoch": "e1", "offset": 2},
        "changes": {},
    }
