"""Django's sessions in the database, with one more check of the key a client sends.

Django asks the database for any text of eight characters, and PostgreSQL refuses one
with a NUL in it, so a forged cookie was answered with 500. Ours are letters and digits.
"""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str) -> bool:
        # The stubs leave this method out.
        is_long_enough: bool = super()._validate_session_key(key)  # type: ignore[misc]
        return is_long_enough and key.isascii() and key.isalnum()
