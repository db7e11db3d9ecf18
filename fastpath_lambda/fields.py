"""The fields of an order's body, flat, as JSON and as an HTML form. Nothing is checked here: see forms.py."""

import json
from collections.abc import Callable
from typing import Any

Reader = Callable[[bytes], dict[str, object]]

# A form may also write names the way the JSON is nested, and the header's own name.
_ALIASES = {
    "address.line1": "line1",
    "address.city": "city",
    "address.postcode": "postcode",
    "address.country": "country",
    "Idempotency-Key": "idempotency_key",
}
_MAX_FIELDS = 50


class Unreadable(ValueError):
    """The body is not what its content type says. The message is for the sender."""


def from_json(body: bytes) -> dict[str, object]:
    """The members of the object, those of its `address` beside the others."""
    try:
        members: Any = json.loads(body.decode())
    # Deep nesting is no syntax error, but it is no order either.
    except (ValueError, RecursionError):
        raise Unreadable("The order is not readable as JSON in UTF-8.") from None
    if not isinstance(members, dict):
        raise Unreadable("The order must be a JSON object.")
    address = members.get("address")
    return members | address if isinstance(address, dict) else members


def from_form(body: bytes) -> dict[str, object]:
    # Half of what this module would cost a cold start, and most orders are JSON.
    from urllib.parse import parse_qsl

    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Unreadable("The order is not readable as a form in UTF-8.") from None
    return {_ALIASES.get(name, name): value for name, value in pairs}
