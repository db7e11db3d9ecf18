"""Passes: how staff prove themselves to the room `ops`, whose socket never looks up a session.

A page of /ops/, which did look one up, carries a pass: signed, and good for some minutes.
The page fetches the next one while its user is still staff.
"""

from datetime import timedelta

from django.core import signing

GOOD_FOR = timedelta(minutes=10)
_SALT = "live.ops"


def issue(user_id: int) -> str:
    return signing.TimestampSigner(salt=_SALT).sign(str(user_id))


def is_good(text: str) -> bool:
    try:
        signing.TimestampSigner(salt=_SALT).unsign(text, max_age=GOOD_FOR)
    except signing.BadSignature:
        return False
    return True
