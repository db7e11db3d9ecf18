"""The database is away: said once when it begins and once when it is over, whoever notices.

Every job meets the same outage each second, in processes that know nothing of one
another. So what was said stands in Redis, and the others sit the outage out in silence.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar, cast

import psycopg
import redis
from django.db import InterfaceError, OperationalError, connection

from fastpath_lambda import keys

logger = logging.getLogger(__name__)

# psycopg's own, too: whoever waits for a NOTIFY is not told through Django.
DatabaseAway = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)

SAID = f"{keys.PREFIX}:outage:database"
T = TypeVar("T")


def sit_out(store: "redis.Redis", work: Callable[[], T]) -> T | None:
    """Do this work, unless the database is known to be away, or goes away in it."""
    if store.exists(SAID) and not look(store):
        return None
    try:
        return work()
    except DatabaseAway as error:
        broke_off(store, error)
        return None


def look(store: "redis.Redis") -> bool:
    """Ask the database whether it is there, and say so where that is news."""
    if error := _ask():
        _begin(store, error)
    else:
        _end(store)
    return error is None


def is_away() -> bool:
    return _ask() is not None


def _ask() -> Exception | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseAway as error:
        # What broke stays broken until it is closed.
        connection.close()
        return error
    return None


def broke_off(store: "redis.Redis", error: Exception) -> None:
    """A step failed for want of the database: away, or was it only this one connection?"""
    connection.close()
    if look(store):
        logger.warning("The database broke off a step, which is done again: %s", _in_a_line(error))


def _begin(store: "redis.Redis", error: Exception) -> None:
    if store.set(SAID, str(time.time()), nx=True):
        logger.warning(
            "The database is away: nothing is drained, paid or told until it is back. %s", _in_a_line(error)
        )


def _end(store: "redis.Redis") -> None:
    if began := cast(bytes | None, store.getdel(SAID)):
        logger.warning("The database is back after %.0f s: everything goes on.", time.time() - float(began))


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())
