"""Accounts of shoppers: made, entered and left. The e-mail is the name; guests need none of this.

The e-mail is not proven to be theirs, so an account shows the orders that were placed
from it, never those that merely carry its e-mail.
"""

from django.contrib import auth
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from fastpath_lambda import identity
from shop.rest import throttles

# What a name's column holds.
LONGEST_EMAIL = 150
# A minute: of one e-mail, and of one address, behind which a family or an office may sit.
TRIES_PER_EMAIL = 6
TRIES_PER_ADDRESS = 30


class CannotSignIn(Exception):
    """Nobody is logged in. The message says why, to the shopper; `field` is what it is about."""

    def __init__(self, message: str, *, field: str = "", retry_after: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.retry_after = retry_after


def sign_up(request: HttpRequest, *, email: str, password: str) -> User:
    """Make an account, and log its owner in."""
    name = identity.buyer(email)
    count_try(request, name)
    if len(name) > LONGEST_EMAIL:
        raise CannotSignIn(f"Write an e-mail address of at most {LONGEST_EMAIL} letters.", field="email")
    try:
        validate_password(password, User(username=name, email=email))
        with transaction.atomic():
            user = User.objects.create_user(name, email, password)
    except ValidationError as error:
        raise CannotSignIn(" ".join(error.messages), field="password") from None
    except IntegrityError:
        # The name is unique: of two who sign up with one at once, the second is told.
        raise CannotSignIn("There is an account with this e-mail already: log in.", field="email") from None
    auth.login(request, user)
    return user


def log_in(request: HttpRequest, *, email: str, password: str) -> User:
    name = identity.buyer(email)
    count_try(request, name)
    user = auth.authenticate(request, username=name, password=password)
    if not isinstance(user, User):
        # Which of the two was wrong is nobody's business.
        raise CannotSignIn("This e-mail and this password do not belong together. Look at both again.")
    auth.login(request, user)
    return user


def count_try(request: HttpRequest, name: str) -> None:
    """Before the password is looked at: of many guesses at once each is counted. Raises CannotSignIn."""
    address = throttles.site(BaseThrottle().get_ident(Request(request)) or "")
    # Hashed: whatever is written as an e-mail becomes part of a key's name.
    tried = {f"email:{identity.fingerprint({'name': name})}": TRIES_PER_EMAIL, address: TRIES_PER_ADDRESS}
    over = [who for who, limit in tried.items() if throttles.count(f"login:{who}") > limit]
    if over:
        raise CannotSignIn(
            "That was tried too often just now. Wait a minute, and try again.", retry_after=throttles.WINDOW
        )
