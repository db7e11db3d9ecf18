"""What a field of an order must be: cheap checks, each with a sentence for whoever filled it in.

No regular expressions: what a stranger writes must not be able to keep us busy.
"""

from collections.abc import Mapping

from fastpath_lambda import identity

Errors = dict[str, str]  # field → sentence

MAX_QUANTITY = 9999

# No longer than the shop's columns: what is accepted here must fit there.
_LENGTHS: Mapping[str, int] = {
    "sku": 64, "name": 120, "email": 254, "payment_token": 200,
    "line1": 200, "city": 100, "postcode": 20, "country": 2, "idempotency_key": 200,
}  # fmt: skip

# As the one who fills it in calls it.
_NAMES: Mapping[str, str] = {
    "sku": "SKU", "name": "name", "email": "e-mail address", "payment_token": "payment",
    "line1": "street and number", "city": "city", "postcode": "postcode", "country": "country",
    "idempotency_key": "idempotency key",
}  # fmt: skip

_NOT_IN_EMAIL = frozenset(' @,;:<>()[]"\\')


def texts(found: Mapping[str, object], errors: Errors) -> dict[str, str]:
    """All fields that are text, without outer blanks. Adds to `errors` what is wrong with them."""
    text = {name: _text(name, found.get(name), limit, errors) for name, limit in _LENGTHS.items()}
    if "email" not in errors and not _is_email(text["email"]):
        errors["email"] = "Write an e-mail address such as ada@example.org."
    if "country" not in errors and not _is_country(text["country"]):
        errors["country"] = "Write the country as two letters, such as GB."
    return text


def _text(name: str, value: object, limit: int, errors: Errors) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not (0 < len(text) <= limit and text.isprintable()) and (wrong := _wrong(name, value, text, limit)):
        errors[name] = wrong
    return text


def _wrong(name: str, value: object, text: str, limit: int) -> str | None:
    label = _NAMES[name]
    if not text:
        return f"Fill in the {label}." if value in (None, "") else f"Write the {label} as text."
    if len(text) > limit:
        return f"Write the {label} in at most {limit} characters."
    if any(map(_is_control, text)):
        return f"The {label} has a character in it that cannot be printed."
    return None


def _is_control(character: str) -> bool:
    # Lone surrogates cannot be encoded, and NUL cannot be stored. Unusual blanks are harmless.
    return character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"


def quantity(value: object, errors: Errors) -> int:
    # A form has text, JSON a number; a bool is an int to Python, and is no quantity.
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 10:
        value = int(value)
    if type(value) is not int or not 1 <= value <= MAX_QUANTITY:
        errors["quantity"] = f"Ask for a whole number of units, from 1 to {MAX_QUANTITY}."
        return 0
    return value


def _is_email(text: str) -> bool:
    """Cheap on purpose: one that looks right may still not exist; only a mail sent tells."""
    local, _, domain = text.rpartition("@")
    return (
        local != ""
        and local.isascii()
        and _NOT_IN_EMAIL.isdisjoint(local)
        and _NOT_IN_EMAIL.isdisjoint(domain)
        and "." in domain[1:-1]
        and ".." not in domain
        and not domain.startswith(".")
        and not domain.endswith(".")
        # No blanks of any kind; and some letters fold to two, which must still fit.
        and len(text.split()) == 1
        and len(identity.buyer(text)) <= _LENGTHS["email"]
    )


def _is_country(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isalpha()
