"""Where a webhook may lead: to an address of the web, and with no password in it."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError


def check_url(url: str) -> None:
    """Raise ValidationError where nothing may be sent to this address."""
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValidationError(f"{url!r} is no address: {error}.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValidationError(f"{url!r}: write an address that begins with https:// or http://.")
    if parts.username or parts.password:
        raise ValidationError("Leave name and password out of the address: the signature says who sends.")
