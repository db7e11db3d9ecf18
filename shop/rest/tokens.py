"""Who asks: `Authorization: Token <key>`, with a key that staff issued in the admin."""

from typing import Any

from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(authentication.TokenAuthentication):
    """REST framework's, with one more check: PostgreSQL refuses a text with a NUL in it."""

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        if not (key.isascii() and key.isalnum()):
            raise AuthenticationFailed("Invalid token.")
        user, token = super().authenticate_credentials(key)
        return user, token
