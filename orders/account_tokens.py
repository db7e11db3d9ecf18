"""The cookie that tells the fast path who is logged in, given at login and taken back at logout.

The session says it to the shop. The fast path asks no database, and a product's order
address carries no session on either path: both read this token, by one rule
(fastpath_lambda/accounts.py).
"""

import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from fastpath_lambda import accounts


def find(request: HttpRequest) -> int | None:
    """The account whose token this request carries; None for a guest."""
    cookies = request.headers.get("Cookie", "")
    return accounts.find(cookies, secret=settings.ACCOUNT_TOKEN_SECRET, now=time.time())


def give(response: HttpResponse, *, account: int) -> None:
    """For as long as the session itself lasts."""
    lasts = settings.SESSION_COOKIE_AGE
    token = accounts.sign(account, expires=int(time.time()) + lasts, secret=settings.ACCOUNT_TOKEN_SECRET)
    # Lax: another site's form cannot make it say who its victim is.
    response.set_cookie(
        accounts.COOKIE, token, max_age=lasts, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def take_back(response: HttpResponse) -> None:
    response.delete_cookie(accounts.COOKIE, samesite="Lax")
